"""How often a trigger fires in the mean, beside counting for a long time."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from reconciler.firing.clocks.instants import DAY, seconds
from reconciler.firing.counting.count import count
from reconciler.firing.counting.rates import fires_a_day
from reconciler.model import Cron, DatastoreChange, Frequency, Pattern, Recurrence, Trigger

CREATED = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
WEEK_END = ("saturday", "sunday")


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (Recurrence("minute", 15), 96),
        (Recurrence("hour", 5), 4.8),
        (Recurrence("day", 1), 1),
        (Recurrence("day", 3), 1 / 3),
        (Recurrence("day", 1, Pattern((1, 2), (0, 30))), 4),
        (Recurrence("day", 1, Pattern((1,), (0,), ("monday", "friday"))), 2 / 7),
        (Recurrence("day", 2, Pattern((1,), (0,), ("monday",))), 1 / 14),
        (Recurrence("day", 1, Pattern((1,), (0,), (), (1, 15))), 24 * 400 / 146097),
        (Recurrence("week", 1), 1 / 7),
        (Recurrence("week", 2, Pattern((1, 2), (), WEEK_END)), 2 / 7),
        (
            Recurrence("week", 1, Pattern((1,), (0,), (), (29, 30, 31))),
            (4400 + 97 + 4400 + 2800) / 146097,
        ),
        (Recurrence("month", 1), 4800 / 146097),
        (Recurrence("month", 5), 960 / 146097),
        (Recurrence("month", 12, Pattern((1,), (0,)), datetime(2024, 2, 29)), 97 / 146097),
        (Cron("*/10 * * * *"), 144),
        (Cron("0 5 * * 1-5"), 5 / 7),
        (Cron("0 5,17 1 * *"), 24 * 400 / 146097),
        (Cron("0 5 1 1 *"), 400 / 146097),
        (Cron("0 5 * 2 *"), (28 * 400 + 97) / 146097),
        (Cron("0 5 31 2 *"), 0),
        (DatastoreChange("d", "p/"), 0),
        # While it lasts.
        (Cron("0 5 * * *", end_time=datetime(2026, 11, 24)), 1),
        (Recurrence("day", 1, None, datetime(2030, 1, 1)), 1),
    ],
)
def test_rates(trigger: Trigger, expected: float) -> None:
    assert fires_a_day(trigger, CREATED) == pytest.approx(expected)


def made(rng: random.Random) -> Trigger:
    """Of any kind with times of day."""
    hours, minutes = (tuple(rng.sample(range(24), 2)), (rng.randrange(60),))
    names = rng.sample(("monday", "tuesday", "thursday", "saturday"), rng.randrange(1, 4))
    days = rng.sample(range(1, 32), rng.randrange(1, 4))
    if rng.random() < 0.4:
        month_days = rng.choice(("*", "L", ",".join(map(str, days))))
        weekdays = rng.choice(("*", "5L", "1#2", "2,4", "1-5"))
        months = rng.choice(("*", "*", "2", "1,7"))
        return Cron(f"{minutes[0]} {hours[0]} {month_days} {months} {weekdays}")
    frequency: Frequency = rng.choice(("day", "week", "month"))
    pattern = Pattern(
        hours,
        minutes,
        tuple(names) if rng.random() < 0.5 else (),
        tuple(days) if rng.random() < 0.5 else (),
    )
    return Recurrence(frequency, rng.choice((1, 2, 3, 4, 7)), pattern)


def test_they_are_those_of_forty_years() -> None:
    rng = random.Random("rates")
    start = seconds(CREATED)
    days = 40 * 365
    for _ in range(300):
        trigger = made(rng)
        counted = count(trigger, start, start + days * DAY, CREATED) / days
        rate = fires_a_day(trigger, CREATED)
        assert rate == pytest.approx(counted, rel=_error(trigger), abs=0.001), trigger


def _error(trigger: Trigger) -> float:
    """Every third day and some days of the month never meet quite evenly."""
    if not isinstance(trigger, Recurrence) or trigger.frequency == "month":
        return 0.02
    assert trigger.pattern is not None
    return 0.1 if trigger.interval > 1 and trigger.pattern.month_days else 0.02
