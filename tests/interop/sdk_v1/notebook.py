"""A session of the SDK v1 in its own virtual environment, as a test sees it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SESSION = Path(__file__).parent / "session.py"
PYTHON = Path(
    os.environ.get("RECONCILER_SDK_V1_PYTHON", ROOT / ".cache" / "sdk-v1" / "venv/bin/python")
)
"""Made by `make sdk-v1`, of requirements.txt."""

needed = pytest.mark.skipif(
    not PYTHON.exists(), reason="azureml-pipeline-core has no virtual environment here: make sdk-v1"
)
IN_DOCUMENT = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "sdk.md").read_text("utf-8"), re.DOTALL
)
"""The cells of docs/sdk.md: for the SDK v1, and for v2."""
BEGIN = """\
from azureml.core import Workspace
from reconciler_sdk import authentication
ws = Workspace.from_config(CONFIG, auth=authentication())
"""


class Notebook:
    """Cells are run one after the other, and share their names."""

    def __init__(self, config: Path, home: Path, python: Path = PYTHON) -> None:
        """`config`: what `serve --sdk-config` wrote. `home`: where the SDK may leave its files."""
        home.mkdir(exist_ok=True)
        (home / "sdk").symlink_to(config)
        self._log = (home / "stderr.log").open("wb")
        self._process = subprocess.Popen(
            [python, SESSION, config],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
        )
        self._config = config

    def open(self) -> str:
        """Connect; what there is to see of the workspace."""
        return self.value(BEGIN.replace("CONFIG", repr(str(self._config))) + "ws.name")

    def tell(self, cell: str) -> dict[str, Any]:
        """What became of a cell: as session.py says it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(cell) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, Path(self._log.name).read_text("utf-8")
        told: dict[str, Any] = json.loads(line)
        return told

    def value(self, cell: str) -> Any:
        """The value of its last expression: a list or a dict as it is, all else as text."""
        told = self.tell(cell)
        assert "value" in told, told["error"]
        return told["value"]

    def said(self, cell: str) -> str:
        """What it printed."""
        told = self.tell(cell)
        assert "value" in told, told["error"]
        return str(told["said"])

    def error(self, cell: str) -> str:
        """How it failed."""
        told = self.tell(cell)
        assert "error" in told, told
        return str(told["error"])

    def __enter__(self) -> Notebook:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)
        self._log.close()
