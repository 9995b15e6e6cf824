"""`reconciler import FILE`: odd keys are said, and what `validate` refuses is not written."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import invoke, write

CONFIG = """\
owner: us
schedules: [schedules]
targets: {local: {provider: local, workspace: workspace.db, datastores: {inbox: {url: inbox}}}}
"""
JOB = "type: command\ncommand: echo\n"
RECURRING = """\
Schedule:
  Description: by time
  recurrence:
    frequency: Week
    interval: 1
    timeZone: PacificStandardTime
    hours: [1]
    minutes: [0]
    week_day: [Monday]
    month_days: [3]
  notify: somebody
  datastore_name: inbox
  path_on_datastore: in
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "repo", {"reconciler.yaml": CONFIG, "schedules/job.yml": JOB})
    return tmp_path / "repo"


def test_keys_that_are_spelled_otherwise_are_said_with_their_places(folder: Path) -> None:
    write(folder, {"old/weekly.yml": RECURRING})
    done = invoke(folder, "import", "old/weekly.yml", "--job", "schedules/job.yml")
    said = [line for line in done.err.splitlines() if line.startswith("old/weekly.yml:")]
    assert said == [
        'old/weekly.yml:2:3: "Description" is read as description',
        'old/weekly.yml:11:3: "notify" is not known, and not kept',
        'old/weekly.yml:6:5: "timeZone" is read as time_zone',
        'old/weekly.yml:9:5: "week_day" is read as week_days',
        'old/weekly.yml:10:5: "month_days" is not known, and not kept',
        'old/weekly.yml:6:5: the time zone "PacificStandardTime" is written as'
        ' "Pacific Standard Time"',
        "old/weekly.yml:12:3: recurrence is kept, and datastore_name, path_on_datastore not: a"
        " schedule has one trigger",
    ]
    text = (folder / "schedules/weekly.yml").read_text("utf-8")
    assert text.count("\n# ") == 7  # they stand in the file as well
    assert "description: by time\n" in text
    assert "time_zone: Pacific Standard Time\n" in text
    assert "week_days: [monday]\n" in text
    invoke(folder, "validate")


@pytest.mark.parametrize(
    ("name", "line", "place"),
    [
        ("path", "datastore_name: inbox\n  path_on_datastore: ../out", "3:3"),
        ("interval", "recurrence: {frequency: Day, interval: 0}", "2:32"),
        ("zone", "recurrence: {frequency: Day, interval: 1, time_zone: Mars}", "2:45"),
        ("frequency", "recurrence: {frequency: Yearly, interval: 1}", "2:16"),
    ],
)
def test_what_validate_refuses_is_not_written(
    folder: Path, name: str, line: str, place: str
) -> None:
    write(folder, {f"{name}.yml": f"Schedule:\n  {line}\n", "good.yml": RECURRING})
    files = f"{name}.yml", "good.yml"
    done = invoke(folder, "import", *files, "--job", "schedules/job.yml", code=1)
    assert f"{name}.yml:{place}: not imported: " in done.err
    assert "1 schedule not imported" in done.err
    assert sorted(path.name for path in (folder / "schedules").iterdir()) == ["good.yml", "job.yml"]
    invoke(folder, "validate")


V2 = """\
name: nightly
trigger:
  type: recurrence
  frequency: day
  interval: 1
  timeZone: UTC
create_job: JOB
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (V2.replace("JOB", "./schedules/job.yml"), 'nightly.yml:6:3: not imported: "timeZone"'),
        (
            V2.replace("timeZone: UTC", "time_zone: UTC").replace("JOB", "../other/job.yml"),
            'nightly.yml:7:1: not imported: its job file "../../other/job.yml" is not in',
        ),
        (
            V2.replace("timeZone: UTC", "time_zone: UTC").replace("JOB", "./nothing.yml"),
            'nightly.yml:7:1: not imported: there is no job file "../nothing.yml"',
        ),
    ],
)
def test_files_of_v2(folder: Path, text: str, said: str) -> None:
    write(folder.parent, {"other/job.yml": JOB})
    write(folder, {"nightly.yml": text})
    done = invoke(folder, "import", "nightly.yml", code=1)
    assert said in done.err
    assert [path.name for path in (folder / "schedules").iterdir()] == ["job.yml"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dag.py", "from airflow import DAG\n", "dag.py: holds a document that is no schedule"),
        ("prefect.yaml", "deployments: []\n", "prefect.yaml: holds a document that is no schedule"),
        ("empty.yml", "# nothing\n", "error: there is no schedule to import"),
        ("absent.yml", None, "error: absent.yml: does not exist"),
    ],
)
def test_a_file_without_a_schedule(folder: Path, name: str, text: str | None, said: str) -> None:
    """Whoever moves from another tool is told, and by the exit code too."""
    if text is not None:
        write(folder, {name: text})
    done = invoke(folder, "import", name, code=1)
    assert said in done.err
    assert done.out == ""


def test_what_is_said_with_its_place_is_said_once(folder: Path) -> None:
    write(folder, {"old/weekly.yml": RECURRING.replace("Schedule:", "Schedule:\n  name: x y")})
    done = invoke(folder, "import", "old/weekly.yml", "--job", "schedules/job.yml")
    assert done.err.count("is read as time_zone") == 1
    assert "weekly: the name was x y" in done.err
