"""Fires within a span as bits of one integer: the span, the raster, and how to read one.

Bit n of a raster stands for minute n of the span, counted from midnight UTC. A trigger fires at
most once in a minute, and at the same second of each, so a raster and that second hold every fire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from reconciler.firing.clocks.instants import DAY, HOUR, MINUTE, moment, seconds

DAY_MINUTES = DAY // MINUTE
HOUR_MINUTES = HOUR // MINUTE
FEW = 3
"""So many fires are shown where only the first are."""
_PIECE = 3 * DAY_MINUTES
_PIECE_BITS = (1 << _PIECE) - 1


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


class Raster:
    """The fires of one trigger within a span; never changed.

    What is found out about it is kept, for that is to look at every bit.
    """

    __slots__ = ("_count", "_first", "bits", "second")

    def __init__(self, bits: int = 0, second: int = 0, count: int | None = None) -> None:
        """`second`: of the minute, the same for all fires; `count`: of them, where it is known."""
        self.bits = bits
        self.second = second
        self._count = count
        self._first: list[int] | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        if self._count is None:
            self._count = self.bits.bit_count()
        return self._count

    @property
    def first(self) -> list[int]:
        """The first FEW minutes, in order."""
        if self._first is None:
            self._first = minutes_of(self.bits, FEW)
        return self._first


@lru_cache(maxsize=64)
def lowest_bits(number: int) -> int:
    """So many bits, all of them set."""
    return (1 << number) - 1


def minutes_of(bits: int, number: int) -> list[int]:
    """The lowest `number` bits that are set, in order."""
    found: list[int] = []
    start = 0
    while bits:
        # In pieces: what is done to the whole of a long integer bit by bit is slow.
        piece = bits & _PIECE_BITS
        while piece:
            lowest = piece & -piece
            found.append(start + lowest.bit_length() - 1)
            if len(found) >= number:
                return found
            piece ^= lowest
        bits >>= _PIECE
        start += _PIECE
    return found


def instants(found: Raster, span: Span, bits: int | None = None) -> Iterator[datetime]:
    """The fires of a raster, or of those `bits` of it, in order."""
    left = found.bits if bits is None else bits
    start = span.base + found.second
    for minute in minutes_of(left, span.minutes):
        yield moment(start + MINUTE * minute)
