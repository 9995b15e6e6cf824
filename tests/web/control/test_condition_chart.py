"""Conditions over time: periods and pictures from lines of a history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.state.records import CycleOutcome, CycleRecord, Entry
from reconciler.web.control.condition_chart import Chart, conditions_over_time

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def lines(*told: tuple[CycleOutcome, float, float, int]) -> list[Entry]:
    """Outcome, minutes before NOW of its first and last cycle, how many; the oldest first."""
    made = [
        Entry(
            number,
            CycleRecord(
                "prod",
                NOW - first * MINUTE,
                NOW - last * MINUTE,
                outcome,
                outcome.capitalize(),
                f"{outcome} {number}",
            ),
            count,
        )
        for number, (outcome, first, last, count) in enumerate(told, 1)
    ]
    return made[::-1]


def chart(*told: tuple[CycleOutcome, float, float, int], interval: timedelta = MINUTE) -> Chart:
    found = conditions_over_time(lines(*told), NOW, interval)
    assert found is not None
    return found


def said(made: Chart) -> list[tuple[str, float, float]]:
    """The health, and minutes before NOW of begin and end."""
    return [(p.health, (NOW - p.start) / MINUTE, (NOW - p.end) / MINUTE) for p in made.periods]


def test_nothing_is_drawn_of_nothing() -> None:
    assert conditions_over_time([], NOW, MINUTE) is None


def test_a_period_lasts_until_the_next_one_begins_and_the_last_until_now() -> None:
    made = chart(("in_sync", 50, 31, 20), ("stalled", 30, 11, 20), ("in_sync", 10, 1, 10))
    assert said(made) == [("ready", 10, 0), ("stalled", 30, 10), ("ready", 50, 30)]
    assert made.shares == (("ready", 30 * MINUTE), ("stalled", 20 * MINUTE))


def test_lines_of_one_health_are_one_period_that_says_the_last() -> None:
    made = chart(("failed", 50, 40, 3), ("unavailable", 39, 20, 4), ("in_sync", 19, 0, 5))
    assert said(made) == [("ready", 19, 0), ("reconciling", 50, 19)]
    period = made.periods[1]
    assert (period.reason, period.message, period.entry) == ("Unavailable", "unavailable 2", 2)
    assert period.cycles == 7


def test_where_the_loop_was_silent_nothing_is_known() -> None:
    made = chart(("in_sync", 300, 200, 5), ("in_sync", 100, 90, 5))
    assert said(made) == [
        ("no cycle", 90, 0),
        ("ready", 100, 90),
        ("no cycle", 200, 100),
        ("ready", 300, 200),
    ]
    for lane in made.lanes:
        assert [one.period.entry for one in lane.stretches] == [1, 2]
    hourly = chart(("in_sync", 300, 200, 5), ("in_sync", 100, 90, 5), interval=60 * MINUTE)
    assert said(hourly) == [("ready", 300, 0)]


@pytest.mark.parametrize(
    ("minutes", "span"), [(10, 60), (61, 360), (1440, 1440), (1441, 5760), (90_000, 20_160)]
)
def test_the_span_is_the_shortest_that_holds_what_is_known(minutes: int, span: int) -> None:
    made = chart(("in_sync", minutes, 0, 2))
    assert made.end - made.start == span * MINUTE
    assert made.ticks == tuple(made.start + span * MINUTE * part / 4 for part in range(5))
    assert made.periods[0].start == NOW - min(minutes, span) * MINUTE


def test_each_condition_is_a_lane() -> None:
    made = chart(
        ("in_sync", 60, 46, 15),
        ("waiting", 45, 31, 15),
        ("partial", 30, 16, 15),
        ("broken", 15, 0, 15),
    )
    drawn = {lane.name: [one.is_true for one in lane.stretches] for lane in made.lanes}
    assert drawn == {
        "Ready": [True, False, False, False],
        "Reconciling": [False, False, True, False],
        "Stalled": [False, False, False, True],
    }
    assert [(one.x, one.width) for one in made.lanes[0].stretches] == [
        (0, 250),
        (250, 250),
        (500, 250),
        (750, 250),
    ]


def test_what_was_short_is_seen() -> None:
    made = chart(("in_sync", 19_000, 2, 9), ("failed", 1, 0, 1))
    for lane in made.lanes:
        assert all(one.width >= 2 and one.x + one.width <= 1001 for one in lane.stretches)
