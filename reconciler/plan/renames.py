"""Schedules that get another name: what they were, what looks like it, and their last fire. Pure.

A renaming is one change: what is live under the old name becomes what is declared under the new
one. It is spent as soon as the new name is live; the old one is then like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.document import schedule_digest
from reconciler.firing import next_fires
from reconciler.model import Action, Change, Key, LiveSchedule, Note, Plan, Schedule, Trigger

_REMOVE = "and can be removed"
_BACK = tuple(timedelta(hours=hours) for hours in (1, 24, 32 * 24, 367 * 24))
"""How far back a last fire is looked for: what fires often is found in the first."""


def predecessor(
    schedule: Schedule, live: Mapping[Key, LiveSchedule], owner: str | None
) -> LiveSchedule | None:
    """What `schedule` comes in place of: what has its name, else what is ours under its old one."""
    found = live.get(schedule.key)
    if found is None and schedule.renamed_from is not None:
        old = live.get(Key(schedule.key.target, schedule.renamed_from))
        return old if old is not None and owner is not None and old.owner == owner else None
    return found


def spent(schedule: Schedule, before: LiveSchedule | None, is_ours: bool) -> Iterator[Note]:
    """A note for each of `renamed_from` and `adopt` that has nothing to do (any more)."""
    if schedule.renamed_from is not None and (before is None or before.key == schedule.key):
        what = f"renamed_from: {schedule.renamed_from}"
        yield Note("rewritten", "renamed_from", f"{schedule.key}: {what} is spent, {_REMOVE}")
    handover = schedule.handover
    if handover is not None and before is not None and before.schedule.enabled:
        what = f"moved_from: {handover.source}"
        yield Note("rewritten", "moved_from", f"{schedule.key}: {what} is spent, {_REMOVE}")
    if schedule.adopt is not None and (before is None or is_ours):
        yield Note("rewritten", "adopt", f"{schedule.key}: adopt is spent, {_REMOVE}")


def with_hints(changes: Sequence[Change]) -> list[Change]:
    """`changes`, and where one creates what another disables under its old name, a word of it."""
    gone: dict[str, list[Change]] = {}
    for change in changes:
        if change.action is Action.DISABLE and change.before is not None:
            gone.setdefault(_nameless(change.before.schedule), []).append(change)
    if not gone:
        return list(changes)
    return [_hinted(change, gone) for change in changes]


def _hinted(change: Change, gone: Mapping[str, list[Change]]) -> Change:
    if change.action is not Action.CREATE or change.after is None:
        return change
    alike = gone.get(_nameless(change.after), [])
    if len(alike) != 1:
        return change
    old = alike[0].key.name
    hint = (
        f"it is {old} but for its name: with renamed_from: {old} it keeps its history, its start"
        " and what is pending"
    )
    return replace(change, reason=f"{change.reason}; {hint}" if change.reason else hint)


def _nameless(schedule: Schedule) -> str:
    """A digest of all but the name, and an experiment that is called by it."""
    job = schedule.job
    if job.experiment_name == schedule.key.name:
        job = replace(job, experiment_name=None)
    return schedule_digest(replace(schedule, key=Key("", ""), job=job))


def with_last_fires(
    plan: Plan, firing: Callable[[Schedule], Trigger | None], now: datetime
) -> Plan:
    """`plan`, in which renamings say which fire is the last under the old name, if applied at
    `now`, and which the first under the new one.
    """
    if not any(change.renamed for change in plan.changes):
        return plan
    changes = tuple(
        _told(change, firing, now) if change.renamed else change for change in plan.changes
    )
    return replace(plan, changes=changes)


def _told(change: Change, firing: Callable[[Schedule], Trigger | None], now: datetime) -> Change:
    old, new = change.before, change.after
    assert old is not None
    assert new is not None
    born = old.created_at or now
    parts = []
    if old.schedule.enabled and (last := _last(firing(old.schedule), born, now)):
        parts.append(f"its last fire as {old.key.name} was {last:%Y-%m-%d %H:%M} UTC")
    if new.enabled and (first := _first(firing(new), born, now)):
        parts.append(f"the first as {new.key.name} is {first:%Y-%m-%d %H:%M} UTC")
    return replace(change, reason="; ".join((change.reason, *parts)))


def _last(trigger: Trigger | None, born: datetime, now: datetime) -> datetime | None:
    if trigger is None:
        return None
    for back in _BACK:
        fires = list(next_fires(trigger, max(now - back, born), now, born))
        if fires or now - back <= born:
            return fires[-1] if fires else None
    return None


def _first(trigger: Trigger | None, born: datetime, now: datetime) -> datetime | None:
    if trigger is None:
        return None
    return next(iter(next_fires(trigger, now, now + timedelta(days=5 * 366), born)), None)
