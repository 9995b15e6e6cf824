"""The rate that people are told, beside counting the days of fifty-seven years one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from firing.words import made
from firing.words.plain import FIRST, YEARS, outline
from reconciler.firing.counting.steady_rates import rate_of
from reconciler.model import Cron, DatastoreChange, Pattern, Rate, Recurrence, Trigger

CREATED = datetime(2024, 1, 1, 10, 30, tzinfo=UTC)
NINE = ((9,), (0,))
ALL_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.mark.parametrize(
    ("trigger", "rate"),
    [
        (Recurrence("minute", 1), Rate(1440, "day")),
        (Recurrence("hour", 5), Rate(4.8, "day", is_mean=True)),
        (Recurrence("hour", 7), Rate(24, "week")),
        (Recurrence("hour", 24), Rate(7, "week")),
        (Recurrence("hour", 48), Rate(3.5, "week", is_mean=True)),
        (Recurrence("hour", 168), Rate(1, "week")),
        (Recurrence("day", 1), Rate(7, "week")),
        (Recurrence("day", 7), Rate(1, "week")),
        (Recurrence("day", 2), Rate(3.5, "week", is_mean=True)),
        (Recurrence("day", 1, Pattern((1, 2), (0, 30))), Rate(4, "day")),
        (Recurrence("day", 1, Pattern(*NINE, ("monday", "friday"))), Rate(2, "week")),
        (Recurrence("week", 1), Rate(1, "week")),
        (Recurrence("week", 1, Pattern(*NINE, ALL_WEEK)), Rate(7, "week")),
        (Recurrence("week", 2, Pattern(*NINE, ("monday", "friday"))), Rate(1, "week", (), True)),
        (Recurrence("month", 1, Pattern(*NINE, (), (1, 15))), Rate(2, "month")),
        (Recurrence("month", 1, Pattern(*NINE, (), (31,))), Rate(7, "year")),
        (Recurrence("month", 3, Pattern(*NINE, (), (1,))), Rate(4, "year")),
        (
            Recurrence("month", 6, Pattern(*NINE, ("monday",)), datetime(2026, 9, 9)),
            Rate(1, "week", (3, 9)),
        ),
        (Recurrence("month", 5, Pattern(*NINE, (), (1,))), Rate(2.4, "year", is_mean=True)),
        (Recurrence("month", 24, Pattern(*NINE, (), (1,))), Rate(0.5, "year")),
        (Recurrence("month", 24, Pattern(*NINE, (), (1, 2))), Rate(1, "year", is_mean=True)),
        (Recurrence("month", 12, None, datetime(2024, 2, 29)), Rate(97 / 400, "year", (), True)),
        (Cron("*/10 * * * *"), Rate(144, "day")),
        (Cron("*/15 9-17 * * 1-5"), Rate(180, "week")),
        (Cron("0-29 9-17 * 6-8 *"), Rate(270, "day", (6, 7, 8))),
        (Cron("0 9 * 1 *"), Rate(7, "week", (1,))),
        (Cron("0 9 1,15 1,7 *"), Rate(4, "year")),
        (Cron("0 9 L * *"), Rate(1, "month")),
        (Cron("0 9 * * 1#2"), Rate(1, "month")),
        (Cron("0 9 29 2 *"), Rate(97 / 400, "year", is_mean=True)),
        (Cron("*/10 * */2 2 *"), Rate(144 * (14 + 97 / 400) / (28 + 97 / 400), "day", (2,), True)),
        (
            Cron("0 9 */2 2 *"),
            Rate(7 * (14 + 97 / 400) / (28 + 97 / 400), "week", (2,), True),
        ),
        (Cron("0 9 28,29 2 *"), Rate(1 + 97 / 400, "year", is_mean=True)),
        (
            Cron("0 9 29-31 * *"),
            Rate((12 * 400 - 303 + 11 * 400 + 7 * 400) / 4800, "month", (), True),
        ),
    ],
)
def test_rates(trigger: Trigger, rate: Rate) -> None:
    found = rate_of(trigger, CREATED)
    assert found is not None
    assert found == replace(rate, count=found.count)
    assert found.count == pytest.approx(rate.count, rel=1e-4)


@pytest.mark.parametrize("trigger", [DatastoreChange("inbox"), Cron("0 9 31 2 *"), Cron("x")])
def test_there_is_none(trigger: Trigger) -> None:
    assert rate_of(trigger, CREATED) is None


_DAYS = [
    FIRST + timedelta(days=number)
    for number in range((FIRST.replace(year=FIRST.year + YEARS - 1) - FIRST).days)
]
SPANS: dict[str, Callable[[date], Hashable]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: (day.year, day.month),
    "year": lambda day: day.year,
}


def check(trigger: Trigger) -> bool:
    """Whether its rate is exact; then every span within its months has as many fires."""
    rate = rate_of(trigger, CREATED)
    _, times, _, days, *_ = outline(trigger, CREATED)
    assert isinstance(times, tuple)
    assert isinstance(days, int)
    if rate is None:
        assert not days
        return False
    found: Counter[Hashable] = Counter()
    lengths: Counter[Hashable] = Counter()
    span_of = SPANS[rate.unit]
    for number, day in enumerate(_DAYS):
        span, fires = span_of(day), (days >> number & 1) * len(times)
        if not rate.months or day.month in rate.months:
            found[span] += fires
            lengths[span] += 1
        else:
            assert not fires, (trigger, rate, day)
    mean = sum(found.values()) / sum(lengths.values())
    length = {"day": 1, "week": 7, "month": 365.2425 / 12, "year": 365.2425}[rate.unit]
    assert mean * length == pytest.approx(rate.count, rel=0.1, abs=0.05), (trigger, rate)
    if rate.is_mean or rate.count < 1:
        return False
    full = {
        span: fires for span, fires in found.items() if rate.unit != "week" or lengths[span] == 7
    }
    assert set(full.values()) <= {rate.count}, (trigger, rate)
    return True


def test_they_are_those_of_fifty_years() -> None:
    rng, exact = random.Random("steady"), 0
    for _ in range(50):
        trigger = made.recurrence(rng) if rng.random() < 0.5 else made.cron(rng)
        if isinstance(trigger, Recurrence) and trigger.frequency in ("minute", "hour"):
            continue
        plain = replace(trigger, start_time=None, end_time=None, time_zone="UTC")
        exact += check(plain)
    assert exact > 12
