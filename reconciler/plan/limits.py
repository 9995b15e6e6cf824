"""A plan's size -> the limits that it is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import Protocol

from reconciler.document import document_from_schedule
from reconciler.masking import mask
from reconciler.model import Action, LiveSchedule, Plan
from reconciler.plan.saved.digests import digest, live_seal

COUNTED_FROM = 10
"""Below this many live schedules of ours a share says nothing; a number does."""

_MEANT = "; if that is meant, use --ignore-limits"


class Limit(Protocol):
    """At most `percent` of the live schedules that are ours, and at most `count`."""

    @property
    def percent(self) -> float | None:
        """0 to 100; None: any share."""
        ...

    @property
    def count(self) -> int | None:
        """None: any number."""
        ...


class Limits(Protocol):
    """One Limit for each action that can do harm."""

    @property
    def disable(self) -> Limit:
        """Schedules that stop firing."""
        ...

    @property
    def update(self) -> Limit:
        """Schedules that change."""
        ...

    @property
    def accept(self) -> Collection[str]:
        """Marks of plans that were reviewed, and may be over the limits."""
        ...


def refusals_of(plan: Plan, limits: Limits) -> tuple[str, ...]:
    """What `plan` is refused for under `limits` beside what it is refused for already: nothing
    where just this plan is accepted.
    """
    counts = Counter(change.action for change in plan.changes if not change.over)
    befores = (change.before for change in plan.changes)
    ours = sum(before is not None and before.owner == plan.owner for before in befores)
    found = (*plan.refusals, *over_limits(counts, ours, limits))
    if not found:
        return ()
    mark = plan_mark(plan)
    if mark in limits.accept:
        return ()
    return (*found, f"a review can let just this plan through, with limits: {{accept: [{mark}]}}")


def plan_mark(plan: Plan) -> str:
    """What tells the changes of a plan from those of any other, and from the same ones made at
    another time: once applied, what was live has been modified since. Of no secret.
    """
    changes = [
        [
            change.action.name,
            change.key.name,
            None if change.before is None else [live_seal(change.before), _modified(change.before)],
            None if change.after is None else mask("", document_from_schedule(change.after)),
        ]
        for change in plan.pending
    ]
    return f"plan-{digest([plan.target, plan.owner, changes])[:24]}"


def _modified(live: LiveSchedule) -> str | None:
    return live.modified_at.isoformat() if live.modified_at is not None else None


def over_limits(counts: dict[Action, int], ours: int, limits: Limits) -> Iterator[str]:
    """One line for each limit that is exceeded. `ours`: live schedules with our owner."""
    for action, limit in ((Action.DISABLE, limits.disable), (Action.UPDATE, limits.update)):
        number = counts.get(action, 0)
        word = action.name.lower()
        if limit.count is not None and number > limit.count:
            what = "1 schedule" if number == 1 else f"{number} schedules"
            yield f"it would {word} {what}, and limits.{word}.count is {limit.count}{_MEANT}"
        if ours < COUNTED_FROM or limit.percent is None:
            continue
        if number * 100 > limit.percent * ours:
            share = number * 100 / ours
            yield (
                f"it would {word} {number} of {ours} schedules ({share:.3g} %), "
                f"and limits.{word}.percent is {limit.percent:g}{_MEANT}"
            )
