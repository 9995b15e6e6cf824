"""Thirteen mistakes in six files: thirteen problems, each with its place, in one run; nothing planned."""

# ruff: noqa: E501

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "reconciler.yaml": """\
owner: us
schedules: [schedules]
targets: {local: {provider: local, workspace: live/workspace.db}}
""",
    "schedules/good.yaml": """\
name: good
trigger: {type: recurrence, frequency: day, interval: 1}
create_job: ./job.yml
""",
    "schedules/a.yaml": """\
name: two words
trigger: {type: cron, expression: 61 2 * * *, time_zone: Mars/Phobos}
create_job: ./job.yml
""",
    "schedules/b.yaml": """\
name: b
trigger:
  type: recurrence
  frequency: week
  interval: 0
  timezone: UTC
  schedule: {hours: [25], minutes: 0}
create_job: ./missing.yml
""",
    "schedules/c.yaml": """\
name: good
trigger: {type: recurrence, frequency: day, interval: 1, start_time: "2026-01-01T00:00:00+01:00"}
create_job: ./job.yml
""",
    "schedules/d.yaml": """\
name: d
trigger: {type: recurrence, frequency: day, interval: 1}
create_job: {job: ./job.yml, inputs: {epohcs: 5}}
targets: [local, production]
""",
    "schedules/e.yaml": "name: [e\n",
    "schedules/job.yml": """\
type: pipeline
inputs: {epochs: 1}
jobs: {train: {command: "echo ${{inputs.rate}}"}}
""",
}
EXPECTED = [
    "schedules/a.yaml:1:7 SCH025",
    "schedules/a.yaml:2:35 SCH012",
    "schedules/a.yaml:2:58 SCH014",
    "schedules/b.yaml:5:13 SCH015",
    "schedules/b.yaml:6:3 SCH011",
    "schedules/b.yaml:7:22 SCH013",
    "schedules/b.yaml:8:13 SCH028",
    "schedules/c.yaml:2:70 SCH018",
    "schedules/d.yaml:3:39 SCH030",
    "schedules/d.yaml:4:18 SCH027",
    "schedules/e.yaml:1:8 SCH005",
    "schedules/good.yaml:1:7 SCH026",
    "schedules/job.yml:3:25 SCH032",
]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def shown(text: str) -> list[str]:
    found = []
    for line in text.splitlines():
        place, marked, rest = line.partition(": error: ")
        if marked:
            found.append(f"{place} {rest[-8:-1].strip('[]')}")
    return found


def test_validate(repository: Path) -> None:
    code, out, err = run(repository, "validate")
    assert (code, err) == (1, "")
    assert shown(out) == EXPECTED
    assert out.splitlines()[-1].endswith(": 13 errors")


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("plan", "--exit-code")])
def test_nothing_is_planned(repository: Path, command: tuple[str, ...]) -> None:
    code, out, err = run(repository, *command)
    assert (code, out) == (1, "")
    assert shown(err) == EXPECTED
    assert "13 problems in the declarations" in err
    assert not (repository / "live").exists()
