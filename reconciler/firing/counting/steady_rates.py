"""A trigger -> the rate to tell people: one that holds in every day, week, month or year.

`rates.py` has the mean of all days, which for what fires on working days in June is the number of
no day. The rate here is of the shortest of these spans in which the trigger always fires as often,
but for changes of the clock and the ends of its months; where there is none, it is a mean and says
so. What fires only in some months has the rate of those, and says which.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from functools import lru_cache
from math import gcd

from reconciler.firing.clocks.instants import DAY, EPOCH_ORDINAL
from reconciler.firing.counting.rates import fires_a_day
from reconciler.firing.rules import recurrence
from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.days import MonthMask, month_mask, times_of_day, weekday_numbers
from reconciler.model import Cron, DatastoreChange, Pattern, Rate, Recurrence, Trigger

YEAR = 365.2425
"""Days, in the mean of the 400 years after which the calendar repeats."""
_ALL = tuple(range(1, 13))
_NO_PATTERN = Pattern()
_DAILY, _WEEKLY, _MONTHLY = 2, 1, 11.5
"""From so many a day, a week or a year on, the mean is told of a day, a week, a month."""


def rate_of(trigger: Trigger, created: datetime, mean: float | None = None) -> Rate | None:
    """How often it fires while it lasts; None for what never does, and what a file sets off.

    `mean`: that of `fires_a_day`, where it is known.
    """
    mean = fires_a_day(trigger, created) if mean is None else mean
    if isinstance(trigger, DatastoreChange) or not mean:
        return None
    if isinstance(trigger, Cron):
        fields = parse(trigger.expression)
        assert fields is not None  # it fires
        times = len(times_of_day(fields.hours, fields.minutes))
        by_month = len(fields.month_days) < 31
        return _of_calendar(fields.month_mask, fields.months, times, mean, by_month)
    return _recurrence(trigger, created, mean)


def _recurrence(trigger: Recurrence, created: datetime, mean: float) -> Rate:
    interval = recurrence.elapsed_interval(trigger)
    if interval is not None:
        return _of_elapsed(interval, mean)
    anchor = recurrence.anchor_of(trigger, created)
    times = len(recurrence.times(trigger, anchor))
    pattern = recurrence.effective_pattern(trigger) or _NO_PATTERN
    weekdays, month_days = weekday_numbers(pattern.week_days), pattern.month_days
    at = datetime.fromordinal(anchor // DAY + EPOCH_ORDINAL)
    months = _ALL
    if trigger.frequency == "month":
        months = tuple(range((at.month - 1) % trigger.interval + 1, 13, trigger.interval))
        if not weekdays and not month_days:
            month_days = (at.day,)
    elif not weekdays and not month_days:
        if trigger.frequency == "day" and trigger.interval == 7:
            return Rate(times, "week")
        weekdays = tuple(range(7)) if trigger.frequency == "day" else (at.weekday(),)
    mask = month_mask(month_days, weekdays)
    # Months are the same in each year if their interval is a part of one.
    if trigger.interval == gcd(trigger.interval, 12 if trigger.frequency == "month" else 1):
        return _of_calendar(mask, months, times, mean, bool(month_days))
    if trigger.frequency == "month" and trigger.interval % 12 == 0:
        month = _steady(mask, months[:1])[1]
        if month * times == 1:
            return Rate(12 / trigger.interval, "year")
    return _mean(mean)


def _of_elapsed(interval: int, mean: float) -> Rate:
    if DAY % interval == 0 and mean >= _DAILY:
        return Rate(DAY // interval, "day")
    if 7 * DAY % interval == 0:
        return Rate(7 * DAY // interval, "week")
    return _mean(mean)


def _of_calendar(
    mask: MonthMask, months: tuple[int, ...], times: int, mean: float, by_month: bool
) -> Rate:
    """`times` on every day that `mask` chooses in these months. `by_month`: a mean is told of a
    month, for days of the month are named.
    """
    weekdays, month, year = _steady(mask, months)
    some = months if len(months) < len(_ALL) else ()
    if weekdays == 7 and times >= _DAILY:
        return Rate(times, "day", some)
    if weekdays:
        return Rate(weekdays * times, "week", some)
    if month and not some:
        return Rate(month * times, "month")
    if year:
        return Rate(year * times, "year")
    if by_month and not some and mean * YEAR >= _MONTHLY:
        return Rate(mean * YEAR / 12, "month", is_mean=True)
    return _mean(mean, some)


def _mean(a_day: float, months: tuple[int, ...] = ()) -> Rate:
    """In words that fit its size; `a_day` is of all days, those of other months too."""
    there = a_day * YEAR / _days_of(months) if months else a_day
    if there >= _DAILY:
        return Rate(there, "day", months, is_mean=True)
    if there * 7 >= _WEEKLY:
        return Rate(there * 7, "week", months, is_mean=True)
    if a_day * YEAR >= _MONTHLY and not months:
        return Rate(a_day * YEAR / 12, "month", is_mean=True)
    return Rate(a_day * YEAR, "year", is_mean=True)


@lru_cache(maxsize=4096)
def _steady(mask: MonthMask, months: tuple[int, ...]) -> tuple[int, int, int]:
    """How many days of every week, every month and every year are chosen; 0: not always as many."""
    kinds, years = _kinds(months)
    days = {kind: mask(*kind) for kind in kinds}
    first = kinds[0]
    chosen = tuple(sorted((first[0] + day) % 7 for day in range(7) if days[first] >> day + 1 & 1))
    whole = month_mask((), chosen)
    same = all(days[kind] == whole(*kind) for kind in kinds)
    number = {kind: days[kind].bit_count() for kind in kinds}
    in_month, in_year = set(number.values()), {sum(number[kind] for kind in year) for year in years}
    return (
        len(chosen) if same else 0,
        in_month.pop() if len(in_month) == 1 else 0,
        in_year.pop() if len(in_year) == 1 else 0,
    )


_Kind = tuple[int, int]
"""The week day of the first day of a month, and its length."""


@lru_cache(maxsize=1024)
def _kinds(months: tuple[int, ...]) -> tuple[tuple[_Kind, ...], tuple[tuple[_Kind, ...], ...]]:
    """The kinds of these months in all years, and these months of each of the 14 kinds of year."""
    years = {tuple(monthrange(year, month) for month in months) for year in range(2000, 2028)}
    return tuple(sorted({kind for year in years for kind in year})), tuple(sorted(years))


@lru_cache(maxsize=64)
def _days_of(months: tuple[int, ...]) -> float:
    """The days of these months, in the mean of all years."""
    lengths = (31, 28 + 97 / 400, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return sum(lengths[month - 1] for month in months)
