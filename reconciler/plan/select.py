"""A plan -> the part of it that is about some schedules. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace

from reconciler.declare.adoption import is_adopted
from reconciler.model import Action, Change, Key, Plan
from reconciler.plan.limits import Limits, over_limits


def only(plan: Plan, key: Key, limits: Limits | None) -> Plan:
    """The plan of that schedule alone, under the same limits; without what is unmanaged."""
    return _part(plan, key.__eq__, limits)


def with_others_as_they_are(plan: Plan, names: Collection[str]) -> Plan:
    """The plan in which nothing happens to what `names` do not mean: what is told of all fires is
    then what comes of the named ones alone.
    """
    kept = (_as_it_is(one) if not is_named(one.key, names) else one for one in plan.changes)
    return replace(plan, changes=tuple(change for change in kept if change is not None))


def _as_it_is(change: Change) -> Change | None:
    if change.before is None:
        return None
    return Change(Action.NOOP, change.before.key, change.before, change.before.schedule)


def named(plan: Plan, names: Collection[str], limits: Limits | None) -> Plan:
    """The plan of what `names` mean: names, `target/name` or patterns of them. What is not named is
    not in it, so that no apply of it changes that; nor is what is unmanaged.
    """
    return replace(_part(plan, lambda key: is_named(key, names), limits), impact=plan.impact)


def is_named(key: Key, names: Collection[str]) -> bool:
    """Whether one of `names` means that schedule."""
    return any(is_adopted(key, name) for name in names)


def only_these(plan: Plan, names: Collection[str], limits: Limits | None) -> Plan:
    """The same of several, by their very names."""
    return _part(plan, lambda key: key.name in names, limits)


def _part(plan: Plan, is_meant: Callable[[Key], bool], limits: Limits | None) -> Plan:
    changes = tuple(change for change in plan.changes if is_meant(change.key))
    ours = sum(c.before is not None and c.before.owner == plan.owner for c in plan.changes)
    counts = Counter(change.action for change in changes if not change.over)
    refusals = tuple(over_limits(counts, ours, limits)) if limits is not None else ()
    return replace(plan, changes=changes, unmanaged=0, others=(), refusals=refusals, impact=None)
