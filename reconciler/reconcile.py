"""One cycle: declared schedules against one target.

live = provider.list()
desired = canonicalize(declared, live, provider)
plan = make_plan(desired, live, owner=owner)
return apply_plan(plan, provider)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reconciler.apply import OnResult, apply_plan
from reconciler.declare.adoption import Adoption
from reconciler.declare.places import Places
from reconciler.errors import DeclarationError
from reconciler.model import Canonical, Key, LiveSchedule, Note, Plan, Problem, Result, Schedule
from reconciler.plan import make_plan
from reconciler.plan.impact.first_runs import with_first_runs
from reconciler.plan.impact.impact import with_impact
from reconciler.plan.limits import Limits
from reconciler.plan.options import DEFAULTS, PlanOptions
from reconciler.plan.renames import predecessor, with_last_fires
from reconciler.plan.select import named, with_others_as_they_are
from reconciler.providers.base import Provider

_BESIDE = ("deployed", "unchecked", "waiting")
"""Kinds of notes that say nothing of what the schedule itself becomes."""


def reconcile(
    declared: Sequence[Schedule],
    provider: Provider,
    *,
    owner: str,
    limits: Limits | None = None,
    on_result: OnResult | None = None,
) -> list[Result]:
    """Bring the target of `provider` to what is declared for it."""
    plan = plan_target(declared, provider, owner=owner, limits=limits)
    return apply_plan(plan, provider, on_result)


def plan_target(
    declared: Sequence[Schedule],
    provider: Provider,
    *,
    owner: str,
    limits: Limits | None = None,
    options: PlanOptions = DEFAULTS,
    now: datetime | None = None,
    root: Path | None = None,
    impact: bool = True,
    repository: str | None = None,
    adoptions: Sequence[Adoption] = (),
    together: Collection[str] = (),
) -> Plan:
    """The first three lines: what would be done. Changes nothing.

    DeclarationError where the target cannot do what is declared, or, where `options` are strict,
    not as it stands; with lines where `root`, the repository, is at hand. `now`: the moment for
    which it is made: what is suspended then stays disabled; without one, nothing is. What it does
    to fires, applied then, is told as well, up to the horizon of `options` from there, unless
    `impact` is False. `repository`, `adoptions`, `together`: as of `make_plan`.
    """
    live = list(provider.list())
    by_key = {schedule.key: schedule for schedule in live}
    desired = canonicalize(
        declared, by_key, provider, owner=owner, strict=options.strict, root=root
    )
    plan = make_plan(
        desired,
        live,
        target=provider.name,
        owner=owner,
        limits=None if options.ignore_limits else limits,
        adopt=options.adopt,
        allow_empty=options.allow_empty,
        now=now,
        repository=repository,
        adoptions=adoptions,
        together=together,
    )
    if options.names:
        plan = with_others_as_they_are(plan, options.names)
    if options.preflight:
        plan = _checked(plan, provider, root)
    if now is not None and impact:
        plan = with_last_fires(plan, provider.firing_trigger, now)
        plan = with_impact(plan, firing=provider.firing_trigger, now=now, horizon=options.horizon)
        plan = with_first_runs(plan, provider.first_run)
    if options.names:
        return named(plan, options.names, None if options.ignore_limits else limits)
    return plan


def canonicalize(
    declared: Sequence[Schedule],
    live: Mapping[Key, LiveSchedule],
    provider: Provider,
    *,
    owner: str | None = None,
    strict: bool = False,
    root: Path | None = None,
) -> list[Canonical]:
    """Each schedule as its target would report it; DeclarationError with all that it refuses.

    One that is renamed is made canonical over what `owner` has live under its old name.

    `strict`: what it would rewrite or approximate is refused as well.
    """
    provider.prepare(declared)
    desired = [provider.canonical(one, predecessor(one, live, owner)) for one in declared]
    noted = ((one.schedule, one.notes) for one in desired)
    problems = refusals(noted, root, strict=strict)
    if problems:
        raise DeclarationError(problems)
    return desired


def _checked(plan: Plan, provider: Provider, root: Path | None) -> Plan:
    """The plan, with what its target may not look at; DeclarationError for what is not there."""
    schedules = [change.after for change in plan.pending if change.after is not None]
    by_key = {schedule.key: schedule for schedule in schedules}
    unchecked: dict[Key, list[Note]] = {}
    problems: list[Problem] = []
    places = Places(root)
    for key, note in provider.preflight(schedules):
        if note.kind == "refused":
            problems.append(places.of_note("TGT002", by_key[key], note))
        else:
            unchecked.setdefault(key, []).append(note)
    if problems:
        problems += [
            places.of_note("TGT004" if note.kind == "waiting" else "TGT003", by_key[key], note)
            for key, notes in unchecked.items()
            for note in notes
        ]
        order = sorted(dict.fromkeys(problems), key=lambda problem: problem.order)
        raise DeclarationError(order)
    if not unchecked:
        return plan
    changes = tuple(
        replace(change, notes=(*change.notes, *unchecked[change.key]))
        if change.key in unchecked
        else change
        for change in plan.changes
    )
    return replace(plan, changes=changes)


def refusals(
    noted: Iterable[tuple[Schedule, Sequence[Note]]], root: Path | None, *, strict: bool = False
) -> list[Problem]:
    """What of the notes on schedules refuses them, each once, at its place below `root`."""
    places = Places(root)
    problems = [
        places.of_note("TGT001", schedule, note)
        for schedule, notes in noted
        for note in notes
        if note.kind == "refused" or (strict and note.kind not in _BESIDE)
    ]
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.order)
