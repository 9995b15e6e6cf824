"""Schedules that go from one target to another in one run: the rows of both plans. Pure.

desired, moved_from: OLD     | live                       | both targets planned | one of them
-----------------------------+----------------------------+----------------------+------------
in OLD                       | absent, or not ours        | no row               | no row
in OLD                       | ours, disabled             | NOOP                 | NOOP
in OLD                       | ours, enabled              | DISABLE              | SKIP
in one of `targets`          | absent                     | CREATE               | SKIP
in one of `targets`          | ours, disabled by an apply | UPDATE               | SKIP
in one of `targets`          | anything else              | as without it        | as without it

The two halves are carried out in that order (`handover.py`): no target alone can know how far the
other is, and what begins here before it ends there fires twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.document import schedule_digest
from reconciler.model import Action, Change, LiveSchedule, Schedule
from reconciler.plan.causes import say

WAITS = "one run of all these targets does that: --target all, or the command move"


def leaves(schedule: Schedule) -> bool:
    """Whether its target is the one that it goes from."""
    return schedule.handover is not None and schedule.handover.source == schedule.key.target


def leaving(wanted: Schedule, before: LiveSchedule, together: Collection[str]) -> Change:
    """The row of `before`, which is ours, in the target that it leaves."""
    assert wanted.handover is not None
    key, targets = before.key, wanted.handover.targets
    if not before.schedule.enabled:
        reason = f"disabled, for it moves to {' and '.join(targets)}"
        return Change(Action.NOOP, key, before, None, reason=reason)
    if not _all_planned(wanted, together):
        reason = say(f"waiting: {WAITS}", wanted)
        return Change(Action.SKIP, key, before, wanted, reason=reason, waits=True)
    return Change(Action.DISABLE, key, before, None, reason=say("", wanted), cause="removed")


def arriving(
    wanted: Schedule, before: LiveSchedule | None, together: Collection[str]
) -> Change | None:
    """SKIP where it has to wait for a run that has all targets; None: it is like any other.

    `before`: what is live under its name, if that is ours.
    """
    if before is not None and not (wanted.enabled and was_let_go(before)):
        return None
    if _all_planned(wanted, together):
        return None
    reason = say(f"waiting: {WAITS}", wanted)
    return Change(Action.SKIP, wanted.key, before, wanted, reason=reason, waits=True)


def was_let_go(live: LiveSchedule) -> bool:
    """Whether it is off because an apply said so, and nobody else."""
    if live.schedule.enabled:
        return False
    return live.applied == (live.digest or schedule_digest(replace(live.schedule, enabled=False)))


def _all_planned(wanted: Schedule, together: Collection[str]) -> bool:
    handover = wanted.handover
    return handover is None or {handover.source, *handover.targets} <= set(together)
