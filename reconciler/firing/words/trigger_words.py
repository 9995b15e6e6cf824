"""A trigger in words: one line for people."""

from __future__ import annotations

from datetime import datetime

from reconciler.firing.rules.days import times_of_day, weekday_numbers
from reconciler.firing.rules.recurrence import effective_pattern
from reconciler.firing.words.cron_words import cron_in_words
from reconciler.firing.words.phrases import (
    MANY,
    and_list,
    at_times,
    days_of_month,
    every,
    weekday_list,
)
from reconciler.model import Cron, DatastoreChange, Pattern, Recurrence, Trigger


def describe(trigger: Trigger) -> str:
    """When it fires, such as "every 2 weeks on Monday and Wednesday at 18:30, Europe/Lisbon"."""
    if isinstance(trigger, DatastoreChange):
        return _datastore(trigger)
    return _cron(trigger) if isinstance(trigger, Cron) else _recurrence(trigger)


def _datastore(trigger: DatastoreChange) -> str:
    path = trigger.path_on_datastore.strip("/")
    place = f"{trigger.datastore}/{path}" if path else trigger.datastore
    polled = every(trigger.polling_interval, "minute")
    return f"when a file in {place} is new or changed, polled {polled}"


def _cron(cron: Cron) -> str:
    expression = " ".join(cron.expression.split())
    words = cron_in_words(expression)
    if words is None:
        return f"cron {expression}, {cron.time_zone}{_bounds(cron)}"
    return f"{words}, {cron.time_zone}{_bounds(cron)} (cron {expression})"


def _bounds(trigger: Recurrence | Cron) -> str:
    start, end = trigger.start_time, trigger.end_time
    return (f", from {_moment(start)}" if start else "") + (
        f", until {_moment(end)}" if end else ""
    )


def _moment(wall: datetime) -> str:
    return wall.isoformat(" ", "seconds" if wall.second else "minutes")


def _recurrence(recurrence: Recurrence) -> str:
    bounds = _bounds(recurrence)
    if recurrence.frequency in ("minute", "hour"):  # elapsed time, in which a zone means nothing
        zone = f", {recurrence.time_zone}" if bounds else ""
        return every(recurrence.interval, recurrence.frequency) + zone + bounds
    pattern = effective_pattern(recurrence)
    days, times = _days(recurrence, pattern or Pattern()), _times(recurrence, pattern)
    if times[:1].isdigit():  # "24 times a day"
        words = times if days == "every day" else f"{days}, {times}"
    else:
        words = f"{days} {times}".rstrip()
    return f"{words}, {recurrence.time_zone}{bounds}"


def _days(recurrence: Recurrence, pattern: Pattern) -> str:
    """Which days, as far as it is known without the moment of creation."""
    period = every(recurrence.interval, recurrence.frequency)
    weekdays, month_days = list(weekday_numbers(pattern.week_days)), list(pattern.month_days)
    start = recurrence.start_time
    if start is not None and not weekdays and not month_days:
        weekdays = [start.weekday()] if recurrence.frequency == "week" else []
        month_days = [start.day] if recurrence.frequency == "month" else []
    if not weekdays and not month_days:
        return period
    if recurrence.frequency == "month":
        return f"on {days_of_month(month_days, weekdays)} of {period}"
    if not month_days:
        return f"{period} on {weekday_list(weekdays)}"
    return f"{period} on {days_of_month(month_days, weekdays)} of the month"


def _times(recurrence: Recurrence, pattern: Pattern | None) -> str:
    start = recurrence.start_time
    if pattern is None:
        return at_times([start.hour * 3600 + start.minute * 60 + start.second]) if start else ""
    hours = pattern.hours or ((start.hour,) if start else ())
    minutes = pattern.minutes or ((start.minute,) if start else ())
    if hours and minutes:
        return at_times(times_of_day(hours, minutes))
    if hours:
        return "in " + _numbers("hour", hours)
    return "at " + _numbers("minute", minutes) if minutes else ""


def _numbers(unit: str, numbers: tuple[int, ...]) -> str:
    if len(numbers) > MANY:
        return f"{len(numbers)} {unit}s"
    return f"{unit}{'s' if len(numbers) > 1 else ''} {and_list([str(each) for each in numbers])}"
