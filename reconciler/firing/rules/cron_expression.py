"""A cron expression, read: what its fields allow, and the search for the times that they make.

cronsim reads the expressions, once `cron_dialect.py` has spelled them out for it: five fields in
the manner of Debian's cron, with names, lists, ranges, steps, `L`, `LW` and `#`. When both day
fields are restricted either is enough; when one begins with `*`, both have to match.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

from cronsim import CronSim, CronSimError

from reconciler.firing.clocks.instants import NEVER_DAY
from reconciler.firing.clocks.offsets import NextWall
from reconciler.firing.rules.cron_dialect import for_cronsim
from reconciler.firing.rules.days import (
    MonthMask,
    NextDay,
    every_day,
    every_nth_week,
    in_months,
    month_mask,
    next_wall,
    times_of_day,
)

LONGEST = 1000
"""Characters. Every value of every field written out takes about 450."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields allow, sorted; and the searches for the days and wall times they make."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: tuple[int, ...]
    """Below 1 are cronsim's marks for `L` and `LW`."""
    months: tuple[int, ...]
    weekdays: tuple[int, ...] | None
    """Monday 0; None: some are bound to a week of the month, as in `5L` or `1#2`."""
    either_day: bool
    """Whether one of the two day fields is enough."""
    month_mask: MonthMask
    """The days of a month, if it is one of `months`."""
    next_day: NextDay
    next_wall: NextWall

    @property
    def is_hourly(self) -> bool:
        """Whether every hour is allowed, so that no time of day is meant."""
        return len(self.hours) == 24


@lru_cache(maxsize=16384)
def parse(expression: str) -> Fields | None:
    """The fields; None if they cannot be read, or no day ever matches (29 February does)."""
    sim = read(expression)
    if sim is None:
        return None
    mask, next_day = _days(" ".join(expression.split()[2:]))
    if next_day(0) >= NEVER_DAY:
        return None
    hours, minutes = tuple(sorted(sim.hours)), tuple(sorted(sim.minutes))
    return Fields(
        minutes,
        hours,
        tuple(sorted(sim.days)),
        tuple(sorted(sim.months)),
        _weekdays(sim),
        not sim.day_and,
        mask,
        next_day,
        next_wall(next_day, times_of_day(hours, minutes)),
    )


def _weekdays(sim: CronSim) -> tuple[int, ...] | None:
    plain = [day for day in sim.weekdays if isinstance(day, int)]
    if len(plain) < len(sim.weekdays):
        return None
    return tuple(sorted({(day - 1) % 7 for day in plain}))


def read(expression: str) -> CronSim | None:
    """What cronsim makes of five fields; None if it refuses them."""
    texts = expression.split()
    # Capitals of letters that are not ASCII can be ASCII: a Turkish i without its dot.
    if len(expression) > LONGEST or len(texts) != 5 or not all(t.isascii() for t in texts):
        return None
    try:
        return CronSim(for_cronsim(" ".join(texts)), datetime(2000, 1, 1, tzinfo=UTC))
    except (CronSimError, ValueError):
        return None


@lru_cache(maxsize=4096)
def _days(days: str) -> tuple[MonthMask, NextDay]:
    """The days that the last three fields choose, and the simplest search for them that will do.

    Expressions with the same three share it, and with it what is found out about their days.
    """
    sim = read(f"0 0 {days}")
    assert sim is not None
    mask, weekdays = _month_mask(sim), _weekdays(sim)
    if len(sim.months) == 12 and len(sim.days) == 31:
        if not sim.day_and or (weekdays and len(weekdays) == 7):
            return mask, every_day
        if weekdays:
            return mask, every_nth_week(0, 1, weekdays)
    return mask, in_months(frozenset(sim.months), mask)


def _month_mask(sim: CronSim) -> MonthMask:
    weekdays = _weekdays(sim)
    if weekdays is not None and min(sim.days) > 0:
        return _mask_of_numbers(frozenset(sim.days), weekdays, both=sim.day_and)

    @lru_cache(maxsize=28)
    def mask(first: int, length: int) -> int:
        # cronsim itself says which days match, in a month of that kind.
        year, month = _example_months()[first, length]
        days = range(1, length + 1)
        return sum(1 << day for day in days if sim.match_day(date(year, month, day)))

    return mask


def _mask_of_numbers(days: frozenset[int], weekdays: tuple[int, ...], *, both: bool) -> MonthMask:
    """The same of fields without `L` and `#`, as bits: most are."""
    listed, of_week = sum(1 << day for day in days), month_mask((), weekdays)

    @lru_cache(maxsize=28)
    def mask(first: int, length: int) -> int:
        chosen, whole = of_week(first, length), (2 << length) - 2
        return (listed & chosen if both else listed | chosen) & whole

    return mask


@lru_cache(maxsize=1)
def _example_months() -> dict[tuple[int, int], tuple[int, int]]:
    """For each of the 28 kinds of month (first week day, length), a month that is one."""
    months = [(year, month) for year in range(2000, 2028) for month in range(1, 13)]
    return {monthrange(*month): month for month in months}
