"""On which clock fires before and after are compared: on instants, or on the clock on the wall.

An edit of a time of day is one length on the wall clock, not in elapsed time: 01:45 to 08:45 is six
hours on the day on which the clock goes forward. So where both sides have times of day, in one zone
or in two that change together, and the clock changes within the span, a minute of the raster is one
of the clock on the wall: the declared one, also where that is skipped or comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from reconciler.firing.clock_changes import has_times_of_day
from reconciler.firing.clocks.instants import DAY, HOUR, MINUTE, wall_seconds
from reconciler.firing.clocks.offsets import Change, Clock, clock
from reconciler.firing.counting.bitsets import FEW, Raster, Span, minutes_of
from reconciler.firing.counting.wall_times import calm, rule_of
from reconciler.firing.rules import recurrence
from reconciler.firing.rules.cron_expression import parse
from reconciler.model import Cron, Recurrence, Trigger
from reconciler.plan.impact.schedule_fires import Side

_TOGETHER = 12 * HOUR
"""So far apart at most are the same changes of zones of one continent."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A span whose seconds are instants, or those of the clock on the wall of `new`."""

    span: Span
    time_zone: str
    """On whose clock days begin; UTC where the seconds are those of a clock already."""
    old: str = ""
    new: str = ""
    """The zones; empty: instants."""
    apart: int = 0
    """How much later in seconds a time is on the clock of `new` than on that of `old`."""

    is_parting: bool = False
    """Whether the clocks of the sides part within it, so that no one length moves all fires."""

    @property
    def is_wall(self) -> bool:
        """Whether its seconds are those of a clock on the wall."""
        return bool(self.new)

    def was(self, second: int) -> int:
        """The instant at which the side before fires a second of the frame."""
        return clock(self.old).instant(second - self.apart) if self.new else second

    def shall(self, second: int) -> int:
        """The instant at which the side after does."""
        return clock(self.new).instant(second) if self.new else second


@dataclass(frozen=True, slots=True)
class Compared:
    """Both sides in one frame, and the seconds, inclusive, in which each may fire."""

    frame: Frame
    before: Raster
    after: Raster
    may_before: tuple[int, int]
    may_after: tuple[int, int]
    is_one_beat: bool = True
    """Whether both may fire at the same distances, so that one length could move all of them."""

    @property
    def is_cut(self) -> bool:
        """Whether a side starts or ends within the span."""
        span = self.frame.span
        low = max(self.may_before[0], self.may_after[0])
        # A span on the clock on the wall has a day more than it needs.
        high = min(self.may_before[1], self.may_after[1]) + DAY * self.frame.is_wall
        return low > span.after + 1 or high < span.until


def in_one_frame(before: Side, after: Side, span: Span) -> Compared:
    """The frame in which a change of the trigger is told, and what both sides fire in it."""
    frame = _wall_frame(before, after, span)
    if frame is None:
        one, low, high = _instants(before, after, span), _range(before, span), _range(after, span)
        return Compared(one, before.fires, after.fires, low, high, _is_one_beat(before, after))
    first, may_before = _on_wall(before, frame.old, frame.apart, span, frame.span)
    second, may_after = _on_wall(after, frame.new, 0, span, frame.span)
    is_one_beat = _is_one_beat(before, after)
    return Compared(frame, first, second, may_before, may_after, is_one_beat)


def _instants(before: Side, after: Side, span: Span) -> Frame:
    return Frame(span, after.time_zone, is_parting=_part(before, after, span))


def _is_one_beat(before: Side, after: Side) -> bool:
    """False for what no one length leads to: an interval, or a number of times of day, that becomes
    another. Of few fires nobody can tell.
    """
    if min(before.fires.count, after.fires.count) <= FEW:
        return True
    one, two = _beat(before.trigger), _beat(after.trigger)
    if one is not None and two is not None:
        return one == two
    if one is None and two is None:
        return _times_a_day(before.trigger) == _times_a_day(after.trigger)
    beat, times = (one, after) if one is not None else (two, before)
    assert beat is not None
    return beat >= DAY or _times_a_day(times.trigger) * beat == DAY


def _beat(trigger: Trigger | None) -> int | None:
    return recurrence.elapsed_interval(trigger) if isinstance(trigger, Recurrence) else None


def _times_a_day(trigger: Trigger | None) -> int:
    if isinstance(trigger, Recurrence):
        pattern = recurrence.effective_pattern(trigger)
        return (len(pattern.hours) or 1) * (len(pattern.minutes) or 1) if pattern else 1
    fields = parse(trigger.expression) if isinstance(trigger, Cron) else None
    return len(fields.hours) * len(fields.minutes) if fields is not None else 0


@lru_cache(maxsize=1024)
def _together(old: str, new: str, span: Span) -> int | None:
    """How far two clocks are apart, if both change, and that stays but for hours; else None."""
    low, high = span.after - DAY, span.until
    ours, theirs = clock(old).changes(low, high), clock(new).changes(low, high)
    if not theirs or len(ours) != len(theirs):
        return None
    for one, other in zip(ours, theirs, strict=True):
        if one.after - one.before != other.after - other.before:
            return None
        if abs(one.at - other.at) > _TOGETHER:
            return None
    return theirs[0].before - ours[0].before


def _wall_frame(before: Side, after: Side, span: Span) -> Frame | None:
    one, two = before.trigger, after.trigger
    if one is None or two is None:
        return None
    apart = _together(before.time_zone, after.time_zone, span)
    if apart is None or not has_times_of_day(one) or not has_times_of_day(two):
        return None
    return Frame(_wall_span(span, after.time_zone), "UTC", before.time_zone, after.time_zone, apart)


def _part(before: Side, after: Side, span: Span) -> bool:
    """Whether both have times of day, on clocks of which one changes within the span alone."""
    old, new, one, two = before.time_zone, after.time_zone, before.trigger, after.trigger
    if old == new or one is None or two is None:
        return False
    return (
        _is_changed(old, new, span.after, span.until)
        and has_times_of_day(one)
        and has_times_of_day(two)
    )


@lru_cache(maxsize=1024)
def _is_changed(old: str, new: str, after: int, until: int) -> bool:
    return any(clock(name).changes(after, until) for name in (old, new))


@lru_cache(maxsize=1024)
def _wall_span(span: Span, time_zone: str) -> Span:
    zone = clock(time_zone)
    after, until = span.after + zone.offset(span.after), span.until + zone.offset(span.until)
    # What is still running late, or has come already, is labelled by another hour than it is now.
    base = after - after % DAY - DAY
    return Span(after, until + DAY, base)


def _range(side: Side, span: Span) -> tuple[int, int]:
    """From when and until when, in instants, a side may fire within the span."""
    low, high, trigger = span.after + 1, span.until, side.trigger
    if isinstance(trigger, Recurrence):
        if not _may_be_within(trigger, low, high):
            return low, high
        first, last = recurrence.bounds(trigger, side.created)
        first += recurrence.effective_pattern(trigger) is not None  # with one, after the start
        return max(low, first), min(high, last)
    if isinstance(trigger, Cron) and (trigger.start_time or trigger.end_time):
        rule = rule_of(trigger, side.created)
        return (max(low, rule.start), min(high, rule.stop)) if rule is not None else (low, high)
    return low, high


def _may_be_within(trigger: Recurrence, low: int, high: int) -> bool:
    """Whether it may start or end within a range; no clock is more than a day from UTC."""
    start, end = trigger.start_time, trigger.end_time
    is_started = start is not None and wall_seconds(start) < low - 2 * DAY
    return not is_started or (end is not None and wall_seconds(end) < high + 2 * DAY)


def _on_wall(
    side: Side, name: str, ahead: int, span: Span, wall: Span
) -> tuple[Raster, tuple[int, int]]:
    """The declared wall times that fire within a span, `ahead` seconds later, as a raster; and the
    range in which they may lie.
    """
    assert side.trigger is not None
    rule = rule_of(side.trigger, side.created)
    assert rule is not None, "what has times of day fires"
    start, stop = _range(side, span)
    zone = clock(name)
    low, high = start + zone.offset(start) + ahead, stop + zone.offset(stop) + ahead
    if start > stop:
        return Raster(), (low, high)
    bits, second = calm(rule, low, high, -ahead, wall), (rule.times[0] + ahead) % MINUTE
    for edge in (start, stop):
        for change in _just_before(zone, edge):
            # Which of the times that it skips or repeats are past cannot be told by the clock.
            first = change.at + min(change.before, change.after) + ahead
            last = change.at + max(change.before, change.after) + ahead - 1
            near = calm(rule, first, last, -ahead, wall)
            bits &= ~near
            for minute in minutes_of(near, wall.minutes):
                at = zone.instant(wall.base + minute * MINUTE + second - ahead)
                if start <= at <= stop:
                    bits |= 1 << minute
            if edge == start and change.after < change.before:
                low = last + 1
    return Raster(bits, second), (low, high)


def _just_before(zone: Clock, edge: int) -> list[Change]:
    """The change whose skipped or repeated times run at an instant."""
    found = zone.changes(edge - DAY, edge)
    return [each for each in found if edge < each.at + abs(each.after - each.before)]
