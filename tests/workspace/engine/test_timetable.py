"""What is due when: a timetable and a clock, and both with the engine and its ledger."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.firing import next_fires
from reconciler.model import Cron, Recurrence
from reconciler.workspace.engine.timetable import LATE, MOST_COUNTED, Due, Missed, Timed, Timetable
from workspace.engine.engines import START, Bench

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
EVERY_MINUTE = Recurrence("minute", 1)


def timed(name: str = "s", minutes: int = 1, since: datetime = START) -> Timed:
    return Timed(name, Recurrence("minute", minutes), START, since)


def made(*entries: Timed, handled: datetime | None = None) -> Timetable:
    table = Timetable()
    for entry in entries:
        table.put(entry, handled)
    return table


def test_what_is_due_is_due_once_and_in_order() -> None:
    table = made(timed("b", 2), timed("a", 2), timed("c", 3))
    assert table.next_at() == START
    assert [due.name for due in table.due(START)] == ["a", "b", "c"]
    assert table.due(START) == []
    assert table.next_at() == START + 2 * MINUTE
    assert table.due(START + 2 * MINUTE - SECOND) == []
    assert table.due(START + 3 * MINUTE) == [
        Due("a", (START + 2 * MINUTE,)),
        Due("b", (START + 2 * MINUTE,)),
        Due("c", (START + 3 * MINUTE,)),
    ]
    assert len(table) == 3


@pytest.mark.parametrize(
    ("late", "fires", "missed"),
    [
        (0, 1, 0),
        (59, 1, 0),
        (60, 2, 0),  # reached when it is a minute late: still in time, beside the next one
        (61, 1, 1),
        (119, 1, 1),
        (181, 1, 3),
        (60 * 100 + 1, 1, 100),
        (60 * 500 + 1, 1, MOST_COUNTED),  # counted up to a bound, and the last one still runs
    ],
)
def test_what_is_late_is_missed(late: int, fires: int, missed: int) -> None:
    now = START + timedelta(seconds=late)
    [due] = made(timed()).due(now)
    assert len(due.fires) == fires
    assert all(now - LATE <= fire <= now for fire in due.fires)
    assert (due.missed.count if due.missed else 0) == missed
    if due.missed:
        assert due.missed.first == START
        assert due.missed.last == START + (missed - 1) * MINUTE


@pytest.mark.parametrize(
    ("age", "changed", "runs"),
    [
        (1, 0, True),
        (60, 0, True),
        (61, 0, False),  # an old one: what fell due while nobody served is missed
        (30, 10, False),  # made before, and changed or enabled again since
    ],
)
def test_one_that_was_made_just_now_makes_its_first_fire(
    age: int, changed: int, runs: bool
) -> None:
    up = START + timedelta(seconds=age)
    table = Timetable()
    since = START + timedelta(seconds=changed)
    start = Recurrence("minute", 15, start_time=since.replace(tzinfo=None))
    table.put(Timed("s", start, START, since), None)
    [due] = table.due(up + SECOND / 2, up_since=up) if age < 60 else table.due(up, up_since=up)
    assert due.fires == ((since,) if runs else ())
    assert (due.missed is None) is runs
    assert table.due(up + SECOND, up_since=up) == []


def test_an_engine_that_settled_the_first_fire_of_a_new_one_leaves_it() -> None:
    table = Timetable(START + SECOND)
    table.put(timed(minutes=15), START + SECOND)
    assert table.due(START + 5 * SECOND, up_since=START + 4 * SECOND) == []


def test_what_was_due_before_the_engine_was_up_is_missed() -> None:
    now = START + 2 * MINUTE + 5 * SECOND
    assert made(timed()).due(now, up_since=now) == [
        Due("s", (), Missed(3, START, START + 2 * MINUTE))
    ]
    assert made(timed()).due(now, up_since=START + MINUTE) == [
        Due("s", (START + 2 * MINUTE,), Missed(2, START, START + MINUTE))
    ]


def test_what_is_handled_or_before_since_is_not_due() -> None:
    assert made(timed(), handled=START + 5 * MINUTE).next_at() == START + 6 * MINUTE
    assert made(timed(since=START + 90 * SECOND)).next_at() == START + 2 * MINUTE
    assert made(timed(since=START + 2 * MINUTE)).next_at() == START + 2 * MINUTE


def test_an_end_is_an_end() -> None:
    end = START.replace(tzinfo=None) + MINUTE
    table = made(Timed("s", Recurrence("minute", 1, end_time=end), START, START))
    assert len(table.due(START)) == 1
    assert len(table.due(START + MINUTE)) == 1
    assert table.next_at() is None
    assert table.due(START + timedelta(days=1)) == []


def test_replaced_and_removed() -> None:
    table = made(timed("a", 5), timed("b", 5))
    table.put(timed("a", 7), START)
    table.put(Timed("a", Cron("30 * * * *"), START, START), START)
    table.remove("b")
    table.remove("nothing")
    assert table.next_at() == START + 30 * MINUTE
    assert table.due(START + 30 * MINUTE) == [Due("a", (START + 30 * MINUTE,))]


def test_what_could_not_be_settled_is_due_again() -> None:
    table = made(timed("a", 5))
    [due] = table.due(START)
    table.owe(due)
    assert table.next_at() == START
    assert table.due(START + 30 * SECOND) == [due]
    [due] = table.due(START + 11 * MINUTE + 5 * SECOND)
    assert due == Due("a", (), Missed(2, START + 5 * MINUTE, START + 10 * MINUTE))
    table.owe(due)
    assert table.due(START + 11 * MINUTE + 5 * SECOND) == [due]
    table.remove("a")
    table.owe(due)
    assert table.next_at() is None


def test_a_clock_that_goes_back_repeats_and_does_not_miss_again() -> None:
    table = made(timed("a", 5))
    table.due(START)
    reached = START + timedelta(hours=1)
    table.due(reached)
    table.rewind(reached, START + MINUTE)
    assert table.next_at() == START + 5 * MINUTE
    [due] = table.due(START + 5 * MINUTE)  # the ledger knows whether it ran
    assert due.fires == (START + 5 * MINUTE,)
    # Forward again: what was reached once is not counted as missed a second time.
    assert table.due(START + timedelta(minutes=59)) == []
    [due] = table.due(START + timedelta(minutes=72))
    assert due.missed == Missed(2, START + 65 * MINUTE, START + 70 * MINUTE)


def test_what_is_owed_stays_owed_when_the_clock_goes_back() -> None:
    table = made(timed("a", 5))
    [due] = table.due(START)
    table.owe(due)
    table.rewind(START + 20 * SECOND, START + 10 * SECOND)
    assert table.due(START + 10 * SECOND) == [due]


# --------------------------------------------------------------------- any clock, with the ledger

SMALL = st.floats(0.01, 30).map(lambda s: ("step", s))
FORWARD = st.floats(61, 86_400).map(lambda s: ("step", s))
BACK = st.floats(-86_400, -0.2).map(lambda s: ("step", s))
RESTART = st.just(("restart", 0.0))
WALK = st.lists(st.one_of(SMALL, SMALL, SMALL, SMALL, FORWARD, BACK, RESTART), max_size=40)


@settings(max_examples=60, deadline=None)
@given(WALK, st.integers(1, 7))
def test_any_clock_fires_each_instant_at_most_once(
    walk: list[tuple[str, float]], interval: int
) -> None:
    """Forward, back, jumps and restarts: no instant runs twice, what was passed in small steps
    ran once, nothing that was not an instant ran, and no jump starts a storm.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.put(trigger={"type": "recurrence", "frequency": "minute", "interval": interval})
        trigger = Recurrence("minute", interval)
        bench.start()
        bench.tick()
        passed: set[datetime] = {START}
        before = 1
        for kind, seconds in walk:
            at = bench.clock.now
            if kind == "restart":
                bench.start()
            bench.tick(seconds)
            if 0 < seconds <= 60:
                now = bench.clock.now
                passed |= set(next_fires(trigger, at, now, START)) - {f for f in [at] if f < START}
            due = bench.due()
            assert len(due) - before <= 2, "a storm"
            before = len(due)
        ran = Counter(bench.due())
        assert not [instant for instant, times in ran.items() if times > 1]
        assert passed <= set(ran)
        assert all((instant - START).total_seconds() % (60 * interval) == 0 for instant in ran)
        bench.close()


def test_a_walk_through_a_day_misses_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.put(trigger={"type": "cron", "expression": "*/5 * * * *"})
    bench.start()
    bench.tick(37, times=300)
    wanted = list(next_fires(Cron("*/5 * * * *"), START, bench.clock.now, START))
    assert bench.due() == wanted
    assert bench.missed() == 0
    assert wanted[0].tzinfo is UTC
    bench.close()
