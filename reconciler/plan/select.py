"""A plan -> the part of it that is about one schedule. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from reconciler.model import Key, Plan
from reconciler.plan.limits import Limits, over_limits


def only(plan: Plan, key: Key, limits: Limits | None) -> Plan:
    """The plan of that schedule alone, under the same limits; without what is unmanaged."""
    changes = tuple(change for change in plan.changes if change.key == key)
    ours = sum(c.before is not None and c.before.owner == plan.owner for c in plan.changes)
    counts = Counter(change.action for change in changes)
    refusals = tuple(over_limits(counts, ours, limits)) if limits is not None else ()
    return replace(plan, changes=changes, unmanaged=0, refusals=refusals, impact=None)
