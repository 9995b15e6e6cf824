"""Desired and live schedules of one target -> a Plan. Pure: the decision table, and its words.

desired          | live                    | action
-----------------+-------------------------+------------------------------------------------
yes              | absent                  | CREATE   +
yes              | ours, same              | NOOP
yes              | ours, differs           | UPDATE   ~   (also enabling and disabling)
yes              | another owner's         | SKIP     !   `--adopt NAME`, `adopt: {from}`: UPDATE
yes              | nobody's (made by hand) | SKIP     !   the same
no               | ours, enabled           | DISABLE  -   never deleted
no               | ours, disabled          | NOOP
no               | not ours                | left out, counted and named as unmanaged

What is ours, and what takes over what is not, is said by `declare/adoption.py`.
What is declared with `renamed_from`, is absent, and is ours under that name is an UPDATE of that.
What is declared with `moved_from` and no moment: `plan/moving/handovers.py`.
What is declared, is absent, and never fires any more is a NOOP where the target drops such ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from heapq import nsmallest

from reconciler.declare.adoption import Adoption, Claim
from reconciler.declare.suspensions import while_suspended
from reconciler.firing import next_fire
from reconciler.model import (
    Action,
    Canonical,
    Change,
    DatastoreChange,
    FieldChange,
    LiveSchedule,
    Plan,
    Schedule,
)
from reconciler.plan.causes import cause_of, say, why
from reconciler.plan.diff import diff_schedules, same
from reconciler.plan.limits import Limits, refusals_of
from reconciler.plan.moving.handovers import arriving, leaves, leaving
from reconciler.plan.renames import predecessor, spent, with_hints

NAMED = 10
"""So many of those that are unmanaged have their names in a plan: there may be thousands."""


def make_plan(
    desired: Sequence[Canonical],
    live: Iterable[LiveSchedule],
    *,
    target: str,
    owner: str,
    limits: Limits | None = None,
    adopt: Collection[str] = (),
    allow_empty: bool = False,
    now: datetime | None = None,
    repository: str | None = None,
    adoptions: Sequence[Adoption] = (),
    together: Collection[str] = (),
) -> Plan:
    """Every change that brings `live` to `desired`, sorted by name.

    `adopt`: names, or patterns of them, of schedules that are not ours and shall be. `limits`
    None: none hold. `now`: what is suspended then is desired as disabled; None: nothing is.
    `repository`: the identity of ours; `adoptions`: those of its configuration. `together`: the
    targets that are planned and applied in one run.
    """
    claim = Claim(owner, repository, tuple(adoptions), adopt)
    remaining = {schedule.key: schedule for schedule in live}
    declared = {c.schedule.key for c in desired}
    changes = []
    for c in desired:
        wanted = c.schedule
        before = predecessor(wanted, remaining, owner)
        if (
            before is not None
            and before.key != wanted.key
            and (before.key in declared or not claim.holds(before))
        ):
            before = None  # its old name is another's now
        if leaves(wanted):
            if before is not None and claim.holds(before):
                del remaining[before.key]
                changes.append(leaving(wanted, before, together))
            continue
        ours = before is not None and claim.holds(before)
        waits = arriving(wanted, before, together) if before is None or ours else None
        if before is not None and now is not None:
            c = while_suspended(c, before, now)
        if before is not None:
            del remaining[before.key]
        change = waits or _change(c, before, claim)
        over = tuple(spent(wanted, before, ours)) if waits is None else ()
        changes.append(replace(change, notes=(*change.notes, *over)) if over else change)
    unmanaged: list[str] = []
    for leftover in remaining.values():
        if not claim.holds(leftover):
            unmanaged.append(leftover.key.name)
        else:
            changes.append(_gone(leftover, now))
    changes = with_hints(changes)
    changes.sort(key=lambda change: change.key)
    refusals: tuple[str, ...] = ()
    if not desired and not allow_empty and not _is_left(changes):
        refusals = ("no schedule is declared for this target; if that is meant, use --allow-empty",)
    others = tuple(nsmallest(NAMED, unmanaged))
    plan = Plan(target, owner, tuple(changes), len(unmanaged), refusals, others=others)
    return plan if limits is None else replace(plan, refusals=refusals_of(plan, limits))


def _change(
    desired: Canonical,
    before: LiveSchedule | None,
    claim: Claim,
) -> Change:
    after, notes, contents = desired.schedule, desired.notes, desired.contents
    key = after.key
    if before is None and desired.over:
        return Change(Action.NOOP, key, None, after, reason="over: it never fires any more")
    if before is None:
        reason = say("", after)
        return Change(Action.CREATE, key, None, after, reason=reason, notes=notes, cause="new")
    if claim.holds(before):
        if same(before.schedule, after):
            reason = say("", after, pending=False)
            return Change(Action.NOOP, key, before, after, reason=reason)
        fields = diff_schedules(before.schedule, after)
        cause = cause_of(before, after, desired.digest)
        words = why(cause, before, after) if before.key == key else f"renamed from {before.key}"
        reason = say(words, after)
        return Change(
            Action.UPDATE, key, before, after, fields, reason, notes, None, cause, contents
        )
    fields = () if same(before.schedule, after) else diff_schedules(before.schedule, after)
    whose = claim.whose(before)
    if claim.takes(after, before):
        taken = FieldChange(("owner",), before.owner, claim.owner)
        if before.owner == claim.owner:
            taken = FieldChange(("repository",), before.repository, claim.repository)
        reason = f"taken over: it is {whose}"
        reason = say(reason, after)
        fields = (taken, *fields)
        return Change(Action.UPDATE, key, before, after, fields, reason, notes, contents=contents)
    reason = f"{whose}; --adopt {key.name} takes it over{_without_effect(after, before, claim)}"
    return Change(Action.SKIP, key, before, after, fields, reason, notes)


def _without_effect(after: Schedule, before: LiveSchedule, claim: Claim) -> str:
    """Of an `adopt` that takes nothing over: what would."""
    if after.adopt is None:
        return ""
    said = f"{{from: {after.adopt}}}" if after.adopt else "true"
    holder = next(iter(claim.holders(before)), "")
    would = f"{{from: {holder}}}" if holder else "true"
    return f", and so does `adopt: {would}`; `adopt: {said}` has no effect here"


def _is_over(live: LiveSchedule, now: datetime) -> bool:
    trigger = live.schedule.trigger
    if isinstance(trigger, DatastoreChange) or trigger.end_time is None:
        return False
    return next_fire(trigger, now, live.created_at or now) is None


def _is_left(changes: Sequence[Change]) -> bool:
    """Of a target for which nothing is declared: something was, and none of it fires any more, as
    where all of it moved to another target.
    """
    return bool(changes) and not any(
        change.action is Action.DISABLE and not change.over for change in changes
    )


def _gone(before: LiveSchedule, now: datetime | None) -> Change:
    if before.schedule.enabled:
        reason = "not in the repository any more"
        over = now is not None and _is_over(before, now)
        return Change(
            Action.DISABLE, before.key, before, None, reason=reason, cause="removed", over=over
        )
    return Change(Action.NOOP, before.key, before, None, reason="disabled, not in the repository")
