"""When a trigger fires within a span, as bits of one integer: counted by rule, not walked through.

Bit n of a raster stands for minute n of the span, counted from midnight UTC. A trigger fires at
most once in a minute, and at the same second of each, so a raster and that second hold every fire.
Two weeks are 20,160 bits: to count them, to shift them, or to compare two of them takes less than
a microsecond, however often the trigger fires.

Elapsed time is a comb. Wall times are the times of one day, put on each of its days, for as long as
the clock keeps its offset; only the hour after a change of the clock is walked through. What holds
for many triggers is found out once: which days a rule chooses, and the wall times of equal rules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from reconciler.firing import cron, recurrence
from reconciler.firing.days import NextDay, times_of_day
from reconciler.firing.expression import parse
from reconciler.firing.instants import DAY, HOUR, MINUTE, Advance, moment, seconds, wall_seconds
from reconciler.firing.offsets import clock
from reconciler.model import Cron, Recurrence, Trigger

DAY_MINUTES = DAY // MINUTE
HOUR_MINUTES = HOUR // MINUTE
_DAY_BITS = (1 << DAY_MINUTES) - 1


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
            return _elapsed(interval, *recurrence.bounds(trigger, created), span)
    rule = _rule(trigger, created)
    if rule is None:
        return Raster()
    bits, start, stop = 0, max(span.after + 1, rule.start), min(span.until, rule.stop)
    second = (rule.times[0] - clock(rule.time_zone).offset(start)) % MINUTE
    for low, high, offset in _stretches(rule, start, stop):
        if offset is not None:
            bits |= _calm(rule, low, high, offset, span)
        else:
            for at in _walked(rule, low, high):
                bits |= 1 << (at - span.base) // MINUTE
    return Raster(bits, second)


def count(trigger: Trigger, after: int, until: int, created: datetime) -> int:
    """How many fires a raster would hold: for a span that is too long to make one."""
    if isinstance(trigger, Recurrence):
        interval = recurrence.elapsed_interval(trigger)
        if interval is not None:
            first, last = recurrence.bounds(trigger, created)
            number, start = _multiples(interval, first, min(last, until), after)
            return max(number, 0)
    rule = _rule(trigger, created)
    if rule is None:
        return 0
    number, start, stop = 0, max(after + 1, rule.start), min(until, rule.stop)
    for low, high, offset in _stretches(rule, start, stop):
        if offset is not None:
            number += _calm_count(rule, low + offset, high + offset)
        else:
            number += sum(1 for _ in _walked(rule, low, high))
    return number


def minutes_of(bits: int, number: int) -> list[int]:
    """The lowest `number` bits that are set, in order."""
    found: list[int] = []
    start = 0
    while bits:
        # By days: what is done to the whole of a long integer bit by bit is slow.
        day = bits & _DAY_BITS
        while day:
            lowest = day & -day
            found.append(start + lowest.bit_length() - 1)
            if len(found) >= number:
                return found
            day ^= lowest
        bits >>= DAY_MINUTES
        start += DAY_MINUTES
    return found


def instants(found: Raster, span: Span, number: int | None = None) -> list[datetime]:
    """The fires of a raster, or the first `number` of them, in order."""
    start = span.base + found.second
    minutes = minutes_of(found.bits, found.count if number is None else number)
    return [moment(start + MINUTE * minute) for minute in minutes]


# ----------------------------------------------------------------------------------- elapsed time


def _multiples(interval: int, first: int, last: int, after: int) -> tuple[int, int]:
    """How many there are after `after` up to `last`, and the first; below 1 there is none."""
    start = first if first > after else after + interval - (after - first) % interval
    return (last - start) // interval + 1, start


def _elapsed(interval: int, first: int, last: int, span: Span) -> Raster:
    number, start = _multiples(interval, first, min(last, span.until), span.after)
    if number < 1:
        return Raster()
    index, second = divmod(start - span.base, MINUTE)
    step = interval // MINUTE
    width = (number - 1) * step + 1
    return Raster((_comb(step, _rounded(width)) & ((1 << width) - 1)) << index, second)


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


class _Rule(NamedTuple):
    """Wall times in a zone: on which days, at which seconds of them, and between which instants."""

    time_zone: str
    days: NextDay
    times: tuple[int, ...]
    start: int
    stop: int
    """Both inclusive."""
    walk: Callable[[], Advance]
    """All of it as a walk, for where the clock changes."""


def _rule(trigger: Trigger, created: datetime) -> _Rule | None:
    """None: it never fires."""
    if isinstance(trigger, Recurrence):
        return _recurrence(trigger, created)
    return _cron(trigger, created) if isinstance(trigger, Cron) else None


def _recurrence(trigger: Recurrence, created: datetime) -> _Rule:
    first, last = recurrence.bounds(trigger, created)
    start = trigger.start_time
    anchor = wall_seconds(start) if start is not None else first
    if start is None:
        anchor += clock(trigger.time_zone).offset(first)
    days, times = recurrence.days_and_times(trigger, anchor)
    # Without a pattern the anchor itself is the first fire; with one, fires are after it.
    earliest = first if recurrence.effective_pattern(trigger) is None else first + 1
    walk = partial(recurrence.advance, trigger, created)
    return _Rule(trigger.time_zone, days, times, earliest, last, walk)


def _cron(trigger: Cron, created: datetime) -> _Rule | None:
    fields = parse(trigger.expression)
    if fields is None:
        return None
    zone = clock(trigger.time_zone)
    after, until = seconds(created), LAST
    if trigger.start_time is not None:
        after = max(after, zone.instant(wall_seconds(trigger.start_time)))
    if trigger.end_time is not None:
        until = zone.instant(wall_seconds(trigger.end_time))
    times = times_of_day(fields.hours, fields.minutes)
    walk = partial(cron.advance, trigger)
    return _Rule(trigger.time_zone, fields.next_day, times, after + 1, until, walk)


def _stretches(rule: _Rule, start: int, stop: int) -> Iterator[tuple[int, int, int | None]]:
    """From `start` to `stop`, both inclusive, in parts: first, last, and the offset of the clock.

    No offset: the clock has just changed, which moves the wall times right after.
    """
    zone = clock(rule.time_zone)
    if start > stop:
        return
    at, offset = start, zone.offset(start)
    # A change just before `start` matters too.
    for change in zone.changes(start - 2 * DAY, stop):
        if at < change.at:
            yield at, change.at - 1, change.before
        calm = change.at + abs(change.after - change.before)
        low, high = max(change.at, start), min(calm - 1, stop)
        if low <= high:
            yield low, high, None
        at, offset = max(calm, start), change.after
    if at <= stop:
        yield at, stop, offset


def _walked(rule: _Rule, start: int, stop: int) -> Iterator[int]:
    walk = rule.walk()
    at = walk(start - 1)
    while at <= stop:
        yield at
        at = walk(at)


def _calm(rule: _Rule, start: int, stop: int, offset: int, span: Span) -> int:
    """The fires from `start` to `stop` while the clock has one offset, and no change is near."""
    # No clock is a day off, so of the days before and after the span there is one each.
    midnight = span.base - DAY
    number = span.minutes // DAY_MINUTES + 3
    bits = _wall_raster(rule.days, rule.times, midnight // DAY, number)
    first_time = rule.times[0]
    second = (first_time - offset) % MINUTE
    # Bit 0 is midnight there. Cut off what is before `start` and after `stop`.
    shift = (midnight - offset + first_time % MINUTE - second - span.base) // MINUTE
    low = -((span.base + second - start) // MINUTE)
    high = (stop - span.base - second) // MINUTE + 1
    bits = bits << shift if shift >= 0 else bits >> -shift
    return (bits >> low << low) & ((1 << max(high, 0)) - 1)


def _calm_count(rule: _Rule, start: int, stop: int) -> int:
    """How many wall times there are from `start` to `stop`, both inclusive."""
    times = rule.times
    (first, low), (last, high) = divmod(start, DAY), divmod(stop, DAY)
    # By whole years of days, so that equal rules are asked for the same ones.
    days = _days(rule.days, first, last - first + 1)
    number = days.bit_count() * len(times)
    if days & 1:
        number -= bisect_left(times, low)
    if days >> (last - first) & 1:
        number -= len(times) - bisect_right(times, high)
    return number


@lru_cache(maxsize=8192)
def _days(days: NextDay, first: int, number: int) -> int:
    """Which of `number` days from `first` on are chosen, as bits."""
    bits, day = 0, days(first)
    while day < first + number:
        bits |= 1 << day - first
        day = days(day + 1)
    return bits


@lru_cache(maxsize=256)
def _wall_raster(days: NextDay, times: tuple[int, ...], first: int, number: int) -> int:
    """The wall times on `number` days from `first` on; bit n is minute n from the first midnight."""
    chosen = _days(days, first, number)
    bits = 0
    if chosen.bit_count() < len(times):
        of_day = _times_raster(times)
        for day in minutes_of(chosen, number):
            bits |= of_day << day * DAY_MINUTES
        return bits
    midnights = _midnights(chosen)
    for time in times:
        bits |= midnights << time // MINUTE
    return bits


@lru_cache(maxsize=512)
def _midnights(days: int) -> int:
    bits = 0
    for day in minutes_of(days, days.bit_count()):
        bits |= 1 << day * DAY_MINUTES
    return bits


@lru_cache(maxsize=4096)
def _times_raster(times: tuple[int, ...]) -> int:
    bits = 0
    for time in times:
        bits |= 1 << time // MINUTE
    return bits
