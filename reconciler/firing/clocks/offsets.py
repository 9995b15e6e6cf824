"""The clock of a time zone as integers: where it changes, and how wall times meet instants.

`Clock.next` is where the rules for clock changes live, once for every kind of trigger. They are
those of Azure Logic Apps, on which Azure ML schedules run ("Schedules for recurring triggers", the
tables on daylight saving time): a wall time that the clock skips runs as late after the change as
it would have been, and one that is repeated runs once, the first time.

zoneinfo does not tell when a zone changes, so a stretch of 388 days is sampled the first time that
it is asked about, and kept: afterwards a conversion is two look-ups.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reconciler.firing.clocks.instants import DAY, FIRST, LAST, NEVER, moment, seconds

NextWall = Callable[[int], int]
"""The first wall time of a trigger that is strictly after the given one, or NEVER."""

_BITS = 25
"""A block is 2 ** 25 seconds, about 388 days: found with one shift, sampled in some 0.2 ms."""
_MARGIN = 2 * DAY
"""A block knows this much of its neighbours. No zone ever changed by more than one day."""


class Change(NamedTuple):
    """At the instant `at` the offset goes from `before` to `after`; all in seconds."""

    at: int
    before: int
    after: int


class Segment(NamedTuple):
    """A stretch with one offset, up to the instant `end`."""

    offset: int
    calm: int
    """From here on no wall time is one that the change before it skipped or repeated."""
    end: int


class Block(NamedTuple):
    """The changes of one block and its margins; one segment more than there are changes."""

    changes: tuple[Change, ...]
    instants: tuple[int, ...]
    walls: tuple[int, ...]
    """For each change, the wall time from which the offset after it holds for certain."""
    segments: tuple[Segment, ...]


class Clock:
    """The offsets of one zone."""

    __slots__ = ("_blocks", "_zone")

    def __init__(self, zone: ZoneInfo) -> None:
        """Nothing is sampled before it is asked for."""
        self._zone = zone
        self._blocks: dict[int, Block] = {}

    def _block(self, second: int) -> Block:
        number = second >> _BITS
        block = self._blocks.get(number)
        if block is None:
            block = self._blocks[number] = _sample(self._zone, number)
        return block

    def offset(self, instant: int) -> int:
        """The offset from UTC in force at `instant`."""
        block = self._block(instant)
        return block.segments[bisect_right(block.instants, instant)].offset

    def calm_offset(self, after: int, until: int) -> int | None:
        """The offset from `after` to `until`; None if it changes, or has shortly before."""
        block = self._block(after)
        offset, calm, end = block.segments[bisect_right(block.instants, after)]
        return offset if calm <= after and until < end else None

    def instant(self, wall: int) -> int:
        """When `wall` is: the first time if repeated, as late after the change if skipped."""
        block = self._block(wall)
        return wall - block.segments[bisect_right(block.walls, wall)].offset

    def next(self, instant: int, next_wall: NextWall) -> int:
        """The first instant after `instant` at which a wall time of `next_wall` runs, or NEVER."""
        block = self._blocks.get(instant >> _BITS) or self._block(instant)
        offset, calm, end = block.segments[bisect_right(block.instants, instant)]
        if instant >= calm:
            found = next_wall(instant + offset) - offset
            if found < end:
                return found
        return self._next_near_change(instant, next_wall)

    def _next_near_change(self, instant: int, next_wall: NextWall) -> int:
        block = self._block(instant)
        index = bisect_right(block.instants, instant)
        offset, calm, _ = block.segments[index]
        wall, late = instant + offset, NEVER
        if instant < calm:
            change = block.changes[index - 1]
            if change.after > change.before:  # what was skipped is still running, late
                skipped = next_wall(instant + change.before)
                if skipped < change.at + change.after:
                    late = skipped - change.before
            else:  # what is repeated has already run
                wall = max(wall, change.at + change.before - 1)
        return min(late, self._first_from(next_wall(wall), next_wall))

    def _first_from(self, wall: int, next_wall: NextWall) -> int:
        """The first instant of `wall` and all that follow; the next change may still lie ahead."""
        if wall >= NEVER:
            return NEVER
        block = self._block(wall)
        index = bisect_right(block.walls, wall)
        found = wall - block.segments[index].offset
        if index < len(block.changes):
            change = block.changes[index]
            if change.at + change.before <= wall:
                # `wall` is skipped, or repeated: in the first case the wall times right after the
                # change come while those that were skipped still run late.
                resumes = change.at + max(change.before, change.after)
                found = min(found, next_wall(resumes - 1) - change.after)
        return found

    def next_elapsed(self, instant: int, next_wall: NextWall) -> int:
        """The first instant after `instant` whose wall time, as the clock shows it, is one.

        Unlike `next`: skipped wall times do not exist, repeated ones come each time.
        """
        at = instant
        while True:
            block = self._block(at)
            offset, _, end = block.segments[bisect_right(block.instants, at)]
            found = next_wall(instant + offset) - offset
            if found < end or found > LAST:
                return found
            at, instant = end, end - 1

    def changes(self, after: int, until: int) -> tuple[Change, ...]:
        """The changes after `after`, up to and with `until`."""
        found: tuple[Change, ...] = ()
        for number in range(after >> _BITS, (until >> _BITS) + 1):
            block = self._block(number << _BITS)
            # Without its margins: what they hold, its neighbours do.
            low = max(after, (number << _BITS) - 1)
            high = min(until, (number + 1 << _BITS) - 1)
            instants = block.instants
            found += block.changes[bisect_right(instants, low) : bisect_right(instants, high)]
        return found


def _sample(zone: ZoneInfo, number: int) -> Block:
    start, stop = (number << _BITS) - _MARGIN, (number + 1 << _BITS) + _MARGIN
    changes = []
    known, offset = start, _offset(zone, start)
    while known < stop:
        # The closest two changes of any zone are four days apart (Africa/Freetown in 1939).
        ahead = min(known + 2 * DAY, stop)
        other = _offset(zone, ahead)
        if other != offset:
            changes.append(_pin_down(zone, known, ahead))
        known, offset = ahead, other
    offsets = [_offset(zone, start), *(change.after for change in changes)]
    calm = [FIRST - DAY, *(at + abs(after - before) for at, before, after in changes)]
    ends = [*(change.at for change in changes), stop]
    return Block(
        tuple(changes),
        tuple(change.at for change in changes),
        tuple(at + max(before, after) for at, before, after in changes),
        tuple(Segment(*parts) for parts in zip(offsets, calm, ends, strict=True)),
    )


def _pin_down(zone: ZoneInfo, low: int, high: int) -> Change:
    """The change between `low` and `high`, to the second."""
    before, after = _offset(zone, low), _offset(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return Change(high, before, after)


def _offset(zone: ZoneInfo, instant: int) -> int:
    # Two days short of the ends, where the wall time would leave what a datetime can hold.
    held = max(FIRST + _MARGIN, min(instant, LAST - _MARGIN))
    offset = zone.fromutc(datetime(1970, 1, 1, tzinfo=zone) + timedelta(seconds=held)).utcoffset()
    assert offset is not None
    return offset.days * DAY + offset.seconds


@lru_cache(maxsize=1024)
def clock(name: str) -> Clock:
    """The clock of an IANA zone; ZoneInfoNotFoundError if there is none of that name."""
    return Clock(ZoneInfo(name))


# ------------------------------------------------------------------------------- for other stages


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of the clock of a zone at the UTC instant `at`, from one UTC offset to another."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_gap(self) -> bool:
        """Whether the clock goes forward and wall times are skipped; else they are repeated."""
        return self.after > self.before

    @property
    def wall_start(self) -> datetime:
        """The first wall time that is skipped or repeated, naive."""
        return self.at.replace(tzinfo=None) + min(self.before, self.after)

    @property
    def wall_end(self) -> datetime:
        """The first wall time after those that are skipped or repeated, naive."""
        return self.at.replace(tzinfo=None) + max(self.before, self.after)


def transitions(name: str, after: datetime, until: datetime) -> tuple[Transition, ...]:
    """The clock changes of the IANA zone `name` after `after`, up to and with `until`."""
    found = clock(name).changes(seconds(after), seconds(until))
    return tuple(_transition(change) for change in found)


@lru_cache(maxsize=4096)
def _transition(change: Change) -> Transition:
    before, after = timedelta(seconds=change.before), timedelta(seconds=change.after)
    return Transition(moment(change.at), before, after)
