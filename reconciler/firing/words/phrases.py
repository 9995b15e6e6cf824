"""The pieces that a trigger in words is put together from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reconciler.firing.clocks.instants import DAY, HOUR, MINUTE
from reconciler.firing.rules.days import times_of_day
from reconciler.model import WEEK_DAYS

MANY = 6
"""Up to so many are listed one by one; of more, what is evenly spread is cut short."""
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


def ordinal(number: int) -> str:
    """Such as "2nd" or "12th"."""
    tens, ones = divmod(number, 10)
    ending = {1: "st", 2: "nd", 3: "rd"}.get(ones, "th")
    return f"{number}{'th' if tens % 10 == 1 else ending}"


# ------------------------------------------------------------------ lists that can be written back


def number_list(numbers: Sequence[int]) -> str:
    """Sorted numbers, none left out: "1, 3 and 5", "9 to 17 and 20", "1, 3, 5, ... 31".

    Only what is evenly spread is cut short, so that whoever reads it knows the rest.
    """
    parts = list(_ranges(numbers))
    if len(parts) > MANY and step(numbers):
        return f"{numbers[0]}, {numbers[1]}, {numbers[2]}, ... {numbers[-1]}"
    return and_list(
        [str(first) if first == last else f"{first} to {last}" for first, last in parts]
    )


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """First and last of three or more in a row; each of the others twice."""
    row: list[int] = []
    for number in numbers:
        if row and number != row[-1] + 1:
            yield from _range(row)
            row = []
        row.append(number)
    yield from _range(row)


def _range(row: Sequence[int]) -> Iterator[tuple[int, int]]:
    if len(row) > 2:
        yield row[0], row[-1]
    else:
        yield from ((number, number) for number in row)


def step(numbers: Sequence[int]) -> int:
    """The distance between neighbours, if it is always the same; else 0."""
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0


def named(unit: str, numbers: Sequence[int]) -> str:
    """Such as "hour 9" or "hours 9 to 17"."""
    return f"{unit}{'s' if len(numbers) > 1 else ''} {number_list(numbers)}"


# --------------------------------------------------------------------------------- times and days


def at_times(hours: Sequence[int], minutes: Sequence[int]) -> str:
    """Every hour with every minute: "at 04:00 and 05:00", "at 09:30, 10:30, ... 15:30 (7 times)";
    of many that are not evenly spread, "at minutes 0 and 10 of hours 9 to 17 (18 times)".
    """
    times = times_of_day(tuple(hours), tuple(minutes))
    if len(times) <= MANY:
        return "at " + and_list([clock_time(time) for time in times])
    if step(times):
        first, second, last = (clock_time(times[index]) for index in (0, 1, -1))
        return f"at {first}, {second}, ... {last} ({len(times):,} times)"
    chosen = f"{named('minute', minutes)} of {named('hour', hours)}"
    return f"at {chosen} ({len(times):,} times)"


def weekday_list(weekdays: Sequence[int]) -> str:
    """Week days, Monday 0, as "Monday and Friday"; three or more in a row as "Monday to Friday"."""
    return _name_list(weekdays, [day.capitalize() for day in WEEK_DAYS])


def month_list(months: Sequence[int]) -> str:
    """Months, January 1, by name; of many, three or more in a row as "January to May"."""
    if len(months) > MANY:
        return _name_list([month - 1 for month in months], _MONTHS)
    return and_list([_MONTHS[month - 1] for month in months])


def in_months(months: Sequence[int]) -> str:
    """Such as "in June" or "from May to December"."""
    return f"{'from' if _is_season(months) else 'in'} {month_list(months)}"


def of_months(months: Sequence[int]) -> str:
    """Such as "of every month", "of June" or "of every month from May to December"."""
    if len(months) == len(_MONTHS):
        return "of every month"
    return (
        f"of every month from {month_list(months)}"
        if _is_season(months)
        else f"of {month_list(months)}"
    )


def _is_season(months: Sequence[int]) -> bool:
    return len(months) > MANY and months[-1] - months[0] == len(months) - 1


def _name_list(numbers: Sequence[int], names: Sequence[str]) -> str:
    return and_list(
        [
            names[first] if first == last else f"{names[first]} to {names[last]}"
            for first, last in _ranges(numbers)
        ]
    )


def days_of_month(month_days: Sequence[int], weekdays: Sequence[int]) -> str:
    """Such as "days 1 and 15", or "day 1 and each Monday" if either is enough."""
    if len(month_days) == 31 or len(weekdays) == 7:
        return "every day"
    parts = [named("day", month_days)] if month_days else []
    if weekdays:
        parts.append(f"each {weekday_list(weekdays)}")
    return " and ".join(parts)


def days_in_months(
    month_days: Sequence[int], weekdays: Sequence[int], months: Sequence[int], every_years: int = 1
) -> str:
    """With the months that are meant: "on days 1 and 15 of every month", "on 1 March of every
    year", "on each Monday of March in every 2nd year".
    """
    years = "year" if every_years == 1 else f"{ordinal(every_years)} year"
    if len(months) == len(month_days) == 1 and not weekdays:
        date = f"on {month_days[0]} {month_list(months)}"
        if date != "on 29 February":
            return f"{date} of every {years}"
        return f"{date}, in leap years" if every_years == 1 else f"{date} of every {years}, if leap"
    within = "" if every_years == 1 else f" in every {years}"
    return f"on {days_of_month(month_days, weekdays)} {of_months(months)}{within}"
