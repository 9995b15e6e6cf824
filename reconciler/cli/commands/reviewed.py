"""`reconciler reviewed`: whether a plan is one that was reviewed."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.forge_options import Planned, environment, plan_option, read_plans
from reconciler.cli.output import out
from reconciler.errors import UnsafePlan
from reconciler.forge import Forge, detect
from reconciler.forge.base import Merged
from reconciler.forge.review import Reviews
from reconciler.render.plain_text import printable

_NAMED = 5


@click.command()
@plan_option
def command(file: Path) -> None:
    """Exit with 4 unless merged pull requests show a plan, or each of its changes.

    For a job that runs after the merge: it plans anew, and applies only what `comment` had put
    into pull requests before they were merged. Several may have been merged at once, or have left
    changes over. A plan that changes nothing needs no review.
    """
    plans = read_plans(file)
    for planned in plans:
        if planned.not_ours:
            are = "schedule that is" if planned.not_ours == 1 else "schedules that are"
            target = printable(planned.plan["target"])
            out(f"{target}: {planned.not_ours:,} declared {are} not ours will not be applied\n")
    pending = [planned for planned in plans if planned.pending]
    if not pending:
        out("nothing to change\n")
        return
    forge = detect(environment())
    merged, reviews = forge.merged(), Reviews(forge)
    said: list[str] = []
    reasons: list[str] = []
    for planned in pending:
        reviewed, text = _look(forge, reviews, merged, planned)
        (said if reviewed else reasons).append(f"{printable(planned.plan['target'])}: {text}")
    if reasons:
        raise UnsafePlan(reasons)
    out("".join(f"{line}\n" for line in said))


def _look(
    forge: Forge, reviews: Reviews, merged: Merged | None, planned: Planned
) -> tuple[bool, str]:
    """Whether a plan was reviewed; by what, or why not."""
    if merged is None:
        reason: str | None = f"no merged {forge.review} brought this commit: nobody reviewed it"
    else:
        reason = reviews.of_plan(merged, planned.marker)
        if reason is None:
            return True, f"the plan is the one of {forge.review} {merged.number}"
    if planned.plan["refusals"] or not planned.changes:
        return False, f"{reason}"
    found = reviews.of_changes(planned.marker, planned.changes)
    if not found.missing:
        numbers = ", ".join(map(str, found.by))
        whose = f"{forge.review}{'s' if len(found.by) > 1 else ''} {numbers}"
        return True, f"each of its changes is one of {whose}"
    named = [f"{printable(name)}: {why}" for name, why in found.missing.items()]
    more = f"; and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return False, f"{reason} ({'; '.join(named[:_NAMED])}{more})"
