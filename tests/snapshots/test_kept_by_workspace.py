"""A workspace that lies in a folder of code is no part of that code."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import invoke, write
from serving import serving

from reconciler.snapshots import CodeLimits, Snapshots, kept_by_workspace

FILES = {
    "reconciler.yaml": "owner: us\nschedules: [schedules]\n"
    "targets: {local: {provider: local, workspace: state/here.db}}\n",
    "schedules/a.yaml": 'name: a\ntrigger: {type: cron, expression: "0 5 * * *"}\n'
    "create_job: ./job.yml\n",
    "schedules/job.yml": "type: command\ncode: ..\ncommand: ls\n",
    "state/here-to-stay.txt": "1",
}


def test_a_plan_becomes_empty(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    for _ in range(2):
        invoke(tmp_path, "apply", "--yes")
    assert invoke(tmp_path, "plan", "--exit-code").code == 0
    shown = invoke(tmp_path, "pipelines", "show", "job").out
    assert "state/here-to-stay.txt" in shown
    assert "here.db" not in shown


def test_nothing_that_serve_makes_is_code(tmp_path: Path) -> None:
    """Its tokens least of all: code is sent to the target."""
    write(tmp_path, FILES | {".amlignore": "serve.log\n"})
    invoke(tmp_path, "apply", "--yes")
    with serving(tmp_path, "--port", "0"):
        assert (tmp_path / "state/here.db.token").exists()
        assert invoke(tmp_path, "plan", "--exit-code").code == 0
    assert invoke(tmp_path, "plan", "--exit-code").code == 0


@pytest.mark.parametrize(
    "name",
    [
        *("here.db", "here.db-wal", "here-code/ab/cd", "here-runs/r/log", "here-uploads/u/a"),
        *("here.db.lock", "here.db.token", "here.db.read-only-token"),
    ],
)
def test_what_is_left_out(tmp_path: Path, name: str) -> None:
    limits = CodeLimits(not_code=kept_by_workspace(tmp_path.resolve() / "src/here.db"))
    write(tmp_path, {"src/a.py": "1", f"src/{name}": "2", f"src/below/{name}": "3"})
    taken = Snapshots(tmp_path.resolve(), limits).take(str(tmp_path.resolve() / "src"))
    assert [file.path for file in taken.files] == ["a.py", f"below/{name}"]
