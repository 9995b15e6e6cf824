"""A schedule before and after -> what changes of the clock within a year will do to its fires."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from reconciler.firing import next_fires
from reconciler.firing.clock_changes import ClockEffect, clock_effects, has_times_of_day
from reconciler.firing.clocks.instants import DAY, MINUTE, moment, seconds
from reconciler.firing.clocks.offsets import Clock, clock
from reconciler.firing.clocks.zones import zone
from reconciler.firing.counting.bitsets import Span, minutes_of
from reconciler.firing.words.phrases import length
from reconciler.model import FireWarning
from reconciler.plan.impact.fire_diff import Moves
from reconciler.plan.impact.schedule_fires import Side
from reconciler.plan.impact.zone_shift import zone_shift

YEAR = 366 * DAY
"""Seconds that are looked ahead for what a plan brings later."""


def clock_warnings(before: Side, after: Side, moves: Moves, span: Span) -> Iterator[FireWarning]:
    """Wall times that a clock change within a year skips or repeats, and zones that part."""
    if after.trigger is None or not has_times_of_day(after.trigger):
        return
    found = _effects(after, span)
    known = _effects(before, span) if found else ()
    effects = [each for each in found if each not in known]
    for kind in ("skipped", "repeated"):
        alike = [each for each in effects if each.kind == kind]
        if alike:
            yield _clock_warning(alike)
    yield from _parting(before, after, moves, span)


def _effects(side: Side, span: Span) -> tuple[ClockEffect, ...]:
    if side.trigger is None:
        return ()
    found = clock_effects(side.trigger, *_year(span.after), created=side.created)
    # What comes twice may have fired the first time already.
    return tuple(effect for effect in found if effect.fires_at > moment(span.after))


@lru_cache(maxsize=1)
def _year(after: int) -> tuple[datetime, datetime]:
    return moment(after), moment(after + YEAR)


def _clock_warning(effects: list[ClockEffect]) -> FireWarning:
    first = effects[0]
    more = f" ({len(effects) - 1} more like this)" if len(effects) > 1 else ""
    day = f"{first.wall.day} {first.wall:%b %Y}"
    wall, at = f"{first.wall:%H:%M}", f"{first.fires_at.astimezone(zone(first.time_zone)):%H:%M}"
    if first.kind == "skipped":
        message = f"{wall} does not come on {day}, when the clock goes forward: it fires at {at}"
        return FireWarning("clock_skips", message + more)
    message = f"{wall} comes twice on {day}, when the clock goes back: it fires the first time"
    return FireWarning("clock_repeats", message + more)


def _parting(before: Side, after: Side, moves: Moves, span: Span) -> Iterator[FireWarning]:
    """Another zone, whose clock is not always as far from that of the old one."""
    old, new = before.time_zone, after.time_zone
    if old == new or before.trigger is None or not has_times_of_day(before.trigger):
        return
    assert after.trigger is not None
    if not _parts(old, new, span.after, None):
        return
    shift = _wall_shift(before, after, moves, span)
    if shift is None:
        return
    wall, usual = shift
    for stretch in _parts(old, new, span.after, usual - wall):
        first = _first_parted(after, (old, new), stretch, shift, span)
        if first is None:
            continue  # it fires only while both clocks are as far apart as now
        at, by = first
        how = (
            f"{length(by)} {'later' if by > 0 else 'earlier'} than it did" if by else "when it did"
        )
        local = moment(at).astimezone(zone(new))
        yield FireWarning(
            "clock_differs",
            f"from {local.day} {local:%b %Y} on it fires {how}: {old} and {new} change their clocks"
            " apart",
        )
        return


def _first_parted(
    after: Side,
    zones: tuple[str, str],
    stretch: tuple[int, int],
    shift: tuple[int, int],
    span: Span,
) -> tuple[int, int] | None:
    """The first fire that is moved by another length than usual, and by how many seconds; `shift`:
    by how many on the clock, and usually.
    """
    old, new = clock(zones[0]), clock(zones[1])
    wall, usual = shift
    assert after.trigger is not None
    # The old fire may lie on the other side of a change than the new one.
    start = max(stretch[0] - 1 + min(usual, 0), span.after)
    stop = stretch[1] + max(usual, 0)
    for fire in next_fires(after.trigger, moment(start), moment(stop), after.created):
        at = seconds(fire)
        was = old.instant(at + new.offset(at) - wall)
        # What a change skips or repeats itself is told of its own.
        if at - was != usual and all(_is_calm(*each) for each in ((old, was), (new, at))):
            return at, at - was
    return None


def _is_calm(course: Clock, at: int) -> bool:
    return course.calm_offset(at, at) is not None


def _wall_shift(before: Side, after: Side, moves: Moves, span: Span) -> tuple[int, int] | None:
    """By how many seconds all times of day are moved on the clock, and by how many the next fire
    is; None: by no one length.
    """
    old, new = before.time_zone, after.time_zone
    by = int(moves.by.total_seconds()) if moves.is_whole and moves.by is not None else None
    if not moves.gone and not moves.come and before.fires.count:
        by = 0
    # How far the clocks are apart when the first fire is moved, which may be after a change.
    first, frame = minutes_of(moves.gone, 1) or before.fires.first, moves.frame
    at = span.after if frame and frame.is_wall else span.base + (first or [0])[0] * MINUTE
    zones = zone_shift(before, after, span)
    if zones is not None and (by is None or moves.gone):
        is_next = by is not None and ((frame and frame.is_wall) or first == before.fires.first[:1])
        return zones.wall, by if by is not None and is_next else zones.at(span.after)
    if by is None:
        return None
    wall = by - _apart(old, new, at)
    return wall, wall + _apart(old, new, span.after)


def _apart(old: str, new: str, at: int) -> int:
    """How much later a wall time of one zone is than that of the other, in seconds."""
    return clock(old).offset(at) - clock(new).offset(at)


@lru_cache(maxsize=1024)
def _parts(old: str, new: str, after: int, usual: int | None) -> tuple[tuple[int, int], ...]:
    """From when until when, within a year, two clocks are apart by another length than `usual`; or,
    without one, than at first. Not for some hours of one night, in which both change.
    """
    until = after + YEAR
    changes = sorted({c.at for name in (old, new) for c in clock(name).changes(after, until)})
    first = _apart(old, new, after) if usual is None else usual
    ends = pairwise([*changes, until])
    return tuple((at, end) for at, end in ends if end - at >= DAY and _apart(old, new, at) != first)
