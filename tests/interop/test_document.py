"""The lines of docs/sdk.md, as they stand there, by the SDKs themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import ROOT, invoke, write
from serving import serving

from interop import judge
from interop.sdk_v1 import notebook
from interop.sdk_v1.notebook import Notebook

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local:
    provider: local
    workspace: workspace.db
    datastores: {workspaceblobstore: {url: blob}}
"""
TRAIN = """\
type: command
command: echo ${{inputs.input_data}}
inputs: {input_data: {type: uri_file, optional: true}}
"""
V1, V2 = re.findall(r"```python\n(.*?)```", (ROOT / "docs/sdk.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    write(tmp_path, {"reconciler.yaml": CONFIG, "train.yml": TRAIN})
    (tmp_path / "schedules").mkdir()
    (tmp_path / "blob").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home/sdk").symlink_to(tmp_path / "sdk")
    invoke(tmp_path, "pipelines", "publish", "train.yml")
    with serving(tmp_path, "--port", "0", "--sdk-config", "sdk"):
        yield tmp_path


@notebook.needed
def test_the_sdk_v1(folder: Path) -> None:
    with Notebook(folder / "sdk", folder / "home") as sdk:
        sdk.value(V1)
        assert sorted(sdk.value("[s.name for s in Schedule.list(ws)]")) == ["by-data", "by-time"]


@judge.needed
def test_the_sdk_v2(folder: Path) -> None:
    with Notebook(folder / "sdk", folder / "home", python=judge.PYTHON) as sdk:
        assert sdk.said(V2) == "by-time\n"
