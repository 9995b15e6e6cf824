"""A schedule before and after -> what changes of the clock within a year will do to its fires."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from reconciler.firing.clock import ClockEffect, clock_effects, has_times_of_day
from reconciler.firing.count import Span
from reconciler.firing.instants import moment
from reconciler.firing.offsets import clock
from reconciler.firing.phrases import length
from reconciler.firing.zones import zone
from reconciler.model import FireWarning
from reconciler.plan.moves import Moves
from reconciler.plan.sides import Side

_YEAR = timedelta(days=366)


def clock_warnings(before: Side, after: Side, moves: Moves, span: Span) -> Iterator[FireWarning]:
    """Wall times that a clock change within a year skips or repeats, and zones that part."""
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
    return clock_effects(side.trigger, *_year(span.after), created=side.created)


@lru_cache(maxsize=1)
def _year(after: int) -> tuple[datetime, datetime]:
    return moment(after), moment(after) + _YEAR


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
    """Another zone, whose clock now differs from the old one by more or less than it will later."""
    old, new = before.time_zone, after.time_zone
    if before.trigger is None or after.trigger is None or old == new:
        return
    if not (has_times_of_day(before.trigger) and has_times_of_day(after.trigger)):
        return
    if moves.by is None and moves != Moves():
        return  # the moves of single fires are what to look at
    parted = _parts(old, new, span.after)
    if parted is None:
        return
    at, more = parted
    by = (moves.by or timedelta()) + timedelta(seconds=more)
    how = f"{length(by.total_seconds())} {'later' if by > timedelta() else 'earlier'}"
    local = moment(at).astimezone(zone(new))
    yield FireWarning(
        "clock_differs",
        f"from {local.day} {local:%b %Y} on it fires {how if by else 'when it did'}"
        f"{' than it did' if by else ''}: {old} and {new} change their clocks apart",
    )


@lru_cache(maxsize=1024)
def _parts(old: str, new: str, after: int) -> tuple[int, int] | None:
    """The first instant within a year from which a wall time of one zone is another length away
    from that of the other, and how much later it is then, in seconds.
    """
    one, two = clock(old), clock(new)
    until = after + int(_YEAR.total_seconds())
    now = one.offset(after) - two.offset(after)
    changes = (*one.changes(after, until), *two.changes(after, until))
    for at in sorted(change.at for change in changes):
        more = one.offset(at) - two.offset(at) - now
        if more:
            return at, more
    return None
