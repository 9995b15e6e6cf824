"""A trigger -> what to say of days that it names and some of its months do not have."""

from __future__ import annotations

from math import gcd

from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.recurrence import effective_pattern
from reconciler.firing.words.phrases import and_list
from reconciler.model import Cron, Recurrence, Trigger

_YEAR = tuple(range(1, 13))
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def short_months(trigger: Trigger | None) -> str | None:
    """None where there are no such days; or where all are named, which means every day."""
    days, months = _named(trigger)
    shortest = min(_LENGTHS[month - 1] for month in months)
    missing = [day for day in days if day > shortest] if len(days) < 31 else []
    if not missing:
        return None
    if months == (2,) and 29 in missing:
        if days == (29,):
            return "29 February comes in leap years only: it does not fire in other years"
        return "February has day 29 in leap years only: it is left out of other years"
    said = and_list([str(day) for day in missing])
    if len(missing) == 1:
        return f"day {said} is left out of months that do not have it"
    return f"days {said} are left out of months that do not have them"


def _named(trigger: Trigger | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The days of the month that a trigger names, and the months in which it fires."""
    if isinstance(trigger, Cron):
        fields = parse(trigger.expression)
        return (fields.month_days, fields.months) if fields is not None else ((), _YEAR)
    if not isinstance(trigger, Recurrence):
        return (), _YEAR
    pattern, start = effective_pattern(trigger), trigger.start_time
    days = pattern.month_days if pattern is not None else ()
    if trigger.frequency != "month" or start is None:
        return days, _YEAR
    if pattern is None or not (days or pattern.week_days):
        days = (start.day,)
    step = gcd(trigger.interval, 12)
    return days, tuple(range((start.month - 1) % step + 1, 13, step))
