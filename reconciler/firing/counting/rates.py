"""A trigger -> how often it fires in the mean, by its rule.

Not by counting the next days: they may be a weekend, or hold the only day of a month. The calendar
repeats after 400 years, so the mean is that of its 4800 months, which are of few kinds. Where days
or weeks are counted they are taken to meet the days of the month evenly, which they nearly do.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Container
from datetime import datetime
from functools import lru_cache
from math import gcd

from reconciler.firing.clocks.instants import DAY, EPOCH_ORDINAL
from reconciler.firing.rules import recurrence
from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.days import MonthMask, month_mask, times_of_day, weekday_numbers
from reconciler.model import Cron, Pattern, Recurrence, Trigger

_DAYS = 146_097
_NO_PATTERN = Pattern()
_ALL = range(1, 13)


def fires_a_day(trigger: Trigger, created: datetime) -> float:
    """The mean of all days while it lasts: neither its start nor its end counts, nor changes of
    the clock; 0 for what a file sets off, and for what never fires.
    """
    if isinstance(trigger, Recurrence):
        interval = recurrence.elapsed_interval(trigger)
        if interval is not None:
            return DAY / interval
        anchor = recurrence.anchor_of(trigger, created)
        return _days(trigger, anchor // DAY) * len(recurrence.times(trigger, anchor))
    return _cron(trigger) if isinstance(trigger, Cron) else 0.0


def _days(trigger: Recurrence, anchor: int) -> float:
    """The share of days on which it fires; `anchor`: the day that it is counted from."""
    pattern, every = recurrence.effective_pattern(trigger) or _NO_PATTERN, trigger.interval
    weekdays, month_days = weekday_numbers(pattern.week_days), pattern.month_days
    if trigger.frequency == "month":
        at = datetime.fromordinal(anchor + EPOCH_ORDINAL)
        mask = month_mask(month_days if month_days or weekdays else (at.day,), weekdays)
        # The interval leads to every one of some months of the year.
        step = gcd(every, 12)
        return _share(mask, range((at.month - 1) % step + 1, 13, step)) * step / every
    if trigger.frequency == "week":
        if month_days:
            return _share(month_mask(month_days, weekdays)) / every
        return (len(weekdays) or 1) / 7 / every
    if not weekdays and not month_days:
        return 1 / every
    mask = month_mask(month_days, weekdays)
    if every % 7:
        return _share(mask) / every
    # Always on one day of the week.
    return _share(mask, weekday=(anchor + 3) % 7) * 7 / every


def _cron(trigger: Cron) -> float:
    fields = parse(trigger.expression)
    if fields is None:
        return 0.0
    share = _share(fields.month_mask, fields.months)
    return share * len(times_of_day(fields.hours, fields.minutes))


@lru_cache(maxsize=8192)
def _share(mask: MonthMask, months: Container[int] = _ALL, weekday: int | None = None) -> float:
    """How many days of these months `mask` chooses, of all days; only those of a `weekday`."""
    found = 0
    for (month, first, length), number in _calendar():
        if month in months:
            days = mask(first, length)
            if weekday is not None:
                days &= month_mask((), (weekday,))(first, length)
            found += days.bit_count() * number
    return found / _DAYS


@lru_cache(maxsize=1)
def _calendar() -> tuple[tuple[tuple[int, int, int], int], ...]:
    """Month, week day of its first day (Monday 0) and length, and how many there are of these."""
    kinds = Counter(
        (month, *monthrange(year, month)) for year in range(2000, 2400) for month in _ALL
    )
    return tuple(kinds.items())
