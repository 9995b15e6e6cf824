"""A schedule before and after -> what changes of the clock within a year will do to its fires."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TypeGuard

from reconciler.firing import next_fires
from reconciler.firing.clock_changes import (
    ClockEffect,
    clock_effects,
    has_times_of_day,
    needs_anchor,
)
from reconciler.firing.clocks.instants import DAY, MINUTE, moment, seconds
from reconciler.firing.clocks.offsets import Clock, clock
from reconciler.firing.clocks.zones import zone
from reconciler.firing.counting.bitsets import Span, minutes_of
from reconciler.firing.words.phrases import length
from reconciler.model import Cron, FireWarning, Recurrence, Trigger
from reconciler.plan.impact.fire_diff import Moves
from reconciler.plan.impact.schedule_fires import Side

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
    wall = _wall_shift(before, after, moves, span) if _part(old, new, span.after) else None
    if wall is None:
        return
    apart = _apart(old, new, span.after)
    if moves.by is not None and moves.moved == before.fires.count:
        apart = int(moves.by.total_seconds()) - wall  # a clock may change before the first fire
    for stretch in _parts(old, new, span.after, apart):
        first = _first_parted(after, (old, new), stretch, wall, wall + apart, span.after)
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
    after: Side, zones: tuple[str, str], stretch: tuple[int, int], wall: int, usual: int, now: int
) -> tuple[int, int] | None:
    """The first fire that is moved by another length than is `usual`, and by how many seconds that
    one is; `wall`: by how many it is on the clock.
    """
    old, new = clock(zones[0]), clock(zones[1])
    assert after.trigger is not None
    # The old fire may lie on the other side of a change than the new one.
    start = stretch[0] - 1 + min(usual, 0)
    stop = stretch[1] + max(usual, 0)
    for fire in next_fires(after.trigger, moment(max(start, now)), moment(stop), after.created):
        at = seconds(fire)
        was = old.instant(at + new.offset(at) - wall)
        # What a change skips or repeats itself is told of its own.
        if at - was != usual and all(_is_calm(*each) for each in ((old, was), (new, at))):
            return at, at - was
    return None


def _is_calm(course: Clock, at: int) -> bool:
    return course.calm_offset(at, at) is not None


def _wall_shift(before: Side, after: Side, moves: Moves, span: Span) -> int | None:
    """By how many seconds all times of day are moved on the clock; None: by no one length."""
    one = before.trigger
    is_same = _is_written(one) and replace(one, time_zone=after.time_zone) == after.trigger
    by = moves.by if moves.is_whole or is_same else None
    if by is None and is_same:
        return 0
    if not moves.gone and not moves.come and before.fires.count:
        by = timedelta()
    if by is None:
        return None
    # How far the clocks are apart when the first fire is moved, which may be after a change.
    first, frame = minutes_of(moves.gone, 1) or before.fires.first, moves.frame
    at = span.after if frame and frame.is_wall else span.base + first[0] * MINUTE
    apart = _apart(before.time_zone, after.time_zone, at)
    wall = int(by.total_seconds()) - apart
    # Then whole days, also where another change is between that fire and those moved by `by`.
    return round(wall / DAY) * DAY if is_same else wall


def _is_written(trigger: Trigger | None) -> TypeGuard[Recurrence | Cron]:
    """Whether its wall times stand in it: without a start they may be counted from the creation,
    which is another wall time in each zone.
    """
    if isinstance(trigger, Recurrence):
        return trigger.start_time is not None or not needs_anchor(trigger)
    return isinstance(trigger, Cron)


def _apart(old: str, new: str, at: int) -> int:
    """How much later a wall time of one zone is than that of the other, in seconds."""
    return clock(old).offset(at) - clock(new).offset(at)


@lru_cache(maxsize=1024)
def _course(old: str, new: str, after: int) -> tuple[tuple[int, int, int], ...]:
    """From when until when, within a year, two clocks are apart by one length, and by which."""
    until = after + YEAR
    changes = {change.at for name in (old, new) for change in clock(name).changes(after, until)}
    ends = pairwise([after, *sorted(changes), until])
    return tuple((at, end, _apart(old, new, at)) for at, end in ends)


def _part(old: str, new: str, after: int) -> bool:
    """Whether two clocks are not apart by one length for a year."""
    return len({apart for _, _, apart in _course(old, new, after)}) > 1


def _parts(old: str, new: str, after: int, usual: int) -> list[tuple[int, int]]:
    """From when until when, within a year, two clocks are apart by another length than is usual."""
    return [(at, end) for at, end, apart in _course(old, new, after) if apart != usual]
