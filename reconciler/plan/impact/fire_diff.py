"""Fires before and after -> which are added, which are removed, and which are moved, by how much.

A fire that is only before and one that is only after are one that was moved, if that explains them
all: shifted by one length, the first are the second, but for what the ends of the span cut off. Or
if there are few, on one day on the clock of the schedule. Else nobody could say which went where:
some are removed, and others are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from reconciler.firing.clocks.instants import DAY, MINUTE, kept_moment
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.counting.bitsets import (
    DAY_MINUTES,
    FEW,
    Raster,
    Span,
    lowest_bits,
    minutes_of,
)
from reconciler.model import MovedFire
from reconciler.plan.impact.matching import FEW_A_DAY, Pairs, pairs_by_day

_TRIES = 4
_WEEK_MINUTES = 7 * DAY_MINUTES
_when = itemgetter(0)


class Moves(NamedTuple):
    """What a change does to the fires within a span."""

    added: int = 0
    removed: int = 0
    moved: int = 0
    by: timedelta | None = None
    """By how much all of those are moved."""
    examples: tuple[MovedFire, ...] = ()
    gone: int = 0
    come: int = 0
    """The minutes of those that are only before, and only after, as bits."""
    is_whole: bool = False
    """Whether `by` explains all that differs, but for what the ends of the span cut off."""


def compare(before: Raster, after: Raster, span: Span, time_zone: str) -> Moves:
    """What differs; `time_zone`: on whose clock days begin."""
    gone, come, removed, added = before.bits, after.bits, before.count, after.count
    common = gone & come if before.second == after.second else 0
    if common:
        gone, come, number = gone ^ common, come ^ common, common.bit_count()
        removed, added = removed - number, added - number
    if not gone and not come:
        return Moves()
    first_gone = minutes_of(gone, FEW) if common else before.first
    first_come = minutes_of(come, FEW) if common else after.first
    pairs, is_whole = Pairs(), False
    if gone and come:
        shift = _shift(gone, come, first_gone, removed - added, span, time_zone)
        if shift is not None:
            length, matched = shift
            first = {at - length: at for at in minutes_of(matched, FEW)}
            # What the ends of the span cut off is moved as well, but for what one of them cuts off
            # more than the other.
            pairs, is_whole = Pairs(min(removed, added), length, first), True
        elif max(removed, added) <= FEW_A_DAY * (span.minutes // DAY_MINUTES + 1):
            shown = max(first_gone[-1], first_come[-1])
            pairs = pairs_by_day(gone, come, span, time_zone, shown)
            is_whole = pairs.by is not None and pairs.number == removed == added
    by, seconds = pairs.by, after.second - before.second
    return Moves(
        added - pairs.number,
        removed - pairs.number,
        pairs.number,
        timedelta(minutes=by, seconds=seconds) if by is not None else None,
        _examples(first_gone, first_come, pairs, span, (before.second, after.second)),
        gone,
        come,
        is_whole,
    )


def shifted(bits: int, by: int) -> int:
    """Moved by so many minutes, to later ones if positive; what gets below 0 is lost."""
    return bits << by if by >= 0 else bits >> -by


# ------------------------------------------------------------------------------------ all of them


def _shift(
    gone: int, come: int, first: Sequence[int], fewer: int, span: Span, time_zone: str
) -> tuple[int, int] | None:
    """By how many minutes all that went came again, and as what; None if there is no such length.

    `first`: the first that went; `fewer`: so many did not come again.
    """
    low, high = (span.after - span.base) // MINUTE, span.minutes
    more = gone if fewer > 0 else come
    tried: set[int] = set()
    is_near = _may_be_cut_off(abs(fewer), more, _WEEK_MINUTES, low, high)
    # The first of a day and of a week, but not of those of the apply, of which some is past.
    midnight, monday = _first_whole(span.after, span.base, time_zone)
    at = _first_from(midnight, gone, first)
    if is_near:
        for begin, days in ((midnight, 1), (monday, 7)):
            one = at if days == 1 else _first_from(begin, gone, first)
            local = span.base + one * MINUTE
            local += clock(time_zone).offset(local)
            start = one - local % DAY // MINUTE - (local // DAY + 3) % days * DAY_MINUTES
            length = days * DAY_MINUTES
            window = shifted(come & lowest_bits(max(start + length, 0)), -start)
            tries = [start + found - one for found in minutes_of(window, _TRIES)]
            for by in sorted(tries, key=abs):
                if by in tried:
                    continue
                tried.add(by)
                matched = _explained(gone, come, by, low, high)
                if matched:
                    return by, matched
    behind, ahead = come & ((1 << at) - 1), come >> at
    nearest = minutes_of(ahead, 1)
    nearest += [behind.bit_length() - 1 - at] if behind else []
    nearest.append(come.bit_length() - gone.bit_length())
    for by in nearest:
        if by in tried or not (is_near or abs(by) >= _WEEK_MINUTES):
            continue
        matched = _explained(gone, come, by, low, high)
        if matched:
            return by, matched
    return None


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


def _may_be_cut_off(number: int, more: int, length: int, low: int, high: int) -> bool:
    """Whether the ends of the span cut off so many fires that are moved by less than `length`."""
    if number == 0:
        return True
    if number <= (more & lowest_bits(low + length)).bit_count():
        return True
    return number <= (more >> max(high - length, 0)).bit_count()


def _explained(gone: int, come: int, by: int, low: int, high: int) -> int:
    """What came if, but for what the span from `low` to `high` cuts off, all is moved; else 0."""
    # Most are found not to fit by the last one alone.
    last = gone.bit_length() - 1 + by
    if last < high - 1 and (last < 0 or not come >> last & 1):
        return 0
    matched = shifted(gone, by) & come
    lost, new = gone ^ shifted(matched, -by), come ^ matched
    if by < 0:
        lost, new = new, lost
    # What is new at the earlier end, and what is lost at the later one.
    if new.bit_length() > low + abs(by) + 1:
        return 0
    is_lost_early = lost and lost & ((1 << max(high - abs(by) - 1, 0)) - 1)
    return 0 if is_lost_early else matched


# --------------------------------------------------------------------------------------- examples


def _examples(
    gone: Sequence[int], come: Sequence[int], pairs: Pairs, span: Span, second: tuple[int, int]
) -> tuple[MovedFire, ...]:
    """The first fires that differ, in the order of time."""
    moved = set(pairs.first.values())
    found: list[tuple[int, int | None, int | None]] = []
    for at in gone:
        other = pairs.first.get(at)
        found.append((at if other is None else min(at, other), at, other))
    found += [(at, None, at) for at in come if at not in moved]
    found.sort(key=_when)
    before, after = span.base + second[0], span.base + second[1]
    return tuple(
        [
            MovedFire(
                None if old is None else kept_moment(before + old * MINUTE),
                None if new is None else kept_moment(after + new * MINUTE),
            )
            for _, old, new in found[:FEW]
        ]
    )
