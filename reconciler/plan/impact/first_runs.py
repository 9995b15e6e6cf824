"""A plan with its impact -> the same with what its target does when it creates a schedule. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model import Action, Change, FireWarning, Plan, Schedule

FirstRun = Callable[[Schedule], str | None]


def with_first_runs(plan: Plan, first_run: FirstRun) -> Plan:
    """`plan`; `first_run` says of a schedule what is to be known of its creation, or None."""
    changes = tuple(_told(change, first_run) for change in plan.changes)
    return plan if changes == plan.changes else replace(plan, changes=changes)


def _told(change: Change, first_run: FirstRun) -> Change:
    wanted, impact = change.after, change.impact
    if change.action is not Action.CREATE or wanted is None or impact is None:
        return change
    message = first_run(wanted) if wanted.enabled else None
    if message is None:
        return change
    warning = FireWarning("immediate", message)
    return replace(change, impact=replace(impact, warnings=(warning, *impact.warnings)))
