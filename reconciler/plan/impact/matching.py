"""Fires that went and that came, few on each day -> those that belong together."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from reconciler.firing.clocks.instants import DAY, MINUTE
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.counting.bitsets import Span, lowest_bits, minutes_of

FEW_A_DAY = 4
"""So many fires of a day are told apart, in the mean and on each day that has more of one kind."""


class Pairs(NamedTuple):
    """Fires that were moved."""

    number: int = 0
    by: int | None = None
    """Minutes, where they are the same for all."""
    first: Mapping[int, int] = MappingProxyType({})
    """The first of them: minutes before and after."""


def pairs_by_day(gone: int, come: int, span: Span, time_zone: str, until: int) -> Pairs:
    """Pairs of fires on one day, in their order; all those up to the day of minute `until`."""
    number, first, lengths = 0, dict[int, int](), set[int]()
    start = 0
    for length, bits, days in _weeks(span.base, span.minutes, time_zone):
        old_left, new_left = gone & bits, come & bits
        gone >>= length
        come >>= length
        for width, mask in days:
            old, new = old_left & mask, new_left & mask
            old_left >>= width
            new_left >>= width
            if old and new:
                removed, added = old.bit_count(), new.bit_count()
                if removed == added or max(removed, added) <= FEW_A_DAY:
                    number += min(removed, added)
                    if start <= until or len(lengths) < 2:
                        fires = zip(minutes_of(old, removed), minutes_of(new, added), strict=False)
                        for before, after in fires:
                            first[start + before] = start + after
                            lengths.add(after - before)
            start += width
    return Pairs(number, lengths.pop() if len(lengths) == 1 else None, first)


_Bits = tuple[int, int]
"""A number of minutes, and as many bits."""


@lru_cache(maxsize=256)
def _weeks(base: int, minutes: int, time_zone: str) -> tuple[tuple[int, int, list[_Bits]], ...]:
    """The days on a clock that make up a span, seven at a time: to cut a day off the whole of it is
    slow.
    """
    zone = clock(time_zone)
    day = (base + zone.offset(base)) // DAY
    found, start, stop = [], 0, 0
    while stop < minutes:
        days = []
        for _ in range(7):
            day += 1
            end = -((base - zone.instant(day * DAY)) // MINUTE)
            days.append((end - stop, lowest_bits(end - stop)))
            stop = end
        found.append((stop - start, lowest_bits(stop - start), days))
        start = stop
    return tuple(found)
