"""When Temporal is to wake a schedule, as its calendars and intervals say it. Values alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

Range = tuple[int, int, int]
"""From, to and with, in steps of."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Times that are one of each; Sunday is 0 here, as in Temporal."""

    seconds: tuple[Range, ...]
    minutes: tuple[Range, ...]
    hours: tuple[Range, ...]
    month_days: tuple[Range, ...]
    months: tuple[Range, ...]
    week_days: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """Every `seconds` since 1970, and `phase` more."""

    seconds: int
    phase: int


@dataclass(frozen=True, slots=True)
class Spec:
    """All of it. `start` and `end` are instants in seconds, and may fire."""

    calendars: tuple[Calendar, ...] = ()
    intervals: tuple[Interval, ...] = ()
    time_zone: str = "UTC"
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Lowered:
    """A trigger as Temporal is told it."""

    spec: Spec
    asks: str | None = None
    """Why it wakes more often than it fires, so that each time has to be asked about; None: it
    wakes at its fires.
    """


def ranges(values: Iterable[int]) -> tuple[Range, ...]:
    """The ranges that a walk along the values finds, in the form that Temporal answers in."""
    left = sorted(set(values))
    found: list[Range] = []
    while left:
        step = left[1] - left[0] if len(left) > 1 else 1
        length = 1
        while length < len(left) and left[length] - left[length - 1] == step:
            length += 1
        if length == 2 and step > 1:
            length = 1
        found.append((left[0], left[length - 1], step if length > 1 else 1))
        left = left[length:]
    return tuple(found)


def wakes(spec: Spec, at: datetime) -> bool:
    """Whether a schedule wakes at an instant; for specs in UTC, as those are that are asked."""
    second = int(at.timestamp())
    if spec.start is not None and second < spec.start:
        return False
    if spec.end is not None and second > spec.end:
        return False
    at = at.astimezone(UTC)
    parts = (at.second, at.minute, at.hour, at.day, at.month, at.isoweekday() % 7)
    return any((second - one.phase) % one.seconds == 0 for one in spec.intervals) or any(
        all(_holds(part, found) for part, found in zip(parts, _fields(one), strict=True))
        for one in spec.calendars
    )


def _fields(calendar: Calendar) -> tuple[tuple[Range, ...], ...]:
    return (
        calendar.seconds,
        calendar.minutes,
        calendar.hours,
        calendar.month_days,
        calendar.months,
        calendar.week_days,
    )


def _holds(value: int, found: tuple[Range, ...]) -> bool:
    return any(start <= value <= end and (value - start) % step == 0 for start, end, step in found)
