"""What a schedule was, and when: from what is live and what the history says was applied.

Only what is known is said. Between two applies a schedule was what the first one made of it if
the second one found it so; where it found another, somebody changed it meanwhile, and nobody knows
when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from reconciler.audit.records import Period
from reconciler.firing.clocks.zones import zone
from reconciler.model import Cron, DatastoreChange, LiveSchedule, Recurrence, Schedule

_SLACK = timedelta(seconds=5)
"""By how much the target's clock and ours may differ."""
_FILLED_IN = timedelta(minutes=2)
"""How long after its creation a schedule may start that was made without a start."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that an apply or the loop made, some time from `began_at` to `ended_at`."""

    began_at: datetime
    ended_at: datetime
    before: Schedule | None
    """None: it was not there. It may have had another name."""
    after: Schedule


def periods_of(
    live: LiveSchedule, applied: Sequence[Applied], since: datetime, until: datetime
) -> tuple[Period, ...]:
    """What `live` was from `since` to `until` (now), without gaps. `applied`: the oldest first."""
    made = live.created_at or datetime.max.replace(tzinfo=until.tzinfo)
    history = [
        _since_creation(one, made) if _makes(one, made) else one
        for one in _with_starts(applied, live, made)
        if one.began_at < until
    ]
    # From when on its fires are counted from when.
    births = [(made, made)] + [
        (one.began_at, made if _makes(one, made) else one.began_at)
        for one in history
        if one.before is None
    ]
    found: list[Period] = []

    def add(start: datetime, end: datetime, what: Schedule | None, *, known: bool = True) -> None:
        start, end = max(start, since), min(end, until)
        if start < end:
            born = [at for begin, at in births if begin <= start]
            found.append(Period(start, end, what, max(born, default=start), known))

    def change(one: Applied) -> None:
        # While an apply goes on nobody knows what is live, but for what was not there before.
        known = _makes(one, made)
        add(one.began_at, one.ended_at, one.after if known else None, known=known)

    if history:
        add(since, history[0].began_at, None, known=history[0].before is None)
    for one, following in pairwise(history):
        change(one)
        same = _fires_alike(one.after, following.before)
        add(one.ended_at, following.began_at, one.after if same else None, known=same)
    begin, settled = since, None
    if history:
        last = history[-1]
        change(last)
        begin = last.ended_at
        settled = begin if _fires_alike(last.after, live.schedule) else None
    elif live.created_at is not None:
        add(since, live.created_at, None)
        begin, settled = max(since, live.created_at), live.created_at
    changed = live.modified_at or settled or until
    if settled is not None and changed <= settled + _SLACK:
        changed = begin
    add(begin, changed, None, known=False)
    add(max(begin, changed), until, live.schedule)
    return tuple(found)


def _makes(one: Applied, made: datetime) -> bool:
    """Whether a change is the one that made the schedule."""
    return one.before is None and one.began_at - _SLACK <= made <= one.ended_at + _SLACK


def _since_creation(one: Applied, made: datetime) -> Applied:
    """The change that made the schedule, from when its target says that it did: the first fire may
    be the very second of that.
    """
    created = made.replace(microsecond=0) - timedelta(microseconds=1)
    return replace(one, began_at=created, ended_at=max(created, one.ended_at))


def _with_starts(
    applied: Sequence[Applied], live: LiveSchedule, made: datetime
) -> Sequence[Applied]:
    """Where none was declared, with the start that the target filled in at the creation, as far as
    that is seen later on.
    """
    if all(_has_start(one.after) for one in applied):
        return applied
    seen = [one.before for one in applied if one.before is not None] + [live.schedule]
    births = [made, *(one.ended_at for one in applied if one.before is None)]
    filled = [
        one.trigger
        for one in seen
        if not isinstance(one.trigger, DatastoreChange) and _starts_at_birth(one.trigger, births)
    ]

    def completed(schedule: Schedule) -> Schedule:
        for one in () if _has_start(schedule) else filled:
            if replace(one, start_time=None) == schedule.trigger:
                return replace(schedule, trigger=one)
        return schedule

    return [
        replace(
            one,
            before=completed(one.before) if one.before is not None else None,
            after=completed(one.after),
        )
        for one in applied
    ]


def _has_start(schedule: Schedule) -> bool:
    trigger = schedule.trigger
    return isinstance(trigger, DatastoreChange) or trigger.start_time is not None


def _starts_at_birth(trigger: Recurrence | Cron, births: Sequence[datetime]) -> bool:
    if trigger.start_time is None:
        return False
    start = trigger.start_time.replace(tzinfo=zone(trigger.time_zone))
    return any(-_SLACK <= start - birth <= _FILLED_IN for birth in births)


def _fires_alike(one: Schedule, other: Schedule | None) -> bool:
    return other is not None and (one.trigger, one.enabled) == (other.trigger, other.enabled)
