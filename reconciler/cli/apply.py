"""`reconciler apply`: show the plan, ask, carry it out."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from reconciler.apply import PARALLELISM, apply_plan
from reconciler.cli.output import is_terminal, out, paint, say
from reconciler.cli.plan import (
    adopt_option,
    allow_empty_option,
    ignore_limits_option,
    make_plans,
    show_plans,
    strict_option,
)
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.errors import UnsafePlan
from reconciler.model import Outcome, Plan, Result
from reconciler.render.json import dumps, results_document
from reconciler.render.text import render_plan, render_result, render_results

_CHANGED = (Outcome.CREATED, Outcome.UPDATED, Outcome.DISABLED)


@click.command()
@target_option
@config_option
@format_option("text", "json")
@adopt_option
@allow_empty_option
@ignore_limits_option
@strict_option
@click.option(
    "--parallelism",
    type=click.IntRange(1, 256),
    default=PARALLELISM,
    show_default=True,
    help="Changes at a time, where the target can take several.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
def command(
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
    adopt: tuple[str, ...],
    allow_empty: bool,
    ignore_limits: bool,
    strict: bool,
    parallelism: int,
    yes: bool,
) -> None:
    """Create, update and disable live schedules as declared. Nothing is ever deleted.

    Shows the plan, and asks before it changes anything.
    """
    session = Session(config, no_color=no_color)
    made = make_plans(session, target, adopt, allow_empty, ignore_limits, strict)
    plans = [plan for plan, _ in made]
    if form == "text":
        show_plans(plans, form)
    refusals = [reason for plan in plans for reason in plan.refusals]
    if refusals:
        # Before anything is changed in any target.
        raise UnsafePlan(refusals)
    pending = any(plan.pending for plan in plans)
    if pending and not yes and is_terminal(sys.stdin) and not _confirmed(plans, form):
        say("nothing was changed")
        click.get_current_context().exit(1)
    if pending and form == "text":
        out("\n")
    results = [
        apply_plan(plan, provider, _show if form == "text" else None, parallelism=parallelism)
        for plan, provider in made
    ]
    if form == "json":
        out(dumps(results_document(plans, results)))
    elif pending:
        out("\n" + render_results([r for of_plan in results for r in of_plan], paint))
    _exit([r for of_plan in results for r in of_plan])


def _confirmed(plans: list[Plan], form: str) -> bool:
    """Ask where the person looks, who may have sent standard output elsewhere."""
    elsewhere = form == "json" or not is_terminal(sys.stdout)
    if elsewhere:
        say("\n".join(render_plan(plan, paint) for plan in plans))
    else:
        out("\n")
    return click.confirm("Apply these changes?", err=elsewhere)


def _show(result: Result) -> None:
    # Whoever stops reading does not stop an apply half-way.
    with suppress(BrokenPipeError):
        out(render_result(result, paint))


def _exit(results: list[Result]) -> None:
    outcomes = {result.outcome for result in results}
    if outcomes.isdisjoint((Outcome.FAILED, Outcome.NOT_TRIED)):
        return
    click.get_current_context().exit(1 if outcomes.isdisjoint(_CHANGED) else 5)
