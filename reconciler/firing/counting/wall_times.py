"""Triggers with times of day as bits, or counted: their times put on the days that a rule chooses.

That holds as long as the clock keeps its offset; the hour after a change of the clock is walked
through. What holds for many triggers is found out once: which days a rule chooses, and the wall
times of equal rules.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple

from reconciler.firing.clocks.instants import DAY, LAST, MINUTE, Advance, seconds, wall_seconds
from reconciler.firing.clocks.offsets import Change, clock
from reconciler.firing.counting.bitsets import DAY_MINUTES, Span, lowest_bits, minutes_of
from reconciler.firing.rules import cron, recurrence
from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.days import NextDay, times_of_day
from reconciler.model import Cron, Recurrence, Trigger


class Rule(NamedTuple):
    """Wall times in a zone: on which days, at which seconds of them, and between which instants."""

    time_zone: str
    days: NextDay
    times: tuple[int, ...]
    start: int
    stop: int
    """Both inclusive."""
    walk: Callable[[], Advance]
    """All of it as a walk, for where the clock changes."""


def rule_of(trigger: Trigger, created: datetime) -> Rule | None:
    """None: it never fires."""
    if isinstance(trigger, Recurrence):
        return _recurrence(trigger, created)
    return _cron(trigger, created) if isinstance(trigger, Cron) else None


def _recurrence(trigger: Recurrence, created: datetime) -> Rule:
    first, last = recurrence.bounds(trigger, created)
    days, times = recurrence.days_and_times(trigger, recurrence.anchor_of(trigger, created))
    # Without a pattern the anchor itself is the first fire; with one, fires are after it.
    earliest = first if recurrence.effective_pattern(trigger) is None else first + 1
    walk = partial(recurrence.advance, trigger, created)
    return Rule(trigger.time_zone, days, times, earliest, last, walk)


def _cron(trigger: Cron, created: datetime) -> Rule | None:
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
    return Rule(trigger.time_zone, fields.next_day, times, after + 1, until, walk)


def stretches(rule: Rule, start: int, stop: int) -> Iterator[tuple[int, int, int | None]]:
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
        resumes = change.at + abs(change.after - change.before)
        low, high = max(change.at, start), min(resumes - 1, stop)
        if low <= high and _may_fire(rule.times, change, resumes):
            yield low, high, None
        at, offset = max(resumes, start), change.after
    if at <= stop:
        yield at, stop, offset


def _may_fire(times: tuple[int, ...], change: Change, calm: int) -> bool:
    """Whether there is such a time of day, by either offset, from a change until `calm`."""
    first = change.at + min(change.before, change.after)
    last = calm + max(change.before, change.after)
    index = bisect_left(times, first % DAY)
    following = times[index] if index < len(times) else times[0] + DAY
    return following < first % DAY + last - first


def walked(rule: Rule, start: int, stop: int) -> Iterator[int]:
    """The fires from `start` to `stop`, both inclusive, one after the other."""
    walk = rule.walk()
    at = walk(start - 1)
    while at <= stop:
        yield at
        at = walk(at)


def calm(rule: Rule, start: int, stop: int, offset: int, span: Span) -> int:
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
    early = bits & lowest_bits(max(low, 0))
    return (bits ^ early) & lowest_bits(max(high, 0))


def calm_count(rule: Rule, start: int, stop: int) -> int:
    """How many wall times there are from `start` to `stop`, both inclusive."""
    times = rule.times
    (first, low), (last, high) = divmod(start, DAY), divmod(stop, DAY)
    # In whole months or so, for zones and starts differ by little, and days are kept.
    base = first & -32
    days = chosen_days(rule.days, base, (last + 32 & -32) - base) >> first - base
    days &= (1 << last - first + 1) - 1
    number = days.bit_count() * len(times)
    if days & 1:
        number -= bisect_left(times, low)
    if days >> (last - first) & 1:
        number -= len(times) - bisect_right(times, high)
    return number


@lru_cache(maxsize=8192)
def chosen_days(days: NextDay, first: int, number: int) -> int:
    """Which of `number` days from `first` on are chosen, as bits."""
    bits, day = 0, days(first)
    while day < first + number:
        bits |= 1 << day - first
        day = days(day + 1)
    return bits


@lru_cache(maxsize=256)
def _wall_raster(days: NextDay, times: tuple[int, ...], first: int, number: int) -> int:
    """The wall times on `number` days from `first` on, as minutes since the midnight of that."""
    chosen = chosen_days(days, first, number)
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
