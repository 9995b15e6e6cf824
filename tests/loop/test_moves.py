"""The loop brings the runs of what moved between workspaces along, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from helpers import declaration, repository, write

from reconciler.workspace.execution.runner import RunReport
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.records import NewRun
from reconciler.workspace.store.runs import Runs

from .looping import Looped, on_folder

CONFIG = """\
owner: us
schedules: [schedules]
default_target: old
targets:
  old: {provider: local, workspace: old.db}
  new: {provider: local, workspace: new.db}
"""
MOVED = '{target: old, at: "2026-11-23T12:10:00Z"}'


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[Looped]:
    repository(tmp_path, config=CONFIG)
    write(tmp_path, {"schedules/a.yaml": declaration("a", targets="[old]")})
    write(tmp_path, {"schedules/b.yaml": declaration("b", targets="[old, new]")})
    made = on_folder(tmp_path)
    made.loop.settings = replace(made.loop.settings, target="all")
    assert made.cycle("old").outcome == "applied"
    yield made
    made.close()


def ran(moving: Looped, folder: Path, minutes: int) -> str:
    """A run in the old workspace that has ended."""
    at = moving.clock() + timedelta(minutes=minutes)
    with closing(Database(folder / "old.db")) as database:
        runs = Runs(database)
        name = runs.add(NewRun("a", "e", "job", "1", "time", at), at)
        runs.report([RunReport(name, "Completed", at)])
    return name


def brought(folder: Path) -> list[tuple[str, str | None]]:
    with closing(Database(folder / "new.db")) as database:
        return [(row.name, row.ran_in) for row in reversed(Runs(database).newest())]


def move(folder: Path, mode: str = "heal") -> None:
    moved = {"targets": "[new]", "moved_from": MOVED}
    write(folder, {"schedules/a.yaml": declaration("a", **moved)})
    write(folder, {"reconciler.yaml": CONFIG.replace("new.db}", f"new.db, reconcile: {mode}}}")})


def messages(moving: Looped) -> list[str]:
    return [fields["message"] for event, fields in moving.said if event == "runs"]


def test_each_cycle_brings_what_has_ended(moving: Looped, tmp_path: Path) -> None:
    first = ran(moving, tmp_path, 0)
    move(tmp_path)
    assert moving.cycle("new").outcome == "applied"
    assert brought(tmp_path) == [(first, "old")]
    second = ran(moving, tmp_path, 1)
    for _ in range(3):
        assert moving.cycle("new").outcome == "in_sync"
    assert brought(tmp_path) == [(first, "old"), (second, "old")]
    said = "brought 1 run from old to new: logs and outputs stay where they ran"
    assert messages(moving) == [said, said]


def test_it_writes_nothing_where_it_only_observes(moving: Looped, tmp_path: Path) -> None:
    ran(moving, tmp_path, 0)
    move(tmp_path, "observe")
    moving.cycle("new")
    assert brought(tmp_path) == []


def test_what_it_cannot_read_is_said_once_and_the_cycle_goes_on(
    moving: Looped, tmp_path: Path
) -> None:
    move(tmp_path)
    moving.cycle("new")
    for end in ("-wal", "-shm"):
        (tmp_path / f"old.db{end}").unlink(missing_ok=True)
    (tmp_path / "old.db").write_bytes(b"no database at all, but long enough for one" * 40)
    for _ in range(3):
        assert moving.cycle("new").outcome == "in_sync"
    (said,) = messages(moving)
    assert said.startswith("the runs of before stay in old: ")
