"""Fires, cursors and runs in a real file: recorded once, and found again without long searches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.workspace.datastores.changes import Changes, Listed, Seen
from reconciler.workspace.store.database import Database, Refused
from reconciler.workspace.store.ledger import KEPT, Ledger
from reconciler.workspace.store.records import Fire, NewRun, RunReport, StepReport
from reconciler.workspace.store.runs import Runs
from workspace.engine.engines import START, Bench

SECOND = timedelta(seconds=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "workspace.db")
    yield opened
    opened.close()


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def runs(database: Database) -> Runs:
    return Runs(database)


def new(schedule: str | None = "s", due: datetime = START, **more: object) -> NewRun:
    return replace(NewRun(schedule, "e", "job", "1", "time", due), **more)  # type: ignore[arg-type]


def fire(schedule: str = "s", due: datetime = START, **more: object) -> Fire:
    return Fire(schedule, due.isoformat(), due, new(schedule, due, **more))


def settle(ledger: Ledger, *fires: Fire, now: datetime = START) -> list[str]:
    return [name for _, name in ledger.settle(fires, until=now, now=now).recorded]


# ------------------------------------------------------------------------------------------- fires


def test_a_fire_and_its_run_are_recorded_once(ledger: Ledger, runs: Runs) -> None:
    assert ledger.handled_until() is None
    assert settle(ledger, fire(), fire("t")) == ["s-20260101T120000Z", "t-20260101T120000Z"]
    assert settle(ledger, fire(), now=START + SECOND) == []
    assert ledger.handled_until() == START + SECOND
    [row] = ledger.fires("s")
    assert (row.outcome, row.run, row.recorded_at) == ("run", "s-20260101T120000Z", START)
    assert len(runs.newest()) == 2


def test_what_was_missed_is_recorded_with_its_number(ledger: Ledger) -> None:
    missed = Fire("s", "missed x", START, None, 7)
    assert settle(ledger, missed) == []
    assert settle(ledger, fire()) == ["s-20260101T120000Z"]
    assert {(row.outcome, row.number) for row in ledger.fires("s")} == {("missed", 7), ("run", 1)}


def test_all_of_it_or_nothing(ledger: Ledger, runs: Runs) -> None:
    bad = fire("t", inputs={"x": object()})
    with pytest.raises(TypeError):
        settle(ledger, fire(), bad)
    assert runs.newest() == []
    assert ledger.fires("s") == []
    assert ledger.handled_until() is None


def test_runs_of_one_second_are_numbered(ledger: Ledger, runs: Runs) -> None:
    several = [replace(fire(), key=f"file {number}") for number in range(3)]
    assert settle(ledger, *several) == [
        "s-20260101T120000Z",
        "s-20260101T120000Z-2",
        "s-20260101T120000Z-3",
    ]
    assert runs.add(new(), START) == "s-20260101T120000Z-4"
    assert runs.add(new(None), START) == "job-20260101T120000Z"


def test_the_newest_version_is_settled_when_it_is_recorded(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.put()
    name = bench.runs.add(new(version=None), START)
    first = bench.run(name).version
    bench.put(job={"type": "command", "command": "echo 2"})
    assert bench.run(name).version == first
    assert bench.run(bench.runs.add(new(version=None), START)).version != first
    bench.close()


def test_old_fires_are_forgotten(ledger: Ledger) -> None:
    settle(ledger, fire())
    ledger.prune(START + KEPT)
    assert len(ledger.fires("s")) == 1
    ledger.prune(START + KEPT + SECOND)
    assert ledger.fires("s") == []


# ------------------------------------------------------------------------------------------ cursor


def found(*names: str, first: bool = False, forgotten: tuple[str, ...] = ()) -> Changes:
    return Changes((), {name: Seen("1", "x") for name in names}, forgotten, 0, first)


@pytest.fixture
def watched(tmp_path: Path) -> None:
    """The schedule `s` is there: what is gone has no cursor."""
    bench = Bench(tmp_path)
    bench.watch()
    bench.close()


@pytest.mark.usefixtures("watched")
def test_a_cursor_belongs_to_one_enabling(ledger: Ledger) -> None:
    assert ledger.cursor("s", "then") is None
    ledger.settle_look("s", "then", [], found("a", "b", first=True), now=START)
    ledger.settle_look("s", "then", [], found("c", forgotten=("a",)), now=START)
    cursor = ledger.cursor("s", "then")
    assert cursor is not None
    assert cursor.seen == {"b": Seen("1", "x"), "c": Seen("1", "x")}
    assert ledger.cursor("s", "later") is None
    ledger.settle_look("s", "later", [], found("d", first=True), now=START)
    cursor = ledger.cursor("s", "later")
    assert cursor is not None
    assert cursor.seen == {"d": Seen("1", "x")}


@pytest.mark.usefixtures("watched")
def test_cursor_fires_and_runs_are_one_transaction(ledger: Ledger, runs: Runs) -> None:
    ledger.settle_look("s", "then", [], found(first=True), now=START)
    look = replace(found("a"), fired=(Listed("a", "1", None),))
    bad = fire(inputs={"x": object()})
    with pytest.raises(TypeError):
        ledger.settle_look("s", "then", [fire("t"), bad], look, now=START)
    cursor = ledger.cursor("s", "then")
    assert cursor is not None
    assert not cursor.seen
    assert runs.newest() == []


def test_failures_are_counted_until_one_works(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.watch()
    bench.watch("other")
    ledger = bench.ledger
    assert [ledger.look_failed("s", "no", START + n * SECOND) for n in range(3)] == [1, 2, 3]
    [watch] = ledger.failing()
    assert (watch.schedule, watch.error, watch.failures) == ("s", "no", 3)
    assert (watch.failing_since, watch.failed_at) == (START, START + 2 * SECOND)
    ledger.settle_look("s", "then", [], found(first=True), now=START)
    assert ledger.failing() == []
    assert ledger.look_failed("s", "no", START + 9 * SECOND) == 1
    assert ledger.failing()[0].failing_since == START + 9 * SECOND
    bench.watch(enabled=False)
    assert ledger.failing() == []  # nobody looks any more
    bench.close()


# -------------------------------------------------------------------------------------------- runs


def test_a_run_begins_once(runs: Runs) -> None:
    name = runs.add(new(), START)
    assert runs.begin(name, START)
    assert not runs.begin(name, START)
    row = runs.get(name)
    assert row is not None
    assert (row.status, row.started_at) == ("Running", START)
    assert runs.waiting(9) == []


def test_what_is_reported(runs: Runs) -> None:
    name = runs.add(new(), START)
    runs.begin(name, START)
    at = [START + n * SECOND for n in range(4)]
    runs.report(
        [
            StepReport(name, "a", "Running", at[1]),
            StepReport(name, "a", "Failed", at[2], 3, "exit code 3"),
            StepReport(name, "b", "Skipped", at[2], None, "it needs a"),
            RunReport(name, "Failed", at[3], "failed: a"),
            StepReport("gone", "a", "Running", at[1]),  # of a run that was removed by hand
            RunReport("gone", "Failed", at[1]),
        ]
    )
    steps = [(s.name, s.status, s.started_at, s.ended_at, s.exit_code) for s in runs.steps(name)]
    assert steps == [("a", "Failed", at[1], at[2], 3), ("b", "Skipped", None, at[2], None)]
    row = runs.get(name)
    assert row is not None
    assert (row.status, row.ended_at, row.message) == ("Failed", at[3], "failed: a")
    assert runs.get("gone") is None


def test_what_a_dead_engine_left(runs: Runs) -> None:
    running, waiting = runs.add(new(), START), runs.add(new("t"), START)
    runs.begin(running, START)
    runs.report([StepReport(running, "a", "Running", START)])
    assert runs.abandon("it ended", START + SECOND) == [running]
    assert runs.abandon("it ended", START + SECOND) == []
    assert [(s.status, s.message) for s in runs.steps(running)] == [("Failed", "it ended")]
    assert [row.name for row in runs.waiting(9)] == [waiting]


def test_asking_for_the_end_of_a_run(runs: Runs) -> None:
    def cancel(name: str, engine_runs: bool) -> str:
        return runs.request_cancel(name, "why", engine_runs=lambda: engine_runs, now=START)

    waiting, running, left = (runs.add(new(name), START) for name in "wrl")
    for name in (running, left):
        runs.begin(name, START)
    assert cancel(waiting, True) == "Canceled"
    assert not runs.begin(waiting, START)
    assert cancel(running, True) == "Running"
    assert runs.cancel_requests() == {running: "why"}
    assert cancel(left, False) == "Canceled"
    with pytest.raises(Refused, match="it has ended: Canceled"):
        cancel(left, True)
    with pytest.raises(Refused, match="there is no run"):
        cancel("nothing", True)


def test_which_runs_there_are(runs: Runs) -> None:
    for number in range(6):
        name = runs.add(new("ab"[number % 2], experiment="xy"[number % 2]), START + number * SECOND)
        runs.begin(name, START)
        if number < 4:
            runs.report([RunReport(name, "Completed", START)])
    assert [row.created_at.second for row in runs.newest(limit=3)] == [5, 4, 3]
    assert [row.created_at.second for row in runs.newest(schedule="a")] == [4, 2, 0]
    assert [row.created_at.second for row in runs.newest(schedule="a", status="Running")] == [4]
    assert [row.created_at.second for row in runs.newest(experiment="y", limit=1)] == [5]
    assert runs.experiments() == [
        ("x", 3, "Running", START + 4 * SECOND),
        ("y", 3, "Running", START + 5 * SECOND),
    ]
    beyond = runs.ended_beyond(1)
    assert len(beyond) == 2
    runs.forget([*beyond, "a-20260101T120000Z-3"])  # what still runs stays
    assert len(runs.newest()) == 4


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM runs WHERE status = 'NotStarted' ORDER BY created_at, name LIMIT 4",
        "SELECT name FROM runs WHERE status = 'Running' AND cancel IS NOT NULL",
        "SELECT * FROM runs ORDER BY created_at DESC, name DESC LIMIT 50",
        "SELECT * FROM runs WHERE schedule = 's' ORDER BY created_at DESC, name DESC LIMIT 50",
        "SELECT * FROM runs WHERE experiment = 's' ORDER BY created_at DESC, name DESC LIMIT 50",
        "SELECT 1 FROM fires WHERE schedule = 's' AND key = 'k'",
        "SELECT * FROM steps WHERE run = 'r'",
        "SELECT path FROM watched_files WHERE schedule = 's'",
    ],
)
def test_what_is_asked_often_is_found_by_an_index(database: Database, sql: str) -> None:
    with database.writing():
        pass
    plan = [row[3] for row in database.read(f"EXPLAIN QUERY PLAN {sql}")]
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    assert all("INDEX" in step or "PRIMARY KEY" in step for step in plan), plan
