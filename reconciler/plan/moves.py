"""Fires before and after -> which are added, which are removed, and which are moved, by how much.

A fire that is only before and one that is only after are one that was moved, if that explains them
all: shifted by one length, the first are the second, but for what the ends of the span cut off. Or
if there are few, on one day on the clock of the schedule. Else nobody could say which went where:
some are removed, and others are added.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.firing.count import DAY_MINUTES, Raster, Span
from reconciler.firing.instants import DAY, MINUTE, moment
from reconciler.firing.offsets import clock
from reconciler.model import MovedFire

_FEW = 4
"""So many fires of a day are told apart, in the mean and on each day that has more of one kind."""
_TRIES = 4
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Moves:
    """What a change does to the fires within a span."""

    added: int = 0
    removed: int = 0
    moved: int = 0
    by: timedelta | None = None
    examples: tuple[MovedFire, ...] = ()


def compare(before: Raster, after: Raster, span: Span, time_zone: str) -> Moves:
    """What differs; `time_zone`: on whose clock days begin."""
    gone, come = before.bits, after.bits
    if before.second == after.second:
        gone, come = gone & ~come, come & ~gone
    if not gone and not come:
        return Moves()
    pairs: dict[int, int] = {}
    number, by = 0, None
    if gone and come:
        by = _shift(gone, come, span, time_zone)
        if by is not None:
            number = (_shifted(gone, by) & come).bit_count()
            pairs = {at: at + by for at in _first(gone, _EXAMPLES) if come >> max(at + by, 0) & 1}
        else:
            pairs = _by_day(gone, come, span, time_zone)
            number = len(pairs)
            lengths = {there - here for here, there in pairs.items()}
            by = lengths.pop() if len(lengths) == 1 else None
    seconds = after.second - before.second
    return Moves(
        come.bit_count() - number,
        gone.bit_count() - number,
        number,
        timedelta(minutes=by, seconds=seconds) if by is not None else None,
        tuple(_examples(gone, come, pairs, by, span, (before.second, after.second))),
    )


def _shifted(bits: int, by: int) -> int:
    return bits << by if by >= 0 else bits >> -by


def _first(bits: int, number: int) -> Iterator[int]:
    """The lowest bits that are set."""
    while bits and number:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
        number -= 1


# ------------------------------------------------------------------------------------ all of them


def _shift(gone: int, come: int, span: Span, time_zone: str) -> int | None:
    """By how many minutes all that went came again; None if there is no such length."""
    low, high = (span.after - span.base) // MINUTE, span.minutes
    offset = clock(time_zone).offset
    # The first of a day, but not of that of the apply, of which some is past.
    midnight = low + (DAY - (span.after + offset(span.after)) % DAY) // MINUTE
    later = gone >> midnight << midnight
    at = next(_first(later or gone, 1))
    local = span.base + at * MINUTE
    local += offset(local)
    today = at - local % DAY // MINUTE
    monday = today - (local // DAY + 3) % 7 * DAY_MINUTES
    for start, length in ((today, DAY_MINUTES), (monday, 7 * DAY_MINUTES)):
        window = _shifted(come, -start) & ((1 << length) - 1)
        tries = [start + found - at for found in _first(window, _TRIES)]
        for by in sorted(tries, key=abs):
            if _explains(gone, come, by, low, high):
                return by
    behind, ahead = come & ((1 << at) - 1), come >> at
    tries = [next(_first(ahead, 1))] if ahead else []
    tries += [behind.bit_length() - 1 - at] if behind else []
    return next((by for by in tries if _explains(gone, come, by, low, high)), None)


def _explains(gone: int, come: int, by: int, low: int, high: int) -> bool:
    """Whether, but for what the span from `low` to `high` cuts off, all is moved by `by`."""
    # Most are found not to fit by the last one alone.
    last = gone.bit_length() - 1 + by
    if last < high - 1 and (last < 0 or not come >> last & 1):
        return False
    matched = _shifted(gone, by) & come
    lost, new = gone ^ _shifted(matched, -by), come ^ matched
    if by < 0:
        lost, new = new, lost
    # What is lost at the later end, and what is new at the earlier one.
    return not lost & ((1 << max(high - abs(by) - 1, 0)) - 1) and not new >> (low + abs(by) + 1)


# ------------------------------------------------------------------------------------- day by day


def _by_day(gone: int, come: int, span: Span, time_zone: str) -> dict[int, int]:
    """Pairs of fires on one day, in their order."""
    days = span.minutes // DAY_MINUTES + 1
    if max(gone.bit_count(), come.bit_count()) > _FEW * days:
        return {}
    here, there = _days(gone, span, time_zone), _days(come, span, time_zone)
    pairs: dict[int, int] = {}
    for day, fires in here.items():
        others = there.get(day, [])
        if len(fires) == len(others) or max(len(fires), len(others)) <= _FEW:
            pairs.update(zip(fires, others, strict=False))
    return pairs


def _days(bits: int, span: Span, time_zone: str) -> dict[int, list[int]]:
    zone = clock(time_zone)
    days: dict[int, list[int]] = defaultdict(list)
    constant = None
    if not any(zone.changes(span.base, span.until)):
        constant = zone.offset(span.base)
    for at in _first(bits, bits.bit_count()):
        instant = span.base + at * MINUTE
        offset = zone.offset(instant) if constant is None else constant
        days[(instant + offset) // DAY].append(at)
    return days


# --------------------------------------------------------------------------------------- examples


def _examples(
    gone: int, come: int, pairs: dict[int, int], by: int | None, span: Span, second: tuple[int, int]
) -> list[MovedFire]:
    """The first fires that differ, in the order of time."""
    origins = {there: here for here, there in pairs.items()}
    found: list[tuple[int, int | None, int | None]] = []
    for at in _first(gone, _EXAMPLES):
        other = pairs.get(at)
        found.append((at if other is None else min(at, other), at, other))
    for at in _first(come, _EXAMPLES):
        is_moved = at in origins or (by is not None and at >= by and gone >> (at - by) & 1)
        if not is_moved:
            found.append((at, None, at))
    found.sort(key=lambda each: each[0])
    return [
        MovedFire(_moment(before, span, second[0]), _moment(after, span, second[1]))
        for _, before, after in found[:_EXAMPLES]
    ]


def _moment(minute: int | None, span: Span, second: int) -> datetime | None:
    return None if minute is None else moment(span.base + minute * MINUTE + second)
