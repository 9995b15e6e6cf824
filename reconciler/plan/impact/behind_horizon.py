"""A change that shows no difference within the horizon -> the first one behind it, if any."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import islice, zip_longest
from typing import NamedTuple

from reconciler.firing import next_fires
from reconciler.firing.clocks.instants import DAY, LAST, moment, wall_seconds
from reconciler.firing.clocks.offsets import Change, clock
from reconciler.firing.counting.bitsets import Span
from reconciler.firing.counting.count import raster
from reconciler.firing.counting.wall_times import chosen_days, rule_of
from reconciler.firing.rules.days import NextDay
from reconciler.firing.rules.recurrence import bounds, elapsed_interval
from reconciler.model import DatastoreChange, MovedFire, Recurrence, Trigger
from reconciler.plan.impact.fire_diff import Moves, compare
from reconciler.plan.impact.frames import in_one_frame
from reconciler.plan.impact.schedule_fires import Side

_NEAR, _FAR = 62 * DAY, 400 * DAY
"""Most of what is behind the horizon comes within two months, nearly all within a year."""
_CLOCKS = 4000 * DAY
"""For so long clocks are compared: some eleven years, by when each has shown its rule."""
_ONE_DAY = timedelta(days=1)
_AROUND = 14 * DAY
_YEARS = 14610
"""Days that rules are looked at: forty years, in which every kind of year comes."""
_WALK = 100


def behind(before: Side, after: Side, span: Span) -> Moves:
    """The first fires behind the horizon that differ, and by how much those are moved; no counts.

    For sides that do not differ within the horizon.
    """
    one, two = before.trigger, after.trigger
    if one is None or two is None:
        return Moves()
    if _rule(one, before, span) == _rule(two, after, span):
        return Moves()
    # Of what fires within the horizon a length behind it would be taken for one from now on.
    is_seldom = not before.fires.count
    for length in (_NEAR, _FAR):
        found = _within(before, after, one, two, replace(span, until=span.until + length))
        if found.examples:
            by = found.by if is_seldom and found.is_whole else None
            if by is not None and abs(by) >= _ONE_DAY and length < _FAR:
                # Two months may hold one fire of each, between which any number of days fits.
                far = _within(before, after, one, two, replace(span, until=span.until + _FAR))
                by = by if far.is_whole and far.by == by else None
            return Moves(by=by, examples=found.examples)
    mine, theirs = (
        rule and rule._replace(days=_chosen(rule.days, span))
        for rule in (_rule(one, before, span), _rule(two, after, span))
    )
    if mine == theirs:
        return Moves()
    return Moves(examples=_seldom(before, after, span, mine, theirs))


def _within(before: Side, after: Side, one: Trigger, two: Trigger, span: Span) -> Moves:
    old = before._replace(fires=raster(one, span, before.created))
    new = after._replace(fires=raster(two, span, after.created))
    return compare(old.fires, new.fires, in_one_frame(old, new, span))


def unbounded(before: Side, after: Side, span: Span) -> timedelta | None:
    """By how much all fires would be moved if neither side had an end, and both had been on for
    weeks, or since they started; None: by no one length.

    An end can leave one fire of each, from which nobody can tell a fire that is moved to later from
    one of the next week that is moved to earlier.
    """
    one, two = before.trigger, after.trigger
    assert one is not None
    assert two is not None
    low = max(span.after - _AROUND, *map(_start, (one, two)))
    wide = Span(low, max(low, span.until) + _AROUND, low - low % DAY)
    old, new = (
        side._replace(trigger=endless, fires=raster(endless, wide, side.created))
        for side, endless in ((before, _endless(one)), (after, _endless(two)))
    )
    found = compare(old.fires, new.fires, in_one_frame(old, new, wide))
    return found.by if found.is_whole else None


def _endless(trigger: Trigger) -> Trigger:
    return trigger if isinstance(trigger, DatastoreChange) else replace(trigger, end_time=None)


def _start(trigger: Trigger) -> int:
    if isinstance(trigger, DatastoreChange) or trigger.start_time is None:
        return 0
    return clock(trigger.time_zone).instant(wall_seconds(trigger.start_time))


class _Rule(NamedTuple):
    """What makes the fires of a trigger: two that are equal fire as one."""

    stop: int
    offset: int
    """That of the clock now; of elapsed time, the phase."""
    course: tuple[Change, ...]
    times: object
    """The times of day and the start, if that is to come; of elapsed time, the interval."""
    days: NextDay | int | None
    """As a search, or as bits."""


def _chosen(days: NextDay | int | None, span: Span) -> int:
    return chosen_days(days, span.after // DAY, _YEARS) if callable(days) else 0


def _rule(trigger: Trigger, side: Side, span: Span) -> _Rule | None:
    """None: it never fires."""
    if isinstance(trigger, Recurrence):
        interval = elapsed_interval(trigger)
        if interval is not None:
            first, last = bounds(trigger, side.created)
            # Until it starts, a rule has no phase but the start itself.
            return _Rule(
                last, first % interval if first <= span.until else first, (), interval, None
            )
    rule = rule_of(trigger, side.created)
    if rule is None:
        return None
    offset, course = _course(rule.time_zone, span.after)
    begin = max(rule.start, span.until)
    return _Rule(rule.stop, offset, course, (rule.times, begin), rule.days)


@lru_cache(maxsize=1024)
def _course(time_zone: str, after: int) -> tuple[int, tuple[Change, ...]]:
    one = clock(time_zone)
    return one.offset(after), one.changes(after, after + _CLOCKS)


def _bits(rule: _Rule) -> int:
    return rule.days if isinstance(rule.days, int) else 0


def _seldom(
    before: Side, after: Side, span: Span, mine: _Rule | None, theirs: _Rule | None
) -> tuple[MovedFire, ...]:
    """The first fire that differs later than in a year: where one ends, or where days do."""
    assert before.trigger is not None
    assert after.trigger is not None
    starts = [span.until + _FAR]
    if mine is not None and theirs is not None:
        starts.append(min(mine.stop, theirs.stop) - 1)
        differ = _bits(mine) ^ _bits(theirs)
        starts.append((span.after // DAY + (differ & -differ).bit_length() - 3) * DAY)
    for start in sorted(max(start, span.until) for start in starts if start < LAST - 1):
        end = moment(min(start + _YEARS * DAY, LAST))
        fires = [
            list(islice(next_fires(trigger, moment(start), end, side.created), _WALK))
            for trigger, side in ((before.trigger, before), (after.trigger, after))
        ]
        for old, new in zip_longest(*fires):
            if old != new:
                gone = old if old not in fires[1] else None
                return (MovedFire(gone, new if new not in fires[0] else None),)
    return ()
