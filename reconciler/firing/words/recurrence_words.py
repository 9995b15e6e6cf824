"""The days of a recurrence in words, and what its intervals are counted from."""

from __future__ import annotations

from reconciler.firing.rules.days import weekday_numbers
from reconciler.firing.words.phrases import (
    days_in_months,
    days_of_month,
    every,
    ordinal,
    weekday_list,
)
from reconciler.model import Pattern, Recurrence

_YEAR = 12
_ALL_WEEK = tuple(range(7))
_ALL_YEAR = tuple(range(1, 13))


def days_in_words(recurrence: Recurrence, pattern: Pattern | None) -> str:
    """Such as "every 2 weeks on Monday", "on day 1 of every month": of days, weeks and months.

    What of it is the moment of creation is named as that. Once a day, a week or a month, the same
    days are one rule however it is written, and read the same.
    """
    start, frequency, interval = recurrence.start_time, recurrence.frequency, recurrence.interval
    given = pattern or Pattern()
    weekdays, month_days = weekday_numbers(given.week_days), given.month_days
    if len(weekdays) == 7 or len(month_days) == 31:
        weekdays, month_days = _ALL_WEEK, ()
    if frequency == "day" and not month_days and weekdays in ((), _ALL_WEEK):
        return every(interval, "day")
    if not weekdays and not month_days:
        if start is None:
            of = "weekday" if frequency == "week" else "day of the month"
            return f"{every(interval, frequency)} on the {of} of its creation"
        if frequency == "week":
            weekdays = (start.weekday(),)
        else:
            month_days = (start.day,)
    if interval == 1:
        return _each(weekdays, month_days)
    if frequency == "month":
        return _of_months(recurrence, weekdays, month_days)
    if frequency == "week" and not month_days:
        return f"{every(interval, 'week')} on {weekday_list(weekdays)}"
    if month_days:
        chosen = f"{days_of_month(month_days, weekdays)} of the month"
    else:
        chosen = weekday_list(weekdays)
    return f"{every(interval, frequency)}, but only on {chosen},"


def _each(weekdays: tuple[int, ...], month_days: tuple[int, ...]) -> str:
    if weekdays == _ALL_WEEK:
        return "every day"
    if month_days:
        return days_in_months(month_days, weekdays, _ALL_YEAR)
    return f"every week on {weekday_list(weekdays)}"


def _of_months(
    recurrence: Recurrence, weekdays: tuple[int, ...], month_days: tuple[int, ...]
) -> str:
    """By name where it is one month of the year, which is known from the start."""
    start, interval = recurrence.start_time, recurrence.interval
    if start is None or interval % _YEAR:
        return f"on {days_of_month(month_days, weekdays)} of every {ordinal(interval)} month"
    days = days_in_months(month_days, weekdays, (start.month,), interval // _YEAR)
    return f"{days}," if ", " in days else days


def counted_from(recurrence: Recurrence) -> str:
    """What the interval of a pattern is counted from; empty where nothing depends on it."""
    start, frequency, interval = recurrence.start_time, recurrence.frequency, recurrence.interval
    if interval == 1:
        return ""
    if start is None:
        return f"counted from the {frequency} of its creation"
    if frequency == "month" and interval % _YEAR == 0:
        return "" if interval == _YEAR else "counted from that year"
    return f"counted from that {frequency}"
