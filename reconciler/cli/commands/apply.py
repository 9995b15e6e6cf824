"""`reconciler apply`: show the plan, ask, carry it out."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from reconciler.apply import PARALLELISM, apply_plan
from reconciler.cli.durations import duration
from reconciler.cli.live_schedules import complete_names
from reconciler.cli.moving.between import run_between
from reconciler.cli.options import full_option, plan_options
from reconciler.cli.output import is_terminal, out, paint, say
from reconciler.cli.planning import (
    confirm,
    exit_by,
    make_plans,
    show_plans,
    show_result,
    stopping_between_changes,
)
from reconciler.cli.session import Session, actor, config_option, format_option, target_option
from reconciler.cli.state_options import now, record_apply, state_option, suspended_targets
from reconciler.errors import UnsafePlan
from reconciler.handover import Handovers, bring_runs, in_order
from reconciler.model import Plan, Result
from reconciler.plan.options import PlanOptions
from reconciler.render.documents import dumps, results_document
from reconciler.render.plain_text import counted, printable, short_revision
from reconciler.render.text.plan_text import render_results


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names, and files beside them."""
    names = [CompletionItem(name) for name in complete_names(ctx, param, incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]


@click.command()
@click.argument("what", nargs=-1, metavar="[FILE | NAME...]", shell_complete=_complete)
@target_option
@config_option
@format_option("text", "json")
@plan_options
@full_option
@click.option(
    "--parallelism",
    type=click.IntRange(1, 256),
    default=PARALLELISM,
    show_default=True,
    help="Changes at a time, where the target can take several.",
)
@click.option("--partial", is_flag=True, help="Of a saved plan: make the changes that still match.")
@click.option(
    "--max-age",
    type=duration,
    metavar="TIME",
    help="Of a saved plan: how old it may be, such as 90m, 24h or 7d.",
)
@click.option(
    "--any-commit",
    is_flag=True,
    help="Of a saved plan: accept another commit, if it declares the same.",
)
@state_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
def command(
    what: tuple[str, ...],
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
    options: PlanOptions,
    full: bool,
    parallelism: int,
    partial: bool,
    max_age: timedelta | None,
    any_commit: bool,
    state: str | None,
    yes: bool,
) -> None:
    """Create, update and disable live schedules as declared. Nothing is ever deleted.

    Shows the plan, and asks before it changes anything. With a FILE that `plan --out` saved,
    everything is read again, and the plan is carried out only if it is still that one.

    With NAMEs, of schedules or patterns of them, nothing is done to any other schedule.
    """
    file, names = _meant(what)
    options = replace(options, names=names)
    if file is None and (partial or max_age is not None or any_commit):
        raise click.UsageError("--partial, --max-age and --any-commit are about a saved plan")
    session = Session(config, no_color=no_color)
    left_out = 0
    if file is None:
        made = make_plans(session, target, options)
    else:
        from reconciler.cli.saved_plans import plans_as_saved

        made, left_out = plans_as_saved(
            session,
            file,
            target,
            options,
            max_age=max_age,
            any_commit=any_commit,
            partial=partial,
        )
    made = in_order(made)
    plans = [plan for plan, _ in made]
    if form == "text":
        show_plans(plans, form, full=full)
    refusals = [reason for plan in plans for reason in plan.refusals]
    if any(plan.pending for plan in plans):
        refusals += suspended_targets(session, state, [plan.target for plan in plans])
    if refusals:
        # Before anything is changed in any target.
        raise UnsafePlan(refusals)
    pending = any(plan.pending for plan in plans)
    if pending and not yes and is_terminal(sys.stdin) and not confirm(plans, form):
        say("nothing was changed")
        click.get_current_context().exit(1)
    if pending:
        _say_windows(session, plans)
        if session.head.dirty and session.head.name:
            name = short_revision(session.head.name)
            say(f"uncommitted changes: this apply is recorded as {name}, by {actor()}")
    if pending and form == "text":
        out("\n")
    results: list[list[Result]] = []
    moments: list[tuple[datetime, datetime]] = []
    shown = show_result if form == "text" else None
    handovers = Handovers(made)
    with stopping_between_changes() as guard:
        for plan, provider in made:
            began = now()
            done = apply_plan(
                plan,
                provider,
                shown,
                parallelism=parallelism,
                guard=guard,
                prepare=handovers.receive,
            )
            results.append(done)
            moments.append((began, now()))
    record_apply(session, state, plans, results, moments)
    if form == "json":
        out(dumps(results_document(plans, results)))
    elif pending:
        out("\n" + render_results([r for of_plan in results for r in of_plan], paint))
    for said in bring_runs(made, lambda name: session.provider(session.config.target(name))):
        say(printable(said.words))
    for error in [*handovers.anew, *run_between(session, handovers.between())]:
        say(f"warning: {printable(error)}")
    if left_out:
        say(f"{counted(left_out, 'change')} left out: live is not as declared")
    exit_by([r for of_plan in results for r in of_plan], left_out)


def _meant(what: tuple[str, ...]) -> tuple[Path | None, tuple[str, ...]]:
    """A saved plan, or names: what is there as a file, or can only be one, is a file. A folder is
    none: that of a job's code often has the name of its schedule.
    """
    if len(what) != 1:
        return None, what
    is_file = os.path.lexists(what[0]) and not os.path.isdir(what[0])
    if is_file or what[0].endswith((".plan", ".json")):
        return Path(what[0]), ()
    return None, what


def _say_windows(session: Session, plans: list[Plan]) -> None:
    """Windows are for the loop; whoever applies by hand is told, and goes on."""
    if session.config.windows:
        from reconciler.plan.windows import opening

        for plan in plans:
            found = opening(session.config.windows, plan.target, session.now)
            if plan.pending and not found.is_open:
                say(f"{printable(plan.target)}: {printable(found.reason)}; the loop would wait")
