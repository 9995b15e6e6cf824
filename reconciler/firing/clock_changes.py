"""What a change of the clock does to a trigger: times of day that are skipped or repeated.

Only triggers with times of day are touched: recurrences in days, weeks or months, and crons that do
not run every hour. Their rule is Azure's, see `offsets.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Literal, TypeGuard

from reconciler.firing.clocks.instants import DAY, Advance, moment, seconds, wall_moment
from reconciler.firing.clocks.offsets import Change, NextWall, clock
from reconciler.firing.rules import cron, recurrence
from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.days import times_of_day
from reconciler.model import Cron, Recurrence, Trigger


@dataclass(frozen=True, slots=True)
class ClockEffect:
    """A wall time of a trigger that on its day does not come, or comes twice."""

    kind: Literal["skipped", "repeated"]
    wall: datetime
    """Naive, in `time_zone`."""
    time_zone: str
    fires_at: datetime
    """The UTC instant at which it fires all the same: as late as it is moved, or the first time."""


def clock_effects(
    trigger: Trigger, after: datetime, until: datetime, *, created: datetime | None = None
) -> tuple[ClockEffect, ...]:
    """What the clock changes after `after`, up to and with `until`, do to the trigger.

    A recurrence counted from its creation has no effects that are known without `created`.
    """
    if not has_times_of_day(trigger):
        return ()
    changes = _changes(trigger.time_zone, after, until)
    if not changes:
        return ()
    if isinstance(trigger, Cron):
        return _cron_effects(trigger, changes)
    return _recurrence_effects(trigger, changes, created)


def has_times_of_day(trigger: Trigger) -> TypeGuard[Recurrence | Cron]:
    """Whether it fires by the clock of its zone: not by elapsed time, nor in every hour."""
    if isinstance(trigger, Cron):
        fields = parse(trigger.expression)
        return fields is not None and not fields.is_hourly
    return isinstance(trigger, Recurrence) and recurrence.elapsed_interval(trigger) is None


@lru_cache(maxsize=1024)
def _changes(time_zone: str, after: datetime, until: datetime) -> tuple[Change, ...]:
    return clock(time_zone).changes(seconds(after), seconds(until))


def _cron_effects(trigger: Cron, changes: tuple[Change, ...]) -> tuple[ClockEffect, ...]:
    fields = parse(trigger.expression)
    assert fields is not None
    times = times_of_day(fields.hours, fields.minutes)
    touching = _touching(changes, times)
    if not touching:
        return ()
    walk = partial(cron.advance, trigger)
    return _effects(touching, fields.next_wall, walk, trigger.time_zone)


def _recurrence_effects(
    trigger: Recurrence, changes: tuple[Change, ...], created: datetime | None
) -> tuple[ClockEffect, ...]:
    if created is None:
        if trigger.start_time is None and needs_anchor(trigger):
            return ()
        created = datetime.min.replace(tzinfo=UTC)
    anchor = recurrence.anchor_of(trigger, created)
    touching = _touching(changes, recurrence.times(trigger, anchor))
    if not touching:
        return ()
    search = recurrence.wall_times(trigger, anchor)
    walk = partial(recurrence.advance, trigger, created)
    return _effects(touching, search, walk, trigger.time_zone)


def needs_anchor(trigger: Recurrence) -> bool:
    """Whether a recurrence in days, weeks or months needs its anchor to tell its times."""
    pattern = recurrence.effective_pattern(trigger)
    if pattern is None or trigger.interval != 1 or not pattern.hours or not pattern.minutes:
        return True
    return trigger.frequency != "day" and not pattern.week_days and not pattern.month_days


def _touching(changes: tuple[Change, ...], times: tuple[int, ...]) -> list[Change]:
    """Those that skip or repeat one of the times of day, if its day is chosen: few do."""
    found = []
    for change in changes:
        _, before, after = change
        length = abs(after - before)
        start = (change.at + min(before, after)) % DAY
        index = bisect_left(times, start)
        following = times[index] if index < len(times) else times[0] + DAY
        if following < start + length:
            found.append(change)
    return found


def _effects(
    changes: list[Change], search: NextWall, walk: Callable[[], Advance], time_zone: str
) -> tuple[ClockEffect, ...]:
    found = []
    for change in changes:
        low, high = sorted((change.at + change.before, change.at + change.after))
        kind: Literal["skipped", "repeated"] = (
            "skipped" if change.after > change.before else "repeated"
        )
        wall = search(low - 1)
        while wall < high:
            at = wall - change.before
            if walk()(at - 1) == at:  # neither before its start nor after its end
                found.append(ClockEffect(kind, wall_moment(wall), time_zone, moment(at)))
            wall = search(wall)
    return tuple(found)
