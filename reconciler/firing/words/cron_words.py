"""A cron expression in words, where words are plainer than the expression."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from reconciler.firing.clocks.instants import HOUR, MINUTE
from reconciler.firing.rules.cron_expression import Fields, parse
from reconciler.firing.rules.days import times_of_day
from reconciler.firing.words.phrases import (
    MANY,
    and_list,
    at_times,
    clock_time,
    days_of_month,
    every,
    month_list,
    weekday_list,
)


def cron_in_words(expression: str) -> str | None:
    """Such as "at 02:00 on Monday to Friday"; None when there are no plain words for it."""
    fields = parse(expression)
    days = None if fields is None else _days(fields)
    if fields is None or days is None:
        return None
    times = _hourly_times(fields) if fields.is_hourly else _times_of_day(fields)
    if days:
        return f"{times} {days}"
    return f"every day {times}" if times.startswith("at ") else times


def _days(fields: Fields) -> str | None:
    """Which days: empty for every day, None if there are no plain words."""
    weekdays = fields.weekdays
    if weekdays is None or fields.month_days[0] < 1:
        return None
    all_days, all_weekdays = len(fields.month_days) == 31, len(weekdays) == 7
    months = "" if len(fields.months) == 12 else month_list(fields.months)
    if (all_days and all_weekdays) or (fields.either_day and (all_days or all_weekdays)):
        return f"every day in {months}" if months else ""
    if all_days:
        return f"on {weekday_list(weekdays)}" + (f" in {months}" if months else "")
    if not all_weekdays and not fields.either_day:
        return None
    chosen = days_of_month(fields.month_days, () if all_weekdays else weekdays)
    return f"on {chosen} of {months or 'every month'}"


def _hourly_times(fields: Fields) -> str:
    minutes = fields.minutes
    step = _step(minutes)
    if len(minutes) == 1:
        return f"every hour at minute {minutes[0]}"
    if step and len(minutes) * step == 60:
        words = every(step, "minute")
        return words if minutes[0] == 0 else f"{words} from minute {minutes[0]} of the hour"
    if len(minutes) <= MANY:
        return f"every hour at minutes {and_list([str(minute) for minute in minutes])}"
    return f"{24 * len(minutes)} times a day"


def _times_of_day(fields: Fields) -> str:
    times = times_of_day(fields.hours, fields.minutes)
    # Evenly spread over part of a day: `*/15 9-17` is "every 15 minutes from 09:00 to 17:45".
    step = _step(times) if len(times) > MANY else 0
    if not step:
        return at_times(times)
    hours, minutes = divmod(step, HOUR)
    words = every(hours, "hour") if minutes == 0 else every(step // MINUTE, "minute")
    return f"{words} from {clock_time(times[0])} to {clock_time(times[-1])}"


def _step(numbers: Sequence[int]) -> int:
    """The distance between neighbours, if it is always the same; else 0."""
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0
