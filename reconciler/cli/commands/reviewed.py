"""`reconciler reviewed`: whether a plan is the one that was reviewed."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.forge_options import Planned, environment, plan_option, read_plans
from reconciler.cli.output import out
from reconciler.errors import UnsafePlan
from reconciler.forge import Forge, detect
from reconciler.forge.base import Merged
from reconciler.forge.marker import read_marker
from reconciler.forge.publish import find_comment
from reconciler.render.plain_text import printable


@click.command()
@plan_option
def command(file: Path) -> None:
    """Exit with 4 unless a plan is the one that the merged pull request shows.

    For a job that runs after the merge: it plans anew, and applies only what `comment` had put
    into the pull request before it was merged. A plan that changes nothing needs no review.
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
    merged = forge.merged()
    if merged is None:
        raise UnsafePlan([f"no merged {forge.review} brought this commit: nobody reviewed it"])
    reasons = [reason for planned in pending if (reason := _reason(forge, merged, planned))]
    if reasons:
        raise UnsafePlan(reasons)
    for planned in pending:
        target = printable(planned.plan["target"])
        out(f"{target}: the plan is the one of {forge.review} {merged.number}\n")


def _reason(forge: Forge, merged: Merged, planned: Planned) -> str | None:
    """Why a plan does not count as reviewed; None if it does."""
    note = find_comment(forge, merged.number, planned.marker)
    shown = read_marker(note.body) if note else None
    target = planned.plan["target"]
    review = f"{forge.review} {merged.number}"
    if note is None or shown is None:
        return f"{target}: {review} shows no plan for this target and owner"
    if shown.digest != planned.digest:
        return f"{target}: the plan is not the one that {review} shows"
    if note.edited is None or note.edited > merged.at:
        return f"{target}: the plan was put into {review} after it was merged"
    return None
