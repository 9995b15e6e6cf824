"""Fires before and after -> which are added, which are removed, and which are moved, by how much.

A fire that is only before and one that is only after are one that was moved, if that explains them
all: shifted by one length, the first are the second, but for what the ends of the span cut off. Or
if there are few, on one day on the clock of the schedule. Else nobody could say which went where:
some are removed, and others are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from reconciler.firing.clocks.instants import DAY, MINUTE, kept_moment
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.counting.bitsets import (
    DAY_MINUTES,
    FEW,
    Raster,
    lowest_bits,
    minutes_of,
)
from reconciler.model import MovedFire
from reconciler.plan.impact.frames import Compared, Frame
from reconciler.plan.impact.matching import FEW_A_DAY, Pairs, pairs_by_day
from reconciler.plan.impact.zone_shift import ZoneShift

_TRIES = 4
_WEEK_MINUTES = 7 * DAY_MINUTES
_when = itemgetter(0)


class Moves(NamedTuple):
    """What a change does to the fires within a span."""

    added: int = 0
    removed: int = 0
    moved: int = 0
    by: timedelta | None = None
    """By how much all of those are moved, on the clock on the wall where both have one."""
    examples: tuple[MovedFire, ...] = ()
    gone: int = 0
    come: int = 0
    """The minutes of `frame` of those that are only before, and only after, as bits."""
    is_whole: bool = False
    """Whether `by` explains all that differs, but for what the ends of the span cut off."""
    frame: Frame | None = None
    """What those minutes are of; None where nothing differs."""
    now: timedelta | None = None
    """By how much what is near the apply is moved: `by`, if it is whole, or less than all of it
    where two clocks part.
    """
    zones: ZoneShift | None = None
    """What is written down for another zone, if all is moved so: days on one clock tell nothing."""


def compare(
    before: Raster,
    after: Raster,
    both: Compared,
    known: timedelta | None = None,
    zones: ZoneShift | None = None,
) -> Moves:
    """What differs between the instants of `before` and `after`, which `both` has in one frame.

    `known`: the length by which all is moved, from elsewhere; taken if nothing contradicts it.
    `zones`: what is written down for another zone, of which clocks that part make several lengths.
    """
    gone, come, removed, added = _apart(before, after)
    if not gone and not come:
        return Moves()
    frame, number = both.frame, (removed, added)
    if frame.is_wall:
        before, after = both.before, both.after
        gone, come, removed, added = _apart(before, after)
    first_gone = before.first if gone is before.bits else minutes_of(gone, FEW)
    first_come = after.first if come is after.bits else minutes_of(come, FEW)
    pairs, is_whole, is_written = Pairs(), False, False
    if gone and come:
        span, zone = frame.span, frame.time_zone
        search = _Shift(gone, come, both)
        wanted = known // timedelta(minutes=1) if known is not None else 0
        sure = search.explained(wanted) if wanted else None
        shift = (wanted, sure) if sure is not None else None
        if shift is None and both.is_one_beat and not frame.is_parting:
            shift = search.find(first_gone, removed - added)
        if shift is not None:
            length, matched = shift
            first = {at - length: at for at in minutes_of(matched, FEW)}
            # What the ends of the span cut off is moved as well, but for what one of them cuts off
            # more than the other.
            pairs, is_whole = Pairs(min(removed, added), length, first), True
            is_written = sure is not None and zones is not None
        elif max(removed, added) <= FEW_A_DAY * (span.minutes // DAY_MINUTES + 1):
            is_written = frame.is_parting and zones is not None
            if frame.is_parting and zones is not None:
                pairs = _written(gone, come, both, zones, min(removed, added))
            else:
                shown = max(first_gone[-1], first_come[-1])
                pairs = pairs_by_day(gone, come, span, zone, shown)
            is_whole = pairs.by is not None and pairs.number == removed == added
    by, seconds = pairs.by, after.second - before.second
    whole = timedelta(minutes=by, seconds=seconds) if by is not None else None
    # Two wall times may be one instant, where the clock skips one of them.
    moved = min(pairs.number, *number)
    return Moves(
        number[1] - moved,
        number[0] - moved,
        moved,
        whole,
        _examples(first_gone, first_come, pairs, frame, (before.second, after.second)),
        gone,
        come,
        is_whole,
        frame,
        whole if is_whole else known if frame.is_parting else None,
        zones if is_written else None,
    )


def _written(gone: int, come: int, both: Compared, zones: ZoneShift, most: int) -> Pairs:
    """Each fire with that of its wall time in the other zone, of `most` at most."""
    base = both.frame.span.base
    first, lengths, number = dict[int, int](), set[int](), 0
    for minute in minutes_of(gone, gone.bit_count()):
        at = zones.later(base + both.before.second + minute * MINUTE)
        to = (at - base - both.after.second) // MINUTE
        if to >= 0 and come >> to & 1:
            number += 1
            lengths.add(to - minute)
            if len(first) < FEW:
                first[minute] = to
    # What the ends of the span cut off is moved as well.
    return Pairs(
        number if both.is_cut else most, lengths.pop() if len(lengths) == 1 else None, first
    )


def _apart(before: Raster, after: Raster) -> tuple[int, int, int, int]:
    """The minutes that are only before, and only after, and how many of each."""
    gone, come, removed, added = before.bits, after.bits, before.count, after.count
    common = gone & come if before.second == after.second else 0
    if common:
        gone, come, number = gone ^ common, come ^ common, common.bit_count()
        removed, added = removed - number, added - number
    return gone, come, removed, added


def shifted(bits: int, by: int) -> int:
    """Moved by so many minutes, to later ones if positive; what gets below 0 is lost."""
    return bits << by if by >= 0 else bits >> -by


# ------------------------------------------------------------------------------------ all of them


class _Shift:
    """The search for one length by which all that went came again."""

    def __init__(self, gone: int, come: int, both: Compared) -> None:
        """In minutes of the span of the frame."""
        self.gone, self.come, self.both = gone, come, both
        base = both.frame.span.base
        self.may_before = _minutes(both.may_before, both.before.second, base)
        self.may_after = _minutes(both.may_after, both.after.second, base)

    def find(self, first: Sequence[int], fewer: int) -> tuple[int, int] | None:
        """The length, and as what all came again; None if there is no such length.

        `first`: the first that went; `fewer`: so many did not come again.
        """
        gone, come, span = self.gone, self.come, self.both.frame.span
        time_zone = self.both.frame.time_zone
        tried: set[int] = set()
        more, may = (gone, self.may_after) if fewer > 0 else (come, self.may_before)
        is_near = _may_be_cut_off(abs(fewer), more, _WEEK_MINUTES, *may, is_cut=self.both.is_cut)
        # The first of a day and of a week, but not of those of the apply, of which some is past,
        # nor of those in which one starts.
        begins = max(span.after, self.both.may_before[0] - 1, self.both.may_after[0] - 1)
        midnight, monday = _first_whole(begins, span.base, time_zone)
        at, days_of = _first_from(midnight, gone, first), ((midnight, 1), (monday, 7))
        if is_near:
            whole = ((_first_from(begin, gone, first), days) for begin, days in days_of)
            found = self._first_explained(self._within(whole, time_zone), tried)
            if found:
                return found
        behind, ahead = come & ((1 << at) - 1), come >> at
        nearest = minutes_of(ahead, 1)
        nearest += [behind.bit_length() - 1 - at] if behind else []
        nearest.append(come.bit_length() - gone.bit_length())
        far = (by for by in nearest if is_near or abs(by) >= _WEEK_MINUTES)
        # Of what fires every other week all may lie in that of the apply, and the first of them
        # have partners that are past.
        parts: Iterable[tuple[int, int]] = ()
        if is_near and gone.bit_count() <= 7 * FEW_A_DAY:
            is_this_week = gone.bit_length() <= monday
            asked = minutes_of(gone, 7 * FEW_A_DAY) if is_this_week else first[:1]
            parts = ((one, days) for one in asked for _, days in days_of)
        return self._first_explained(chain(far, self._within(parts, time_zone)), tried)

    def _within(self, parts: Iterable[tuple[int, int]], time_zone: str) -> Iterator[int]:
        """Lengths from a minute of what went to some of what came in its day, or its week."""
        span = self.both.frame.span
        for one, days in parts:
            local = span.base + one * MINUTE
            local += clock(time_zone).offset(local)
            start = one - local % DAY // MINUTE - (local // DAY + 3) % days * DAY_MINUTES
            window = shifted(self.come & lowest_bits(max(start + days * DAY_MINUTES, 0)), -start)
            since = one - start
            found = minutes_of(window, _TRIES)
            if len(found) == _TRIES:
                # On a day of which the clock skips an hour, the first ones may be far from it.
                found += [since + at for at in minutes_of(window >> since, 1)]
                found += [(window & lowest_bits(since)).bit_length() - 1]
            yield from sorted([at - since for at in found if at >= 0], key=abs)

    def _first_explained(self, lengths: Iterable[int], tried: set[int]) -> tuple[int, int] | None:
        for by in lengths:
            if by not in tried:
                tried.add(by)
                matched = self.explained(by)
                if matched:
                    return by, matched
        return None

    def explained(self, by: int) -> int | None:
        """What came if all is moved, but for what lies where the other side cannot fire; else
        None.
        """
        gone, come = self.gone, self.come
        first, last = self.may_after
        # Most are found not to fit by the last one alone.
        end = gone.bit_length() - 1 + by
        if first <= end <= last and not come >> end & 1:
            return None
        matched = shifted(gone, by) & come
        if _cut(gone ^ shifted(matched, -by), first - by, last - by):
            return None
        new, (first, last) = come ^ matched, self.may_before
        return None if _cut(new, first + by, last + by) else matched


def _minutes(may: tuple[int, int], second: int, base: int) -> tuple[int, int]:
    """The first and the last minute of a range of seconds."""
    return -((base + second - may[0]) // MINUTE), (may[1] - base - second) // MINUTE


def _cut(bits: int, first: int, last: int) -> int:
    """Those from the minute `first` to `last`, both inclusive."""
    if last < first or bits.bit_length() <= first:
        return 0
    first = max(first, 0)
    return bits >> first & lowest_bits(max(last + 1 - first, 0))


def _first_from(minute: int, gone: int, first: Sequence[int]) -> int:
    """The first of `gone` from a minute on; the first of all if there is none.

    `first`: the first few of `gone`, to look at fewer bits.
    """
    if first[-1] >= minute:
        return next(each for each in first if each >= minute)
    later = minutes_of(gone >> minute, 1)
    return later[0] + minute if later else first[0]


@lru_cache(maxsize=256)
def _first_whole(after: int, base: int, time_zone: str) -> tuple[int, int]:
    """The minutes at which the first whole day and the first whole week on the clock begin."""
    local = after + clock(time_zone).offset(after)
    midnight = (after - base) // MINUTE + (DAY - local % DAY) // MINUTE
    tomorrow = local // DAY + 1
    return midnight, midnight + -(tomorrow + 3) % 7 * DAY_MINUTES


def _may_be_cut_off(
    number: int, more: int, length: int, low: int, high: int, *, is_cut: bool
) -> bool:
    """Whether fires that are moved by less than `length` can leave so many without a partner: those
    near the ends of what the other side fires in, or beyond them. `is_cut`: by a start or an end.
    """
    if number == 0:
        return True
    early = (more & lowest_bits(max(low + length, 0))).bit_count()
    late = (more >> max(high - length, 0)).bit_count()
    return number <= (early + late if is_cut else max(early, late))


# --------------------------------------------------------------------------------------- examples


def _examples(
    gone: Sequence[int], come: Sequence[int], pairs: Pairs, frame: Frame, second: tuple[int, int]
) -> tuple[MovedFire, ...]:
    """The first fires that differ, in the order of time."""
    was, shall = frame.span.base + second[0], frame.span.base + second[1]
    moved = set(pairs.first.values())
    found: list[tuple[int, int | None, int | None]] = []
    for minute in gone:
        at, other = frame.was(was + minute * MINUTE), pairs.first.get(minute)
        to = None if other is None else frame.shall(shall + other * MINUTE)
        if to != at:  # of two wall times, where the clock skips one of them
            found.append((at if to is None else min(at, to), at, to))
    new = [frame.shall(shall + minute * MINUTE) for minute in come if minute not in moved]
    found += [(at, None, at) for at in new]
    found.sort(key=_when)
    return tuple(
        [
            MovedFire(
                None if old is None else kept_moment(old), None if new is None else kept_moment(new)
            )
            for _, old, new in found[:FEW]
        ]
    )
