"""Moves that spread fires over the minutes of an hour."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from helpers import schedule

from reconciler.model import Cron, DatastoreChange, Key, Pattern, Recurrence, Trigger
from reconciler.plan.impact.spread import Movable, at_minute, minute_of, movable, spread

DAY = 24 * 60


@pytest.mark.parametrize(
    ("trigger", "minute"),
    [
        (Cron("7 2 * * *"), 7),
        (Cron("*/5 2 * * *"), None),
        (Cron("1,2 2 * * *"), None),
        (Recurrence("day", 1, Pattern((2,), (30,))), 30),
        (Recurrence("day", 1, Pattern((2,), (0, 30))), None),
        (Recurrence("day", 1, Pattern((), (30,))), None),
        (Recurrence("hour", 1, start_time=datetime(2026, 1, 1)), None),
        (DatastoreChange("inbox"), None),
    ],
)
def test_the_minute_that_is_named(trigger: Trigger, minute: int | None) -> None:
    assert minute_of(trigger) == minute


@pytest.mark.parametrize(
    ("written", "path", "value"),
    [
        ({"expression": "0 2 * * *"}, ("expression",), "9 2 * * *"),
        ({"expression": " 0  2 * * *"}, ("expression",), "9  2 * * *"),
        ({"schedule": {"time_of_day": "6:30"}}, ("schedule", "time_of_day"), "6:09"),
        ({"schedule": {"hours": 2, "minutes": 0}}, ("schedule", "minutes"), 9),
        ({"schedule": {"hours": [2], "minutes": [0]}}, ("schedule", "minutes"), [9]),
    ],
)
def test_where_it_is_written(written: object, path: tuple[str, ...], value: object) -> None:
    assert at_minute(written, 9) == (path, value)


@pytest.mark.parametrize(
    "written", [None, {}, {"expression": "@daily"}, {"schedule": {"hours": [2]}}, {"schedule": 1}]
)
def test_it_is_not_written_there(written: object) -> None:
    assert at_minute(written, 9) is None


def test_it_stays_within_its_hour() -> None:
    one = schedule("a", trigger={"type": "cron", "expression": "3 2 * * *"})
    found = movable(one, [123], timedelta(minutes=15))
    assert found is not None
    assert found.shifts == range(-3, 16)
    assert movable(one, [], timedelta(minutes=15)) is None
    odd = schedule("a", trigger={"type": "cron", "expression": "* 2 * * *"})
    assert movable(odd, [123], timedelta(minutes=15)) is None


@pytest.mark.parametrize("seed", range(20))
def test_it_never_gets_busier(seed: int) -> None:
    """The counts are those of what is proposed, and the most at once is never more."""
    chosen = random.Random(seed)
    counts, all_of_them = [0] * DAY, []
    for number in range(40):
        minute = chosen.choice((0, 0, 0, 15, 30, 59))
        hours = chosen.sample(range(24), chosen.choice((1, 1, 3)))
        minutes = tuple(hour * 60 + minute for hour in sorted(hours))
        most = chosen.choice((0, 5, 30))
        shifts = range(max(-most, -minute), min(most, 59 - minute) + 1)
        one = Movable(Key("t", f"s{number:02}"), minutes, minute, shifts)
        all_of_them.append(one)
        for at in minutes:
            counts[at] += 1
    before = max(counts)
    moves = {move.key: move.after - move.before for move in spread(counts, all_of_them)}
    again = [0] * DAY
    for one in all_of_them:
        by = moves.get(one.key, 0)
        assert by in one.shifts
        for at in one.minutes:
            again[at + by] += 1
    assert again == counts
    assert max(counts) <= before


def test_a_minute_beyond_the_span_is_left_out() -> None:
    counts = [2, 1, 0]
    one = Movable(Key("t", "a"), (0,), 30, range(-1, 3))
    moves = spread(counts, [one, Movable(Key("t", "b"), (1,), 31, range(1))])
    assert [(move.before, move.after) for move in moves] == [(30, 29)]


def test_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some rounds, even where there is more to be moved."""
    monkeypatch.setattr("reconciler.plan.impact.spread._ROUNDS", 1)
    counts = [2, 0]
    ones = [Movable(Key("t", name), (0,), 0, range(2)) for name in "ab"]
    assert len(spread(counts, ones)) == 1
    assert counts == [1, 1]
