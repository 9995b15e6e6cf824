"""A cron expression in words."""

from __future__ import annotations

from collections.abc import Sequence

from cronsim import CronSim

from reconciler.firing.rules.cron_expression import Fields, parse, read
from reconciler.firing.words.phrases import (
    and_list,
    at_times,
    days_in_months,
    every,
    in_months,
    named,
    number_list,
    of_months,
    ordinal,
    step,
    weekday_list,
)
from reconciler.model import WEEK_DAYS

_EVERY_DAY = "every day"
_LAST_DAYS = {
    CronSim.LAST: "the last day",
    CronSim.LAST_WEEKDAY: "the last working day (Monday to Friday)",
}


def cron_in_words(expression: str) -> str | None:
    """Such as "at 02:00 on Monday to Friday"; None for one that cannot be read, or never fires."""
    fields = parse(expression)
    if fields is None:
        return None
    days = _days(fields, expression)
    if fields.is_hourly:
        return f"{_hourly_times(fields)} {days.removeprefix(_EVERY_DAY).lstrip()}".rstrip()
    times = at_times(fields.hours, fields.minutes)
    return f"{days} {times}" if days.startswith(_EVERY_DAY) else f"{times} {days}"


def _days(fields: Fields, expression: str) -> str:
    month_days, weekdays, months = fields.month_days, fields.weekdays, fields.months
    all_days, all_weekdays = len(month_days) == 31, weekdays is not None and len(weekdays) == 7
    within = f" {in_months(months)}" if len(months) < 12 else ""
    if (all_days and all_weekdays) or (fields.either_day and (all_days or all_weekdays)):
        return f"{_EVERY_DAY}{within}"
    if all_days and weekdays is not None:
        return f"on {weekday_list(weekdays)}{within}"
    if all_weekdays and month_days[0] > 0:
        return days_in_months(month_days, (), months)
    in_month = _month_days(month_days)
    of_weeks = "" if all_weekdays else _weekdays(expression)
    if all_days or all_weekdays:
        return f"on {of_weeks or in_month} {of_months(months)}"
    if fields.either_day:
        return f"on {in_month} and {of_weeks} {of_months(months)}"
    one_of = "" if len(month_days) == 1 else "one of "
    of_month = of_months(months) if within else "of the month"
    return f"on {of_weeks} that falls on {one_of}{in_month} {of_month}"


def _month_days(month_days: Sequence[int]) -> str:
    """Such as "days 1 and 15 and the last day"."""
    plain = [day for day in month_days if day > 0]
    parts = [named("day", plain)] if plain else []
    return " and ".join(parts + [words for mark, words in _LAST_DAYS.items() if mark in month_days])


def _weekdays(expression: str) -> str:
    """Such as "each Monday and the last Friday"."""
    sim = read(expression)
    assert sim is not None
    plain = sorted({(day - 1) % 7 for day in sim.weekdays if isinstance(day, int)})
    bound = sorted(
        {((item[0] - 1) % 7, item[1]) for item in sim.weekdays if not isinstance(item, int)},
        key=lambda one: (one[1] == CronSim.LAST, one[1], one[0]),
    )
    parts = [f"each {weekday_list(plain)}"] if plain else []
    for day, number in bound:
        which = "last" if number == CronSim.LAST else ordinal(number)
        parts.append(f"the {which} {WEEK_DAYS[day].capitalize()}")
    return and_list(parts)


def _hourly_times(fields: Fields) -> str:
    minutes = fields.minutes
    apart = step(minutes)
    if len(minutes) == 1:
        return f"every hour at minute {minutes[0]}"
    if apart and len(minutes) * apart == 60 and minutes[0] == 0:
        return every(apart, "minute")
    return f"every hour at minutes {number_list(minutes)}"
