"""When a trigger fires within a span, as bits of one integer: counted by rule, not walked through.

Bit n of a raster stands for minute n of the span, counted from midnight UTC. A trigger fires at
most once in a minute, and at the same second of each, so a raster and that second hold every fire.
Two weeks are 20,160 bits: to count them, to shift them, or to compare two of them takes less than
a microsecond, however often the trigger fires.

Elapsed time is a comb. Wall times are the times of one day, put on each of its days, for as long as
the clock keeps its offset; only the hour after a change of the clock is walked through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

from reconciler.firing import cron, recurrence
from reconciler.firing.days import times_of_day
from reconciler.firing.expression import parse
from reconciler.firing.instants import DAY, HOUR, MINUTE, Advance, moment, seconds, wall_seconds
from reconciler.firing.offsets import NextWall, clock
from reconciler.model import Cron, Recurrence, Trigger

DAY_MINUTES = DAY // MINUTE
HOUR_MINUTES = HOUR // MINUTE


@dataclass(frozen=True, slots=True)
class Span:
    """From `after` (exclusive) to `until` (inclusive); all in seconds since 1970, UTC."""

    after: int
    until: int
    base: int
    """The midnight that bit 0 begins at."""

    @property
    def minutes(self) -> int:
        """How many bits there are."""
        return (self.until - self.base) // MINUTE + 1


def span_of(after: datetime, until: datetime) -> Span:
    """The span between two aware datetimes."""
    start = seconds(after)
    return Span(start, seconds(until), start - start % DAY)


@dataclass(frozen=True, slots=True)
class Raster:
    """The fires of one trigger within a span."""

    bits: int = 0
    second: int = 0
    """Of the minute, the same for all of them."""

    @property
    def count(self) -> int:
        """How many there are."""
        return self.bits.bit_count()


def raster(trigger: Trigger, span: Span, created: datetime) -> Raster:
    """The fires of a trigger that was created then; none for a DatastoreChange."""
    if isinstance(trigger, Recurrence):
        interval = recurrence.elapsed_interval(trigger)
        if interval is not None:
            first, last = recurrence.bounds(trigger, created)
            return _elapsed(interval, first, last, span)
        return _recurrence(trigger, span, created)
    return _cron(trigger, span, created) if isinstance(trigger, Cron) else Raster()


def instants(found: Raster, span: Span, bits: int | None = None) -> Iterator[datetime]:
    """The fires of a raster, or of those `bits` of it, in order."""
    left = found.bits if bits is None else bits
    start = span.base + found.second
    while left:
        lowest = left & -left
        yield moment(start + MINUTE * (lowest.bit_length() - 1))
        left ^= lowest


# ----------------------------------------------------------------------------------- elapsed time


def _elapsed(interval: int, first: int, last: int, span: Span) -> Raster:
    start = first
    if first <= span.after:
        start = span.after + interval - (span.after - first) % interval
    stop = min(last, span.until)
    if start > stop:
        return Raster()
    number = (stop - start) // interval
    index, second = divmod(start - span.base, MINUTE)
    width = number * (interval // MINUTE) + 1
    return Raster(
        (_comb(interval // MINUTE, _rounded(width)) & ((1 << width) - 1)) << index, second
    )


def _rounded(width: int) -> int:
    return -(-width // DAY_MINUTES) * DAY_MINUTES


@lru_cache(maxsize=2048)
def _comb(step: int, width: int) -> int:
    """Every `step`-th of `width` bits, from the lowest on, and maybe some beyond."""
    bits, reach = 1, step
    while reach < width:
        bits |= bits << reach
        reach *= 2
    return bits


# ------------------------------------------------------------------------------------- wall times


def _recurrence(trigger: Recurrence, span: Span, created: datetime) -> Raster:
    first, last = recurrence.bounds(trigger, created)
    zone = clock(trigger.time_zone)
    start = trigger.start_time
    anchor = wall_seconds(start) if start is not None else first + zone.offset(first)
    pattern = recurrence.effective_pattern(trigger)
    time = anchor % DAY
    # Without a pattern the anchor itself is the first fire; with one, fires are after it.
    times: tuple[int, ...] = (time,)
    earliest = first
    if pattern is not None:
        hours, minutes = pattern.hours or (time // HOUR,), pattern.minutes
        times = times_of_day(hours, minutes or (time % HOUR // MINUTE,))
        earliest = first + 1
    rule = _Rule(trigger.time_zone, recurrence.wall_times(trigger, anchor), times)
    walk = partial(recurrence.advance, trigger, created)
    return _wall(rule, max(span.after + 1, earliest), min(span.until, last), span, walk)


def _cron(trigger: Cron, span: Span, created: datetime) -> Raster:
    fields = parse(trigger.expression)
    if fields is None:
        return Raster()
    zone = clock(trigger.time_zone)
    after, until = max(span.after, seconds(created)), span.until
    if trigger.start_time is not None:
        after = max(after, zone.instant(wall_seconds(trigger.start_time)))
    if trigger.end_time is not None:
        until = min(until, zone.instant(wall_seconds(trigger.end_time)))
    times = times_of_day(fields.hours, fields.minutes)
    rule = _Rule(trigger.time_zone, fields.next_wall, times)
    return _wall(rule, after + 1, until, span, partial(cron.advance, trigger))


@dataclass(frozen=True, slots=True)
class _Rule:
    """Wall times: the search for the next, and the times of day that all of them have."""

    time_zone: str
    search: NextWall
    times: tuple[int, ...]


def _wall(rule: _Rule, start: int, stop: int, span: Span, walk: Callable[[], Advance]) -> Raster:
    """The fires from `start` to `stop`, both inclusive."""
    if start > stop:
        return Raster()
    zone = clock(rule.time_zone)
    bits, at, offset = 0, start, zone.offset(start)
    second = (rule.times[0] - offset) % MINUTE
    # A change moves the wall times right after it, so one just before `start` matters too.
    for change in zone.changes(start - 2 * DAY, stop):
        bits |= _calm(rule, at, min(change.at - 1, stop), change.before, span)
        calm = change.at + abs(change.after - change.before)
        bits |= _walked(walk(), max(change.at, start), min(calm - 1, stop), span)
        at, offset = max(calm, start), change.after
    bits |= _calm(rule, at, stop, offset, span)
    return Raster(bits, second)


def _calm(rule: _Rule, start: int, stop: int, offset: int, span: Span) -> int:
    """The fires from `start` to `stop` while the clock has one offset, and no change is near."""
    if start > stop:
        return 0
    search, first_time = rule.search, rule.times[0]
    of_day = _times_raster(rule.times)
    day = (start + offset) // DAY
    origin, last = day * DAY, stop + offset
    bits = 0
    found = search(origin - 1)
    while found <= last:
        found -= first_time  # the midnight of a day that fires
        bits |= of_day << (found - origin) // MINUTE
        found = search(found + DAY - 1)
    second = (first_time - offset) % MINUTE
    # Bit 0 is the midnight of `day` there. Cut off what is before `start` and after `stop`.
    shift = (origin - offset + first_time % MINUTE - second - span.base) // MINUTE
    low = -((span.base + second - start) // MINUTE)
    high = (stop - span.base - second) // MINUTE + 1
    bits = bits << shift if shift >= 0 else bits >> -shift
    return (bits >> low << low) & ((1 << max(high, 0)) - 1)


@lru_cache(maxsize=8192)
def _times_raster(times: tuple[int, ...]) -> int:
    bits = 0
    for time in times:
        bits |= 1 << time // MINUTE
    return bits


def _walked(walk: Advance, start: int, stop: int, span: Span) -> int:
    bits, at = 0, walk(start - 1)
    while at <= stop:
        bits |= 1 << (at - span.base) // MINUTE
        at = walk(at)
    return bits
