"""A plan -> the part of it that is about some schedules. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

from reconciler.declare.adoption import is_adopted
from reconciler.model import Key, Plan
from reconciler.plan.limits import Limits, over_limits


def only(plan: Plan, key: Key, limits: Limits | None) -> Plan:
    """The plan of that schedule alone, under the same limits; without what is unmanaged."""
    return _part(plan, key.__eq__, limits)


def named(plan: Plan, names: Collection[str], limits: Limits | None) -> Plan:
    """The plan of what `names` mean: names, `target/name` or patterns of them. What is not named is
    not in it, so that no apply of it changes that; nor is what is unmanaged.
    """
    return _part(plan, lambda key: any(is_adopted(key, name) for name in names), limits)


def only_these(plan: Plan, names: Collection[str], limits: Limits | None) -> Plan:
    """The same of several, by their very names."""
    return _part(plan, lambda key: key.name in names, limits)


def _part(plan: Plan, is_meant: Callable[[Key], bool], limits: Limits | None) -> Plan:
    changes = tuple(change for change in plan.changes if is_meant(change.key))
    ours = sum(c.before is not None and c.before.owner == plan.owner for c in plan.changes)
    counts = Counter(change.action for change in changes)
    refusals = tuple(over_limits(counts, ours, limits)) if limits is not None else ()
    return replace(plan, changes=changes, unmanaged=0, refusals=refusals, impact=None)
