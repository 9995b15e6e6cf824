"""What a schedule was, and when: from what is live and what the history says was applied.

Only what is known is said. Between two applies a schedule was what the first one made of it if
the second one found it so; where it found another, somebody changed it meanwhile, and nobody knows
when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from reconciler.audit.records import Period
from reconciler.model import LiveSchedule, Schedule

_SLACK = timedelta(seconds=5)
"""By how much the target's clock and ours may differ."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A change that an apply or the loop made, some time from `began_at` to `ended_at`."""

    began_at: datetime
    ended_at: datetime
    before: Schedule | None
    """None: it was not there."""
    after: Schedule


def periods_of(
    live: LiveSchedule, applied: Sequence[Applied], since: datetime, until: datetime
) -> tuple[Period, ...]:
    """What `live` was from `since` to `until` (now), without gaps. `applied`: the oldest first."""
    made = live.created_at or datetime.max.replace(tzinfo=until.tzinfo)
    found: list[Period] = []

    def add(start: datetime, end: datetime, what: Schedule | None, *, known: bool = True) -> None:
        start, end = max(start, since), min(end, until)
        if start < end:
            found.append(Period(start, end, what, min(made, end), known))

    def change(one: Applied) -> None:
        if one is creation:
            add(created, one.ended_at, one.after)
        else:
            add(one.began_at, one.ended_at, None, known=False)

    history = [one for one in applied if one.began_at < until]
    # While an apply goes on nobody knows what is live. But when a schedule was made its target
    # says, and its first fire may be the very second of that.
    created = made.replace(microsecond=0) - timedelta(microseconds=1)
    creation = history[0] if history and _makes(history[0], made) else None
    if history:
        began = created if creation is not None else history[0].began_at
        add(since, began, None, known=history[0].before is None)
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


def _fires_alike(one: Schedule, other: Schedule | None) -> bool:
    return other is not None and (one.trigger, one.enabled) == (other.trigger, other.enabled)
