"""What of a plan the loop may do by itself: a filter on the plan. Pure.

Modes first: what is looked away from leaves the plan, what is only observed waits. Then the
limits, counted over what would really be changed. Then the windows, all of a target or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.declare.holds import stricter
from reconciler.model import Action, Change, Mode, Plan
from reconciler.plan.limits import Limits, refusals_of
from reconciler.plan.windows import Opening

OBSERVED = "observe"
_TOUCHING = (Action.CREATE, Action.UPDATE, Action.DISABLE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that is not made, and why: `observe`, or the words of a window."""

    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class Filtered:
    """`plan`: what may be done, refusals and all. `waiting`: what is only reported."""

    plan: Plan
    waiting: tuple[Waiting, ...] = ()
    looked_away: int = 0
    """Changes of schedules whose mode is off."""


def filter_plan(
    plan: Plan, *, mode: Mode, limits: Limits | None, window: Opening | None = None
) -> Filtered:
    """`plan` made without limits -> what the loop does of it.

    `mode`: the target's; a schedule's own narrows it and never widens it.
    """
    kept: list[Change] = []
    waiting: list[Waiting] = []
    looked_away = 0
    for change in plan.changes:
        match stricter(mode, _mode_of(change)):
            case "off":
                looked_away += change.action in _TOUCHING
            case "observe" if change.action in _TOUCHING:
                waiting.append(Waiting(change, OBSERVED))
            case _:
                kept.append(change)
    refusals = plan.refusals
    if limits is not None:
        refusals = _refused(plan, kept, limits)
    if window is not None and not window.is_open:
        waiting += [Waiting(change, window.reason) for change in _touching(kept)]
        kept = [change for change in kept if change.action not in _TOUCHING]
    waiting.sort(key=lambda one: one.change.key)
    filtered = replace(plan, changes=tuple(kept), refusals=refusals)
    return Filtered(filtered, tuple(waiting), looked_away)


def _touching(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.action in _TOUCHING]


def _refused(plan: Plan, kept: Iterable[Change], limits: Limits) -> tuple[str, ...]:
    """What is looked away from, or only observed, is counted as left as it is. A plan that is
    accepted is the whole one, as reviews show it.
    """
    by_key = {change.key for change in kept}
    counted = tuple(
        change if change.key in by_key else replace(change, action=Action.NOOP)
        for change in plan.changes
    )
    found = refusals_of(replace(plan, changes=counted), limits)
    return found and refusals_of(plan, limits)


def _mode_of(change: Change) -> Mode:
    """That of the declaration; what is not declared any more is its target's business."""
    return change.after.mode if change.after is not None else "heal"
