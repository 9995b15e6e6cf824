"""When a trigger fires within a span, as bits of one integer: counted by rule, not walked through.

Two weeks are 20,160 bits: to count them, to shift them, or to compare two of them takes about a
microsecond, however often the trigger fires. Elapsed time is a comb; wall times are in
`wall_times.py`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from reconciler.firing.clocks.instants import MINUTE
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.counting.bitsets import Raster, Span
from reconciler.firing.counting.wall_times import calm, calm_count, rule_of, stretches, walked
from reconciler.firing.rules import recurrence
from reconciler.model import Recurrence, Trigger


def raster(trigger: Trigger, span: Span, created: datetime) -> Raster:
    """The fires of a trigger that was created then; none for a DatastoreChange."""
    if isinstance(trigger, Recurrence):
        interval = recurrence.elapsed_interval(trigger)
        if interval is not None:
            return _elapsed(interval, *recurrence.bounds(trigger, created), span)
    rule = rule_of(trigger, created)
    if rule is None:
        return Raster()
    bits, start, stop = 0, max(span.after + 1, rule.start), min(span.until, rule.stop)
    if start > stop:
        return Raster()
    zone = clock(rule.time_zone)
    offset = zone.calm_offset(start, stop)
    if offset is not None:
        return Raster(calm(rule, start, stop, offset, span), (rule.times[0] - offset) % MINUTE)
    second = (rule.times[0] - zone.offset(start)) % MINUTE
    for low, high, offset in stretches(rule, start, stop):
        if offset is not None:
            bits |= calm(rule, low, high, offset, span)
        else:
            for at in walked(rule, low, high):
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
    rule = rule_of(trigger, created)
    if rule is None:
        return 0
    number, start, stop = 0, max(after + 1, rule.start), min(until, rule.stop)
    for low, high, offset in stretches(rule, start, stop):
        if offset is not None:
            number += calm_count(rule, low + offset, high + offset)
        else:
            number += sum(1 for _ in walked(rule, low, high))
    return number


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
    return Raster(_comb(interval // MINUTE, number) << index, second, number)


@lru_cache(maxsize=512)
def _comb(step: int, number: int) -> int:
    """So many bits, every `step`-th from the lowest on."""
    bits, width = 1, (number - 1) * step + 1
    while bits.bit_length() < width:
        bits |= bits << min(bits.bit_length() - 1 + step, width - bits.bit_length())
    return bits
