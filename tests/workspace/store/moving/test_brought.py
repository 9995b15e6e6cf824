"""Runs of another workspace: copied once, whatever stops it, and told from those of here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.providers.local import LocalProvider
from reconciler.providers.memory import MemoryProvider
from reconciler.workspace.execution.runner import RunReport, StepReport
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.moving.brought import Brought
from reconciler.workspace.store.records import Fire, NewRun
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store
from workspace.store.test_schedules import NOW, new, pipeline

HOUR = timedelta(hours=1)


class Place:
    """A workspace with the schedule `nightly`."""

    def __init__(self, folder: Path, name: str, owner: str = "team") -> None:
        self.name = name
        self.store = Store(folder / name / "w.db")
        (folder / name).mkdir()
        self.store.publish(pipeline(), NOW)
        made = replace(new(), owner=owner)
        self.store.put_schedule(made, expected=None, publication=None, now=NOW)
        self.runs = Runs(self.store.database)
        self.target = LocalProvider(name, self.store, owner="team")

    def run(self, hours: int, *, ends: bool = True) -> str:
        at = NOW + hours * HOUR
        name = self.runs.add(NewRun("nightly", "e", "train", "1", "time", at), at)
        self.runs.begin(name, at)
        if ends:
            done = StepReport(name, "one", "Completed", at + HOUR, 0)
            self.runs.report([done, RunReport(name, "Completed", at + HOUR)])
        return name

    def take(self, source: Place) -> Brought | None:
        return self.target.take_runs(source.target, ["nightly", "nothing"])

    def listed(self) -> list[tuple[str, str | None]]:
        return [(row.name, row.ran_in) for row in reversed(self.runs.newest(limit=1000))]


@pytest.fixture
def places(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    old, fresh = Place(tmp_path, "old"), Place(tmp_path, "new")
    yield old, fresh
    old.store.close()
    fresh.store.close()


def test_what_has_ended_comes_once_and_the_rest_when_it_has(places: tuple[Place, Place]) -> None:
    old, fresh = places
    first, second = old.run(0), old.run(1, ends=False)
    assert fresh.take(old) == Brought(1, 1)
    assert fresh.take(old) == Brought(0, 1)
    old.runs.report([RunReport(second, "Failed", NOW + 3 * HOUR, "no")])
    assert fresh.take(old) == Brought(1, 0)
    assert fresh.listed() == [(first, "old"), (second, "old")]
    row = fresh.runs.get(first)
    mine = old.runs.get(first)
    assert row is not None
    assert mine is not None
    assert replace(row, ran_in=None, files_in=None) == mine
    assert fresh.runs.steps(first) == old.runs.steps(first)
    folder = old.store.path.parent / "w-runs" / first
    assert fresh.runs.files_in(first) == ("old", folder)
    assert old.runs.files_in(first) is None
    days = "SELECT day, schedule, completed, failed FROM run_days ORDER BY 1"
    assert fresh.store.database.read(days) == old.store.database.read(days)


def test_what_was_pruned_does_not_come_again(places: tuple[Place, Place]) -> None:
    old, fresh = places
    first = old.run(0)
    fresh.take(old)
    fresh.runs.forget([first])
    assert fresh.take(old) == Brought(0, 0)
    assert fresh.listed() == []


def test_a_name_that_a_run_of_here_has(places: tuple[Place, Place]) -> None:
    old, fresh = places
    name = old.run(0)
    assert fresh.run(0) == name
    fresh.take(old)
    assert sorted(fresh.listed(), key=lambda one: one[0]) == [(name, None), (f"{name}-2", "old")]


def test_back_again_and_on(places: tuple[Place, Place], tmp_path: Path) -> None:
    """What went along says where it ran first, and does not come back as another run."""
    old, fresh = places
    first = old.run(0)
    fresh.take(old)
    second = fresh.run(1)
    assert old.take(fresh) == Brought(1, 0)
    assert old.listed() == [(first, None), (second, "new")]
    third = Place(tmp_path, "third")
    with closing(third.store):
        assert third.take(old) == Brought(2, 0)
        assert third.take(fresh) == Brought(0, 0)
        assert third.listed() == [(first, "old"), (second, "new")]
        assert third.runs.files_in(second) == ("new", fresh.store.path.parent / "w-runs" / second)


def test_what_the_engine_and_an_audit_make_of_it(places: tuple[Place, Place]) -> None:
    old, fresh = places
    old.run(0)
    fresh.take(old)
    assert fresh.runs.abandon("it died", NOW) == []
    assert fresh.runs.waiting(10) == []
    assert fresh.runs.of_schedule("nightly", NOW) == []
    run = NewRun("nightly", "e", "train", "1", "time", NOW)
    assert Ledger(fresh.store.database).has_run(Fire("nightly", NOW.isoformat(), NOW, run))


def test_of_whom_nothing_is_taken(places: tuple[Place, Place], tmp_path: Path) -> None:
    old, fresh = places
    old.run(0)
    theirs = Place(tmp_path, "theirs", owner="others")
    with closing(theirs.store):
        theirs.run(0)
        assert fresh.take(theirs) == Brought(0, 0)
        assert theirs.take(old) == Brought(0, 0)
    assert old.take(old) == Brought(0, 0)
    assert fresh.target.take_runs(MemoryProvider("m", owner="team"), ["nightly"]) is None
    nowhere = LocalProvider("no", Store(tmp_path / "no.db"), owner="team")
    assert fresh.target.take_runs(nowhere, ["nightly"]) == Brought(0, 0)
    assert not (tmp_path / "no.db").exists()


KILLED = """
import sys
from pathlib import Path
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.moving.brought import bring_runs
here, there = (Database(Path(path)) for path in sys.argv[1:])
print("begins", flush=True)
bring_runs(here, there, "nightly", "old", Path)
print("ended", flush=True)
"""


def test_killed_anywhere_each_comes_once(places: tuple[Place, Place]) -> None:
    old, fresh = places
    many = 6000
    with old.store.database.writing() as connection:
        rows = [
            (f"nightly-{n:05}", (NOW + n * timedelta(seconds=1)).isoformat()) for n in range(many)
        ]
        connection.executemany(
            "INSERT INTO runs (name, schedule, experiment, pipeline, version, cause, due_at,"
            " inputs, status, created_at) VALUES (?1, 'nightly', 'e', 'train', '1', 'time', ?2,"
            " '{}', 'Completed', ?2)",
            rows,
        )
        connection.executemany(
            "INSERT INTO steps (run, name, status) VALUES (?, 'one', 'Completed')",
            [row[:1] for row in rows],
        )
    fresh.store.close()
    kills = 0
    for wanted in (500, 1500, 4000):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, fresh.store.path, old.store.path],
            stdout=subprocess.PIPE,
            text=True,
        )
        with closing(Database(fresh.store.path)) as database, child:
            count = "SELECT count(*) FROM brought_runs"
            while database.read(count)[0][0] < wanted and child.poll() is None:
                pass
            if child.poll() is None:
                os.kill(child.pid, signal.SIGKILL)
                kills += 1
    assert kills
    fresh.take(old)
    assert fresh.take(old) == Brought(0, 0)
    [found] = fresh.store.database.read(
        "SELECT count(*), count(DISTINCT due_at), (SELECT count(*) FROM steps),"
        " (SELECT count(*) FROM brought_runs) FROM runs"
    )
    assert found == (many,) * 4


def test_values_are_those_of_the_row(places: tuple[Place, Place]) -> None:
    """Instants and inputs are those of the row, byte for byte."""
    old, fresh = places
    name = old.run(0)
    with old.store.database.writing() as connection:
        connection.execute("UPDATE runs SET inputs = ?", (json.dumps({"a": 0.1, "b": "ü"}),))
    fresh.take(old)
    told = "SELECT inputs, due_at, created_at, started_at, ended_at FROM runs WHERE name = ?"
    assert fresh.store.database.read(told, (name,)) == old.store.database.read(told, (name,))
    assert datetime.fromisoformat(old.store.database.read(told, (name,))[0][1]).tzinfo == UTC
