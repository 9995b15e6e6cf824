"""Times that are written down for another zone -> by how much that moves them.

Of a daily fire nobody can tell by its instants whether it is moved by an hour to earlier or by 23
to later: 23:00 in UTC is the next day in Berlin. What is written down tells it: the same day.
"""

from __future__ import annotations

from typing import NamedTuple, TypeGuard

from reconciler.firing.clock_changes import has_times_of_day, needs_anchor
from reconciler.firing.clocks.instants import DAY
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.counting.bitsets import DAY_MINUTES, Span
from reconciler.firing.counting.wall_times import Rule, chosen_days, rule_of
from reconciler.model import Cron, Recurrence, Trigger
from reconciler.plan.impact.schedule_fires import Side


class ZoneShift(NamedTuple):
    """All wall times of one zone are one length later in another; lengths are in seconds."""

    old: str
    new: str
    wall: int

    def at(self, instant: int) -> int:
        """The length while the clocks are as far apart as at an instant."""
        return self.wall + clock(self.old).offset(instant) - clock(self.new).offset(instant)

    def later(self, instant: int) -> int:
        """When a fire comes after the change; one that runs late by a change of the clock may be
        another.
        """
        return clock(self.new).instant(instant + clock(self.old).offset(instant) + self.wall)

    def earlier(self, instant: int) -> int:
        """When a fire came before the change."""
        return clock(self.old).instant(instant + clock(self.new).offset(instant) - self.wall)


def zone_shift(before: Side, after: Side, span: Span) -> ZoneShift | None:
    """None where the zone stays, the days are others, or the times are moved by no one length."""
    old, new = before.time_zone, after.time_zone
    if old == new or not _has_written_times(before) or not _has_written_times(after):
        return None
    rules = [rule_of(side.trigger, side.created) for side in (before, after) if side.trigger]
    one, two = rules
    if one is None or two is None or not _on_the_same_days(one, two, span):
        return None
    if len(one.times) != len(two.times):
        return None
    lengths = {time - was for was, time in zip(one.times, two.times, strict=True)}
    return ZoneShift(old, new, lengths.pop()) if len(lengths) == 1 else None


def _on_the_same_days(one: Rule, two: Rule, span: Span) -> bool:
    first, number = span.base // DAY - 1, span.minutes // DAY_MINUTES + 3
    if one.days is two.days:
        return True
    return chosen_days(one.days, first, number) == chosen_days(two.days, first, number)


def _has_written_times(side: Side) -> bool:
    return side.trigger is not None and has_times_of_day(side.trigger) and _is_written(side.trigger)


def _is_written(trigger: Trigger | None) -> TypeGuard[Recurrence | Cron]:
    """Whether its wall times stand in it: without a start they may be counted from the creation,
    which is another wall time in each zone.
    """
    if isinstance(trigger, Recurrence):
        return trigger.start_time is not None or not needs_anchor(trigger)
    return isinstance(trigger, Cron)
