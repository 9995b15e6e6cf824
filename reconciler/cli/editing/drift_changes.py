"""The differences that `drift accept` and `drift revert` answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from reconciler.cli.editing.declaration_files import find_declared
from reconciler.cli.output import out
from reconciler.cli.planning import ANSWERING, plan_targets
from reconciler.cli.session import Session
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.model import Action, Change, Key, Plan
from reconciler.providers.base import Provider
from reconciler.render.plain_text import printable
from reconciler.render.text.drift import differs


@dataclass(frozen=True, slots=True)
class Difference:
    """One change that is pending, in the plan of its target."""

    plan: Plan
    change: Change
    provider: Provider


def find_differences(session: Session, name: str, targets: Sequence[Target]) -> list[Difference]:
    """How the schedule of that bare name differs in each of `targets` where it does.

    Says that it does not, and ends, where it differs in none; an error where it is not ours.
    """
    declared = session.declared(targets)
    made = plan_targets(session, targets, declared, ANSWERING)
    found = [
        Difference(plan, change, provider)
        for plan, provider in made
        for change in plan.changes
        if change.key == Key(plan.target, name)
    ]
    if not found:
        # That says what there is instead; it may be there for a target that is not asked about.
        find_declared(session, name, targets[0].name if len(targets) == 1 else None)
        raise click.UsageError(f"{printable(name)} is declared for none of these targets")
    for one in found:
        if one.change.action is Action.SKIP:
            raise ReconcilerError(
                f"{printable(str(one.change.key))} is {one.change.reason.partition(';')[0]}",
                hint=f"`reconciler apply --adopt {name}` takes it over",
            )
    differing = [one for one in found if differs(one.change)]
    if not differing:
        shown = str(found[0].change.key) if len(found) == 1 else name
        out(f"{printable(shown)} does not differ\n")
        click.get_current_context().exit(0)
    return differing
