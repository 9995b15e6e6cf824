"""What a trigger does, told day by day from the documented rules, without the code that fires it.

Two triggers fire at the same moments for ever if their outlines are equal for every moment of
creation: more years are looked at than week days, leap years and the intervals of the tests take to
come round. A set of days is an integer with a bit for each.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from reconciler.model import WEEK_DAYS, Cron, DatastoreChange, Pattern, Recurrence, Trigger

FIRST, YEARS = date(2024, 1, 1), 57
_STEPS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_LIMITS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NAMES: tuple[tuple[str, ...], ...] = (
    *((), (), ()),
    ("-", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
)
_DAYS = [
    FIRST + timedelta(days=number)
    for number in range((FIRST.replace(year=FIRST.year + YEARS) - FIRST).days)
]
_NONE, _ALL = 0, (1 << len(_DAYS)) - 1
Times = tuple[tuple[int, int, int], ...]


def outline(trigger: Trigger, created: datetime) -> tuple[object, ...]:
    """Equal for what fires at the same moments, once created then."""
    if isinstance(trigger, DatastoreChange):
        path, given = trigger.path_on_datastore.strip("/"), trigger.data_path_parameter_name
        return trigger.datastore, path, trigger.polling_interval, given or None
    zone = ZoneInfo(trigger.time_zone)

    def instant(wall: datetime) -> datetime:
        return wall.replace(tzinfo=zone).astimezone(UTC)

    end = instant(trigger.end_time) if trigger.end_time else None
    first = instant(trigger.start_time) if trigger.start_time else created
    if isinstance(trigger, Recurrence) and trigger.frequency in _STEPS:
        return first, _STEPS[trigger.frequency] * trigger.interval, end
    start = trigger.start_time or created.astimezone(zone).replace(tzinfo=None)
    if isinstance(trigger, Cron):
        times, days = _cron(trigger.expression)
        is_first, is_elapsed = False, len({hour for hour, _, _ in times}) == 24
    else:
        times, days = _recurrence(trigger, start)
        is_first, is_elapsed = _pattern(trigger) is None, False
    today = (start.date() - FIRST).days
    is_today = (start.hour, start.minute, start.second) in times and days >> today & 1
    return trigger.time_zone, times, is_elapsed, days >> today, first, is_today and is_first, end


def _pattern(recurrence: Recurrence) -> Pattern | None:
    return recurrence.pattern if recurrence.pattern != Pattern() else None


# ------------------------------------------------------------------------------------ recurrences


def _recurrence(recurrence: Recurrence, start: datetime) -> tuple[Times, int]:
    pattern, frequency = _pattern(recurrence), recurrence.frequency
    times: Times = ((start.hour, start.minute, start.second),)
    if pattern is not None:
        hours, minutes = pattern.hours or (start.hour,), pattern.minutes or (start.minute,)
        times = tuple(sorted((hour, minute, 0) for hour in hours for minute in minutes))
    given = pattern or Pattern()
    week_days = [WEEK_DAYS.index(name) for name in given.week_days]
    month_days = list(given.month_days)
    chosen = _ALL
    if week_days or month_days:
        chosen = _weekdays(week_days) | _month_days(month_days)
    elif frequency == "week":
        chosen = _weekdays([start.weekday()])
    elif frequency == "month":
        chosen = _month_days([start.day])
    origin = _number(frequency, start.date()) % recurrence.interval
    return times, chosen & _counted(frequency, recurrence.interval, origin)


def _number(frequency: str, day: date) -> int:
    """Of the day, of the week from Monday, of the month."""
    if frequency == "month":
        return day.year * 12 + day.month
    days = (day - date(2024, 1, 1)).days  # a Monday
    return days // 7 if frequency == "week" else days


@cache
def _counted(frequency: str, interval: int, origin: int) -> int:
    return _where(lambda day: _number(frequency, day) % interval == origin)


# ------------------------------------------------------------------------------------------ crons


def _cron(expression: str) -> tuple[Times, int]:
    texts = expression.split()
    minutes, hours, days, months, week_days = (
        [term for item in text.split(",") for term in _term(item, names, *limits)]
        for text, names, limits in zip(texts, _NAMES, _LIMITS, strict=True)
    )
    of_months = _month_days([day for day in days if isinstance(day, int)])
    of_months |= _last_day() if "L" in days else _NONE
    of_months |= _last_working_day() if "LW" in days else _NONE
    of_weeks = _weekdays([(day - 1) % 7 for day in week_days if isinstance(day, int)])
    for text in week_days:
        of_weeks |= _of_a_week(text) if isinstance(text, str) else _NONE
    is_both = texts[2].startswith("*") or texts[4].startswith("*")
    chosen = of_months & of_weeks if is_both else of_months | of_weeks
    times = tuple(sorted({(int(h), int(m), 0) for h in hours for m in minutes}))
    return times, chosen & _in_months(tuple(months))


def _term(item: str, names: tuple[str, ...], low: int, high: int) -> list[int | str]:
    if "L" in item or "#" in item:
        return [item]

    def value(text: str) -> int:
        return int(text) if text.isdigit() else names.index(text[:3].lower())

    span, _, every = item.partition("/")
    if span == "*":
        first, last = low, high
    elif "-" in span:
        first, last = sorted(value(end) for end in span.split("-"))  # as NCrontab does it
    else:
        first = value(span)
        last = high if every else first
    return list(range(first, last + 1, int(every or 1)))


# --------------------------------------------------------------------------------- sets of days


def _where(matches: Callable[[date], bool]) -> int:
    return int("".join("1" if matches(day) else "0" for day in reversed(_DAYS)), 2)


def _weekdays(numbers: Iterable[int]) -> int:
    chosen = _NONE
    for number in numbers:
        chosen |= _weekday(number)
    return chosen


@cache
def _weekday(number: int) -> int:
    return _where(lambda day: day.weekday() == number)


def _month_days(numbers: Iterable[int]) -> int:
    chosen = _NONE
    for number in numbers:
        chosen |= _month_day(number)
    return chosen


@cache
def _month_day(number: int) -> int:
    return _where(lambda day: day.day == number)


@cache
def _in_months(months: tuple[int | str, ...]) -> int:
    return _where(lambda day: day.month in months)


def _end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


@cache
def _last_day() -> int:
    return _where(lambda day: day == _end(day))


@cache
def _last_working_day() -> int:
    return _where(lambda day: day == _end(day) - timedelta(days=max(0, _end(day).weekday() - 4)))


@cache
def _of_a_week(text: str) -> int:
    """`5L`, the last Friday of a month; `1#2`, its second Monday."""
    name, number = int(text[0]), text[1:].removeprefix("#")
    if number == "L":
        return _where(lambda day: day.isoweekday() % 7 == name and (_end(day) - day).days < 7)
    return _where(lambda day: day.isoweekday() % 7 == name and (day.day + 6) // 7 == int(number))
