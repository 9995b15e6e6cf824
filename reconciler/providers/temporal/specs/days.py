"""The days and times of a trigger as boxes, which a calendar of Temporal can say. Pure.

A box is every day that is one of some days of the month, of the week and of the months; a trigger's
days are those of any of its boxes, or, where they cannot be said so, some of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import gcd

from reconciler.firing.clocks.instants import DAY, EPOCH_ORDINAL, FIRST_DAY, LAST_DAY
from reconciler.firing.rules.cron_expression import Fields, parse
from reconciler.firing.rules.days import times_of_day, weekday_numbers
from reconciler.firing.rules.recurrence import effective_pattern, times
from reconciler.model import Cron, Pattern, Recurrence

ALL_DAYS = frozenset(range(1, 32))
ALL_WEEK_DAYS = frozenset(range(7))
ALL_MONTHS = frozenset(range(1, 13))
_NO_PATTERN = Pattern()


@dataclass(frozen=True, slots=True)
class Box:
    """Days: one of each. Monday is 0."""

    month_days: frozenset[int] = ALL_DAYS
    week_days: frozenset[int] = ALL_WEEK_DAYS
    months: frozenset[int] = ALL_MONTHS


@dataclass(frozen=True, slots=True)
class Days:
    """The boxes, and why they hold more than the trigger's days; None: they are those."""

    boxes: tuple[Box, ...]
    inexact: str | None = None


def days_and_times(trigger: Recurrence | Cron, anchor: int) -> tuple[Days, tuple[int, ...]]:
    """Of a trigger in wall time, its days and its times of day in seconds; `anchor`: a wall time.

    No times: it never fires.
    """
    if isinstance(trigger, Cron):
        fields = parse(trigger.expression)
        if fields is None:
            return Days(()), ()
        return _cron_days(fields), times_of_day(fields.hours, fields.minutes)
    return _recurrence_days(trigger, anchor), times(trigger, anchor)


def _cron_days(fields: Fields) -> Days:
    months = frozenset(fields.months)
    if fields.weekdays is None or fields.month_days[0] < 1:
        return Days((_around(fields, months),), "a day counted from the end or by weeks of a month")
    return Days(_either(fields.month_days, fields.weekdays, months, both=not fields.either_day))


def _around(fields: Fields, months: frozenset[int]) -> Box:
    """All days of the month and of the week that come, in any of the 28 kinds of month."""
    days: set[int] = set()
    week_days: set[int] = set()
    for first in range(7):
        for length in (28, 29, 30, 31):
            mask = fields.month_mask(first, length)
            found = [day for day in range(1, 32) if mask >> day & 1]
            days.update(found)
            week_days.update((first + day - 1) % 7 for day in found)
    return Box(frozenset(days), frozenset(week_days), months)


def _either(
    month_days: Iterable[int], week_days: Iterable[int], months: frozenset[int], *, both: bool
) -> tuple[Box, ...]:
    days, names = frozenset(month_days), frozenset(week_days)
    if both:
        return (Box(days, names, months),)
    boxes = (Box(days, months=months), Box(week_days=names, months=months))
    return tuple(one for one in boxes if one.month_days and one.week_days)


def _recurrence_days(trigger: Recurrence, anchor: int) -> Days:
    pattern, interval = effective_pattern(trigger) or _NO_PATTERN, trigger.interval
    week_days, month_days = weekday_numbers(pattern.week_days), pattern.month_days
    day = anchor // DAY
    months, counted = ALL_MONTHS, interval > 1
    if trigger.frequency == "week" and not month_days:
        week_days = week_days or ((day + 3) % 7,)
    if trigger.frequency == "month":
        at = date.fromordinal(max(FIRST_DAY, min(day, LAST_DAY)) + EPOCH_ORDINAL)
        if not week_days and not month_days:
            month_days = (at.day,)
        step = gcd(interval, 12)
        months = frozenset((at.month - 1 + more) % 12 + 1 for more in range(0, 12, step))
        counted = step != interval
    if not week_days and not month_days:
        boxes: tuple[Box, ...] = (Box(months=months),)
    else:
        boxes = _either(month_days, week_days, months, both=False)
    return Days(boxes, f"every {interval} {trigger.frequency}s" if counted else None)
