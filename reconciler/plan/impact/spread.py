"""Which schedules could fire some minutes earlier or later, so that fewer fire at once. Pure.

One after the other is put to the minute of its hour where it meets the fewest, the nearest of
those; again until nothing moves. Minutes are counted over a span of days; see `Heat` for sums that
are only looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reconciler.model import Cron, Key, Recurrence, Schedule, Trigger

MAY_MOVE = "may-move"
"""The tag of a schedule that says by how much it may fire earlier or later: `15m`, `1h`."""
_ROUNDS = 4
_HOUR = 60


@dataclass(frozen=True, slots=True)
class Movable:
    """A schedule that fires at one minute of the hour, and may fire at others."""

    key: Key
    minutes: tuple[int, ...]
    """The minutes of the span in which it fires."""
    minute: int
    """That of the hour, 0 to 59."""
    shifts: range
    """By how many minutes it may be moved, within its hour."""


@dataclass(frozen=True, slots=True)
class Move:
    """What is proposed for one schedule."""

    key: Key
    before: int
    """The minute of the hour."""
    after: int


def movable(schedule: Schedule, minutes: Sequence[int], by: timedelta) -> Movable | None:
    """The schedule, if it fires at a single minute of the hour, which its trigger names."""
    minute = minute_of(schedule.trigger)
    if minute is None or not minutes:
        return None
    most = int(by.total_seconds() // _HOUR)
    shifts = range(max(-most, -minute), min(most, _HOUR - 1 - minute) + 1)
    return Movable(schedule.key, tuple(minutes), minute, shifts)


def minute_of(trigger: Trigger) -> int | None:
    """The one minute of the hour that a trigger names; None: it names none, or several."""
    if isinstance(trigger, Cron):
        field = trigger.expression.split()[0]
        return int(field) if field.isascii() and field.isdigit() else None
    if isinstance(trigger, Recurrence) and trigger.pattern is not None:
        minutes = trigger.pattern.minutes
        return minutes[0] if len(minutes) == 1 and trigger.pattern.hours else None
    return None


def at_minute(written: Any, minute: int) -> tuple[tuple[str, ...], Any] | None:
    """Where in a `trigger` as it is written the minute stands, and what to write there; None: it is
    not written there.
    """
    if not isinstance(written, dict):
        return None
    expression = written.get("expression")
    if isinstance(expression, str) and len(expression.split()) == 5:
        text = expression.strip()
        return ("expression",), f"{minute}{text[len(text.split()[0]) :]}"
    pattern = written.get("schedule")
    if not isinstance(pattern, dict):
        return None
    if isinstance(pattern.get("time_of_day"), str):
        return (
            "schedule",
            "time_of_day",
        ), f"{pattern['time_of_day'].partition(':')[0]}:{minute:02}"
    if pattern.get("minutes") is not None:
        said = pattern["minutes"]
        return ("schedule", "minutes"), [minute] if isinstance(said, list) else minute
    return None


def spread(counts: list[int], may_move: Iterable[Movable]) -> list[Move]:
    """The moves; `counts`: how many fire in each minute of the span, which is changed by them."""
    ordered = sorted(may_move, key=lambda one: one.key)
    shift = {one.key: 0 for one in ordered}
    for _ in range(_ROUNDS):
        moved = False
        for one in ordered:
            before = shift[one.key]
            _count(counts, one, before, -1)
            best = _best(counts, one)
            _count(counts, one, best, 1)
            moved |= best != before
            shift[one.key] = best
        if not moved:
            break
    return [
        Move(one.key, one.minute, one.minute + shift[one.key]) for one in ordered if shift[one.key]
    ]


def _best(counts: Sequence[int], one: Movable) -> int:
    """By how many minutes it is to be moved, to meet the fewest at most at once, then in all."""

    def cost(by: int) -> tuple[int, int, int, int]:
        met = [counts[minute] for minute in _moved(one, by, len(counts))]
        return max(met, default=0), sum(met), abs(by), by

    return min(one.shifts, key=cost)


def _count(counts: list[int], one: Movable, by: int, number: int) -> None:
    for minute in _moved(one, by, len(counts)):
        counts[minute] += number


def _moved(one: Movable, by: int, length: int) -> list[int]:
    """Its minutes, those that are moved out of the span left out."""
    return [minute + by for minute in one.minutes if 0 <= minute + by < length]
