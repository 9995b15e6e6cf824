"""`move`: what it writes and applies, and how it goes on where it was stopped. Two workspaces."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import JOB, declaration, invoke, write

from reconciler.workspace.store.database import Database

CONFIG = """\
owner: us
schedules: [schedules]
default_target: old
targets:
  old: {provider: local, workspace: old.db}
  new: {provider: local, workspace: new.db}
"""
INTERVAL = """\
name: every  # seven minutes
trigger:
  type: recurrence
  frequency: minute
  interval: 7
  time_zone: Asia/Kathmandu
create_job: ./job.yml
targets: [old]
"""
TWO = f"""\
{declaration("first", targets="[old]")}---
{declaration("second", targets="[old]")}"""
MOVE = ("move", "--from", "old", "--to", "new", "--yes")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    files = {"every.yaml": INTERVAL, "two.yaml": TWO, "job.yml": JOB}
    write(tmp_path, {"reconciler.yaml": CONFIG})
    write(tmp_path, {f"schedules/{name}": text for name, text in files.items()})
    invoke(tmp_path, "apply", "--yes")
    return tmp_path


def read(repo: Path, name: str) -> str:
    return (repo / "schedules" / name).read_text("utf-8")


def pending(repo: Path, target: str) -> list[str]:
    out = invoke(repo, "plan", "--allow-empty", "--target", target, "--format", "json").out
    [plan] = json.loads(out)["plans"]
    return [
        f"{one['action']} {one['name']}"
        for one in plan["changes"]
        if one["action"] not in ("noop", "skip")
    ]


def at(repo: Path, name: str) -> str:
    return read(repo, name).split('at: "')[1].split('"')[0]


def test_both_files_and_targets_say_so(repo: Path) -> None:
    done = invoke(repo, *MOVE, "second", "--at", "10m")
    assert "updated old/second\ncreated new/second\n\n1 created, 1 updated\n" in done.out
    assert "wrote schedules/two.yaml: commit it\n" in done.err
    said = f'targets: [new]\nmoved_from:\n  target: old\n  at: "{at(repo, "two.yaml")}"\n'
    assert read(repo, "two.yaml") == f"{TWO.removesuffix('targets: [old]' + chr(10))}{said}"
    assert (pending(repo, "old"), pending(repo, "new")) == ([], [])
    assert invoke(repo, *MOVE, "second").out.count("nothing to change") == 2


def test_all_of_a_target_and_what_counts_from_its_creation(repo: Path) -> None:
    out = invoke(repo, *MOVE).out
    assert out.endswith("3 created, 3 updated\n")
    assert 'interval: 7\n  time_zone: Asia/Kathmandu\n  start_time: "20' in read(repo, "every.yaml")
    assert (pending(repo, "old"), pending(repo, "new")) == ([], [])


def test_the_files_alone(repo: Path) -> None:
    moved = invoke(repo, *MOVE, "first", "--no-apply", "--at", "2099-01-01T00:00:00Z")
    assert "created" not in moved.out
    assert at(repo, "two.yaml") == "2099-01-01T00:00:00Z"
    assert (pending(repo, "old"), pending(repo, "new")) == (["update first"], ["create first"])


def test_stopped_after_the_files_and_called_again_too_late(repo: Path) -> None:
    invoke(repo, *MOVE, "first", "--no-apply", "--at", "1s")
    passed(repo, "two.yaml")
    out = invoke(repo, *MOVE, "first").out
    assert out.endswith("1 created, 1 updated\n")
    assert datetime.fromisoformat(at(repo, "two.yaml")) > datetime.now(UTC)


def test_stopped_between_the_targets_and_called_again_too_late(repo: Path) -> None:
    """What was due since then ran in neither; it is made up for, once."""
    text = read(repo, "two.yaml").replace('"0 2 * * *"', '"* * * * *"')
    (repo / "schedules/two.yaml").write_text(text, "utf-8")
    invoke(repo, "apply", "--yes")
    invoke(repo, *MOVE, "first", "--no-apply", "--at", "1h")
    invoke(repo, "apply", "--yes")
    an_hour_ago(repo)
    done = invoke(repo, *MOVE, "first")
    assert "created new/first\n" in done.out
    assert "3 fires between the targets made up for:\n  first-" in done.err
    again = invoke(repo, *MOVE, "first")
    assert "made up for" not in again.err
    with closing(Database(repo / "new.db")) as database:
        assert database.read("SELECT count(*), count(DISTINCT due_at) FROM runs") == [(3, 3)]


def an_hour_ago(repo: Path) -> None:
    """What ends in an hour ended three minutes ago."""
    said = datetime.fromisoformat(at(repo, "two.yaml"))
    now = datetime.now(UTC)
    then = now.replace(second=0, microsecond=0) - timedelta(minutes=2, seconds=30)
    text = read(repo, "two.yaml").replace(at(repo, "two.yaml"), f"{then:%Y-%m-%dT%H:%M:%SZ}")
    (repo / "schedules/two.yaml").write_text(text, "utf-8")
    end = said - timedelta(seconds=1)
    with closing(Database(repo / "old.db")) as database, database.writing() as connection:
        for column in [row[1] for row in connection.execute("PRAGMA table_info(schedules)")]:
            connection.execute(
                f"UPDATE schedules SET {column} = replace({column}, ?, ?) WHERE name = 'first'"
                f" AND typeof({column}) = 'text'",
                (f"{end:%Y-%m-%dT%H:%M:%S}", f"{then - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"),
            )


def passed(repo: Path, name: str) -> None:
    text = read(repo, name)
    path = repo / "schedules" / name
    path.write_text(text.replace(at(repo, name), "2026-01-01T00:00:00Z"), "utf-8")


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("first", "--to", "old"), "--from and --to name the same target", 2),
        (("nobody",), 'no schedule "nobody" is declared', 2),
        (("first", "--at", "2020-01-01"), "--at is in the past", 2),
        (("first", "--at", "soon"), "is not a date and time, nor a span", 2),
        (("first", "--to", "nowhere"), 'no target "nowhere"', 1),
    ],
)
def test_refused(repo: Path, arguments: tuple[str, ...], said: str, code: int) -> None:
    before = read(repo, "two.yaml")
    assert said in invoke(repo, *MOVE, *arguments, code=code).err
    assert read(repo, "two.yaml") == before


def test_one_of_both_targets_or_on_its_way_already(repo: Path) -> None:
    both = TWO.replace("targets: [old]", "targets: [old, new]", 1)
    (repo / "schedules/two.yaml").write_text(both, "utf-8")
    done = invoke(repo, *MOVE, "first", code=1)
    assert "first is declared for both targets" in done.err
    (repo / "schedules/two.yaml").write_text(TWO, "utf-8")
    invoke(repo, *MOVE, "first")
    back = ("move", "--from", "new", "--to", "old", "--yes")
    assert "it is being moved already" in invoke(repo, *back, "first", code=1).err


def test_what_cannot_be_planned_leaves_the_files(repo: Path) -> None:
    write(repo, {"reconciler.yaml": CONFIG.replace("new: {", "new: {variables: {a: b}, ")})
    taken = declaration("first", targets="[new]")
    write(repo, {"schedules/other.yaml": taken})
    done = invoke(repo, *MOVE, "first", code=1)
    assert "SCH" in done.err
    assert read(repo, "two.yaml") == TWO
