"""The pieces that a trigger in words is put together from."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.firing.clocks.instants import DAY, HOUR, MINUTE
from reconciler.model import WEEK_DAYS

MANY = 6
"""Up to so many times or days are listed, more are counted."""
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def every(count: int, unit: str) -> str:
    """Such as "every day" or "every 2 days"."""
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def and_list(items: Sequence[str]) -> str:
    """Such as "a, b and c"."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1])))


def length(seconds: float) -> str:
    """A length of time: `30 minutes`, `1 hour`, `2 days`, `5 hours 30 minutes`."""
    left = round(abs(seconds))
    said = []
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", 1)):
        number, left = divmod(left, size)
        if number:
            said.append(f"{number:,} {unit}" + ("" if number == 1 else "s"))
    return " ".join(said) or "0 seconds"


def clock_time(second_of_day: int) -> str:
    """Such as "18:30", or "18:30:05" when there are seconds."""
    minutes, second = divmod(second_of_day, 60)
    text = f"{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{second:02}" if second else text


def at_times(times: Sequence[int]) -> str:
    """The seconds of a day as "at 04:00 and 05:00", or as "24 times a day" if there are many."""
    if len(times) > MANY:
        return f"{len(times)} times a day"
    return "at " + and_list([clock_time(time) for time in times])


def weekday_list(weekdays: Sequence[int]) -> str:
    """Week days, Monday 0, as "Monday and Friday"; three or more in a row as "Monday to Friday"."""
    names = [WEEK_DAYS[weekday].capitalize() for weekday in weekdays]
    in_row = weekdays[-1] - weekdays[0] == len(weekdays) - 1
    return f"{names[0]} to {names[-1]}" if len(names) > 2 and in_row else and_list(names)


def month_list(months: Sequence[int]) -> str:
    """Months, January 1, by name."""
    return and_list([_MONTHS[month - 1] for month in months])


def days_of_month(month_days: Sequence[int], weekdays: Sequence[int]) -> str:
    """Such as "days 1 and 15", or "day 1 and every Monday" if either is enough."""
    parts = []
    if len(month_days) > MANY:
        parts.append(f"{len(month_days)} days")
    elif month_days:
        numbers = and_list([str(day) for day in month_days])
        parts.append(f"day{'s' if len(month_days) > 1 else ''} {numbers}")
    if weekdays:
        parts.append(f"every {weekday_list(weekdays)}")
    return " and ".join(parts)
