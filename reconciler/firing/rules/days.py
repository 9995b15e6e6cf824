"""Which days a trigger fires on, and at which times of these days: the search for the next one.

Days are counted from 1970-01-01 (day 0), months from year 0. The functions here make searches: a
`NextDay` gives the first chosen day at or after a day, or NEVER_DAY. It goes by arithmetic, or
month by month, so its cost does not depend on how long ago the first day was; and as the calendar
repeats after 400 years, whatever has not come by then never will. Equal rules have one search, so
that what is found out about it can be kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from math import gcd

from reconciler.firing.clocks.instants import (
    DAY,
    EPOCH_ORDINAL,
    FIRST_DAY,
    HOUR,
    LAST_DAY,
    MINUTE,
    NEVER_DAY,
)
from reconciler.firing.clocks.offsets import NextWall
from reconciler.model import WEEK_DAYS

NextDay = Callable[[int], int]
MonthMask = Callable[[int, int], int]
"""The chosen days of a month whose first day is that week day and that has that many days.

Bit 5 stands for day 5; Monday is 0. There are only 28 kinds of month, so the answers are kept.
"""

_MONTHS_IN_CYCLE = 4800
_DAYS_IN_CYCLE = 146097
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@lru_cache(maxsize=4096)
def times_of_day(hours: tuple[int, ...], minutes: tuple[int, ...]) -> tuple[int, ...]:
    """Every hour with every minute, as sorted seconds of the day."""
    return tuple(sorted({hour * HOUR + minute * MINUTE for hour in hours for minute in minutes}))


def next_wall(next_day: NextDay, times: tuple[int, ...]) -> NextWall:
    """The search for the next wall time: one of `times` on one of the days of `next_day`."""
    first, last = times[0], times[-1]

    def search(wall: int) -> int:
        day, time = divmod(wall, DAY)
        chosen = next_day(day)
        if chosen == day:
            if time < last:
                return day * DAY + times[bisect_right(times, time)]
            chosen = next_day(day + 1)
        return chosen * DAY + first

    return search


# ------------------------------------------------------------------------------------------- days


def every_day(day: int) -> int:
    """The search that any day satisfies."""
    return day


@lru_cache(maxsize=1024)
def every_nth_day(anchor: int, interval: int) -> NextDay:
    """Every `interval`-th day, before and after the day `anchor`."""
    return every_day if interval == 1 else lambda day: day + (anchor - day) % interval


@lru_cache(maxsize=1024)
def only(next_day: NextDay, mask: MonthMask, tries: int = _DAYS_IN_CYCLE) -> NextDay:
    """Those days of `next_day` that `mask` chooses too: one of the first `tries`, or none is."""

    def search(day: int) -> int:
        for _ in range(tries):
            day = next_day(max(day, FIRST_DAY))
            if day > LAST_DAY:
                break
            at = date.fromordinal(day + EPOCH_ORDINAL)
            if mask((day + 4 - at.day) % 7, month_length(at.year, at.month)) >> at.day & 1:
                return day
            day += 1
        return NEVER_DAY

    return search


# ------------------------------------------------------------------------------------------ weeks


@lru_cache(maxsize=1024)
def weekday_numbers(names: tuple[str, ...]) -> tuple[int, ...]:
    """The numbers of week days by name, Monday 0."""
    return tuple(sorted(map(WEEK_DAYS.index, names)))


@lru_cache(maxsize=1024)
def _rest_of_week(weekdays: tuple[int, ...]) -> tuple[int, ...]:
    """For each week day, how many days later the next chosen one of its week is; -1: none."""
    return tuple(
        next((chosen - today for chosen in weekdays if chosen >= today), -1) for today in range(7)
    )


@lru_cache(maxsize=4096)
def every_nth_week(anchor: int, interval: int, weekdays: tuple[int, ...]) -> NextDay:
    """Those week days of every `interval`-th week, counted from that of the day `anchor`.

    Weeks begin on Monday, as in ISO 8601; how Azure counts is not documented.
    """
    rest = _rest_of_week(weekdays)
    anchor_week, first = (anchor + 3) // 7, weekdays[0]

    def search(day: int) -> int:
        week, weekday = divmod(day + 3, 7)
        off = (week - anchor_week) % interval
        if off == 0 and rest[weekday] >= 0:
            return day + rest[weekday]
        return (week + interval - off) * 7 - 3 + first

    return search


# ----------------------------------------------------------------------------------------- months


def month_length(year: int, month: int) -> int:
    """The days in a month."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _LENGTHS[month - 1] + leap


@lru_cache(maxsize=1024)
def month_mask(month_days: tuple[int, ...], weekdays: tuple[int, ...]) -> MonthMask:
    """The days of a month that are one of `month_days` or, in every week, of `weekdays`.

    A day that the month does not have is left out, never moved: "the schedule doesn't trigger jobs
    in months that have fewer days" (Azure ML, "Schedule machine learning pipeline jobs").
    """
    wanted = sum(1 << day for day in set(month_days))

    @lru_cache(maxsize=28)
    def mask(first: int, length: int) -> int:
        days = range(1, length + 1)
        chosen = sum(1 << day for day in days if (first + day - 1) % 7 in weekdays)
        return (chosen | wanted) & ((2 << length) - 1)

    return mask


@lru_cache(maxsize=4096)
def every_nth_month(anchor: int, interval: int, mask: MonthMask) -> NextDay:
    """The days that `mask` chooses in every `interval`-th month, counted from month `anchor`."""
    tries = _MONTHS_IN_CYCLE // gcd(interval, _MONTHS_IN_CYCLE) + 1

    def next_month(month: int) -> int:
        return month + (anchor - month) % interval

    return _month_search(next_month, mask, tries)


def in_months(months: frozenset[int], mask: MonthMask) -> NextDay:
    """The days that `mask` chooses in months of these numbers (1 to 12), which are not none."""
    ahead = [min((chosen - 1 - now) % 12 for chosen in months) for now in range(12)]

    def next_month(month: int) -> int:
        return month + ahead[month % 12]

    return _month_search(next_month, mask, _MONTHS_IN_CYCLE // 12 * len(months) + 1)


def _month_search(next_month: Callable[[int], int], mask: MonthMask, tries: int) -> NextDay:
    def search(day: int) -> int:
        if day > LAST_DAY:
            return NEVER_DAY
        at = date.fromordinal(max(day, FIRST_DAY) + EPOCH_ORDINAL)
        now = at.year * 12 + at.month - 1
        wanted, past = next_month(now), at.day
        if wanted == now:
            first = day - past + 1
            days = mask((first + 3) % 7, month_length(at.year, at.month)) >> past
            if days:
                return day + _lowest_bit(days)
            wanted = next_month(now + 1)
        for _ in range(tries):
            year, month = divmod(wanted, 12)
            if year > 9999:
                break
            first = date(year, month + 1, 1).toordinal() - EPOCH_ORDINAL
            days = mask((first + 3) % 7, month_length(year, month + 1))
            if days:
                return first - 1 + _lowest_bit(days)
            wanted = next_month(wanted + 1)
        return NEVER_DAY

    return search


def _lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
