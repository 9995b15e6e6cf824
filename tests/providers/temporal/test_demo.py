"""`make demo-temporal`, as somebody sees it who is not at a terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

from providers.temporal.server import BINARY, needed

pytestmark = needed
DEMO = ROOT / "docs/demo-temporal.sh"


def test_is_shell() -> None:
    subprocess.run(["sh", "-n", DEMO], check=True)


@pytest.mark.torture
def test_a_worker_is_lost_and_another_takes_its_place(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    known = {"PATH": path, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["sh", DEMO],
        env={**known, "PYTHON": sys.executable, "TEMPORAL": str(BINARY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = done.stdout
    [created] = re.findall(r"^(\d+) created$", shown, re.MULTILINE)
    assert int(created) > 5  # the examples and one more
    assert f"nothing to change, {created} unchanged" in shown
    assert "== train ==\ntraining on 1000 rows\nepoch 1\n" in shown
    assert "a model of 1000 rows" in shown
    assert "its worker was lost: nothing was heard of it for 3 s" in shown
    ends = re.findall(r"^two-machines-\S+  (\w+) ", shown, re.MULTILINE)
    assert ends == ["Completed", "Failed", "Completed"]
    assert list(tmp_path.glob("tmp.*")) == []  # its folder is gone, and so are its processes
