"""Acts of people are noted by whatever does them; days of runs are the sum of the runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.workspace.store.database import Database, Refused
from reconciler.workspace.store.history.acts import KEPT, Acts
from reconciler.workspace.store.records import NewRun, RunReport
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store
from reconciler.workspace.store.schema import MIGRATIONS
from workspace.store.test_schedules import NOW, new, pipeline

DAY = timedelta(days=1)
ENDED = ("Completed", "Failed", "Canceled")
DAYS = """
    SELECT substr(created_at, 1, 10), coalesce(schedule, ''), sum(status = 'Completed'),
        sum(status = 'Failed'), sum(status = 'Canceled'),
        round(total((julianday(ended_at) - julianday(started_at)) * 86400
            * (status = 'Completed')), 1)
    FROM runs WHERE status IN ('Completed', 'Failed', 'Canceled') GROUP BY 1, 2 ORDER BY 1, 2
"""
KEPT_DAYS = """
    SELECT day, schedule, completed, failed, canceled, round(seconds, 1) FROM run_days
    ORDER BY day, schedule
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "workspace.db", actor="ana")
    opened.publish(pipeline(), NOW)
    yield opened
    opened.close()


def acts(store: Store) -> list[tuple[str | None, str, str, str]]:
    return [(a.who, a.what, a.kind, a.name) for a in reversed(Acts(store.database).newest())]


def run(schedule: str | None = "nightly", **more: object) -> NewRun:
    made = NewRun(schedule, "e", "train", "1", "manual", NOW, by="ana")
    return replace(made, **more)  # type: ignore[arg-type]


def test_what_is_done_by_hand_is_noted_with_who(store: Store) -> None:
    store.put_schedule(new(), expected=None, publication=None, now=NOW)
    [row] = store.schedules()
    store.disable_schedule("nightly", expected=row.fingerprint, now=NOW)
    store.disable_schedule("nightly", expected=row.fingerprint, now=NOW)
    store.set_pipeline_enabled("train", False)
    store.set_pipeline_enabled("train", False)
    runs = Runs(store.database)
    first = runs.add(run(), NOW)
    runs.add(run(again=first), NOW)
    runs.add(run(schedule=None), NOW)
    runs.request_cancel(first, "enough", engine_runs=lambda: False, now=NOW, by="bob")
    with pytest.raises(Refused):
        runs.request_cancel(first, "enough", engine_runs=lambda: False, now=NOW, by="bob")
    assert acts(store) == [
        ("ana", "create", "schedule", "nightly"),
        ("ana", "disable", "schedule", "nightly"),
        ("ana", "disable", "pipeline", "train"),
        ("ana", "trigger", "schedule", "nightly"),
        ("ana", "run again", "run", first),
        ("ana", "submit", "pipeline", "train"),
        ("bob", "cancel", "run", first),
    ]
    assert runs.get(first).requested_by == "ana"  # type: ignore[union-attr]


def test_an_apply_and_a_fire_are_no_acts(store: Store) -> None:
    wanted = replace(new(), applied="digest")
    store.put_schedule(wanted, expected=None, publication=None, now=NOW)
    [row] = store.schedules()
    store.disable_schedule("nightly", expected=row.fingerprint, now=NOW, applied="other")
    Runs(store.database).add(run(cause="time", by=None), NOW)
    assert acts(store) == []


def test_acts_are_read_by_page_and_by_what_they_are_about(store: Store) -> None:
    runs = Runs(store.database)
    for number in range(5):
        runs.add(run(f"s{number % 2}"), NOW + number * DAY)
    found = Acts(store.database)
    assert [a.at for a in found.newest(limit=2)] == [NOW + 4 * DAY, NOW + 3 * DAY]
    assert [a.at for a in found.newest(before=2)] == [NOW]
    assert [a.at for a in found.newest(kind="schedule", name="s1")] == [NOW + 3 * DAY, NOW + DAY]


def test_old_acts_are_forgotten(store: Store) -> None:
    runs = Runs(store.database)
    runs.add(run(), NOW)
    for _ in range(260):
        runs.add(run(), NOW + KEPT + DAY)
    assert min(act.at for act in Acts(store.database).newest(limit=1000)) > NOW


step = st.tuples(
    st.sampled_from(["add", "end", "end", "end", "remove", "rename"]),
    st.integers(0, 5),
    st.sampled_from(ENDED),
    st.integers(0, 200_000),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(step, max_size=30))
def test_days_are_the_sum_of_the_runs(steps: list[tuple[str, int, str, int]]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in (s for step_ in MIGRATIONS for s in step_):
            connection.execute(statement)
        names: list[str] = []
        for what, number, status, seconds in steps:
            at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=seconds)
            if what == "add" or not names:
                names.append(f"run-{len(names)}")
                connection.execute(
                    "INSERT INTO runs (name, schedule, experiment, pipeline, version, cause,"
                    " due_at, inputs, status, created_at)"
                    " VALUES (?, ?, 'e', 'p', '1', 'time', '', '{}', ?, ?)",
                    (
                        names[-1],
                        f"s{number}" if number else None,
                        "NotStarted" if number % 2 else status,
                        at.isoformat(),
                    ),
                )
            elif what == "end":
                connection.execute(
                    "UPDATE runs SET status = ?, started_at = ?, ended_at = ? WHERE name = ?",
                    (
                        status,
                        at.isoformat(),
                        (at + timedelta(seconds=number)).isoformat(),
                        names[number % len(names)],
                    ),
                )
            elif what == "remove":
                connection.execute("DELETE FROM runs WHERE name = ?", (names[number % len(names)],))
            else:
                connection.execute("UPDATE runs SET schedule = 'other' WHERE schedule = 's2'")
            found, wanted = (connection.execute(q).fetchall() for q in (KEPT_DAYS, DAYS))
            assert [row[:5] for row in found] == [row[:5] for row in wanted]
            for one, other in zip(found, wanted, strict=True):
                assert one[5] == pytest.approx(other[5], abs=0.2)


def test_the_runs_of_an_older_file_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "workspace.db"
    place = next(n for n, step in enumerate(MIGRATIONS) if any("run_days" in s for s in step))
    with closing(sqlite3.connect(path)) as connection:
        for statement in (s for step in MIGRATIONS[:place] for s in step):
            connection.execute(statement)
        connection.execute("PRAGMA application_id = 1396918340")
        connection.execute(f"PRAGMA user_version = {place}")
        rows = [
            (f"r{n}", "s", status, *[f"2026-03-0{1 + n % 3}T00:00:{s}+00:00" for s in ("00", "30")])
            for n, status in enumerate((*ENDED, "Running", "Completed"))
        ]
        connection.executemany(
            "INSERT INTO runs (name, schedule, experiment, pipeline, version, cause, due_at,"
            " inputs, status, created_at, started_at, ended_at)"
            " VALUES (?1, ?2, 'e', 'p', '1', 'time', '', '{}', ?3, ?4, ?4, ?5)",
            rows,
        )
        connection.commit()
    database = Database(path)
    assert database.read(KEPT_DAYS) == database.read(DAYS)
    assert [row[2:] for row in database.read(KEPT_DAYS)] == [
        (1, 0, 0, 30.0),
        (1, 1, 0, 30.0),
        (0, 0, 1, 0.0),
    ]
    database.close()


def test_a_run_that_is_ended_is_counted(store: Store) -> None:
    runs = Runs(store.database)
    name = runs.add(run(), NOW)
    runs.begin(name, NOW)
    runs.report([RunReport(name, "Completed", NOW + timedelta(seconds=90), None)])
    assert store.database.read(KEPT_DAYS) == [(f"{NOW:%Y-%m-%d}", "nightly", 1, 0, 0, 90.0)]
