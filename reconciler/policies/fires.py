"""When schedules fire in the year that policies look at, as bits of integers. Pure.

From the midnight (UTC) of today on, so that the same files say the same all day. A recurrence
without a start is counted from there, for nobody knows yet when it is made.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.firing.clocks.instants import DAY, MINUTE, moment, seconds
from reconciler.firing.counting.bitsets import Span, minutes_of
from reconciler.firing.counting.count import raster
from reconciler.model import Schedule

DAYS = 366


class Year:
    """The 366 days from the one of `now` on."""

    def __init__(self, now: datetime) -> None:
        base = seconds(now) // DAY * DAY
        self.start, self.end = moment(base), moment(base + DAYS * DAY)
        self._span = Span(base - 1, base + DAYS * DAY - 1, base)

    def fires(self, schedule: Schedule) -> tuple[int, int]:
        """Its fires: a bit for each minute of the year, and the second of the minute."""
        if not schedule.enabled:
            return 0, 0
        found = raster(schedule.trigger, self._span, self.start)
        return found.bits, found.second

    def fires_between(self, schedule: Schedule, first: int, end: int) -> list[int]:
        """The minutes from `first` up to `end` (exclusive) in which it fires."""
        if not schedule.enabled:
            return []
        base = self._span.base
        span = Span(max(base + first * MINUTE, base) - 1, base + end * MINUTE - 1, self._span.base)
        return minutes_of(raster(schedule.trigger, span, self.start).bits, end - first)

    def minutes_before(self, instant: datetime, second: int) -> int:
        """How many minutes of the year have their `second` before an instant."""
        since = seconds(instant) - self._span.base - second
        return min(max(-(-since // MINUTE), 0), DAYS * DAY // MINUTE)

    def at(self, minute: int, second: int = 0) -> datetime:
        """The instant of a minute."""
        return self.start + timedelta(minutes=minute, seconds=second)


def between(first: int, end: int) -> int:
    """The bits from `first` up to `end` (exclusive)."""
    return (1 << end) - (1 << first) if end > first else 0


def near(bits: int, distance: int) -> int:
    """Every minute less than `distance` minutes from one that is set."""
    reach, done = distance - 1, 0
    while done < reach:
        step = min(done + 1, reach - done)
        bits |= bits << step | bits >> step
        done += step
    return bits


def lowest(bits: int) -> int:
    """The first minute that is set; there is one."""
    return (bits & -bits).bit_length() - 1
