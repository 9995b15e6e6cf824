"""`reconciler move`: schedules go from one target to another, and no fire is lost or doubled."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import click

from reconciler.apply import apply_plan
from reconciler.cli.durations import duration
from reconciler.cli.editing.declaration_files import complete_declared
from reconciler.cli.moving.between import CLOSE, run_between
from reconciler.cli.moving.edits import Edits, Route
from reconciler.cli.output import is_terminal, out, paint, say
from reconciler.cli.planning import (
    confirm,
    exit_by,
    plan_targets,
    show_plans,
    show_result,
    stopping_between_changes,
)
from reconciler.cli.session import Session, complete_targets, config_option
from reconciler.cli.state_options import now, record_apply, state_option, suspended_targets
from reconciler.config import Target
from reconciler.declare.holds import read_until, until_instant
from reconciler.errors import UnsafePlan
from reconciler.handover import Handovers, bring_runs
from reconciler.model import Outcome, Plan, Result
from reconciler.plan.options import PlanOptions
from reconciler.plan.select import only_these
from reconciler.providers.base import Provider
from reconciler.render.plain_text import printable
from reconciler.render.text.plan_text import render_results

_OPTIONS = PlanOptions(allow_empty=True, ignore_limits=True)
"""Of two targets of which only the schedules that move are shown and changed."""
_UNDONE = (Outcome.FAILED, Outcome.NOT_TRIED, Outcome.SKIPPED)

_SHOWN = 3

Planned = list[tuple[Plan, Provider]]


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_declared)
@click.option(
    "--from",
    "source",
    required=True,
    metavar="TARGET",
    shell_complete=complete_targets,
    help="The target that they leave.",
)
@click.option(
    "--to",
    "target",
    required=True,
    metavar="TARGET",
    shell_complete=complete_targets,
    help="The target that they go to.",
)
@click.option(
    "--at",
    "moment",
    default="5m",
    show_default=True,
    metavar="TIME",
    help="When: a date and time (in UTC, or with an offset), or a span from now such as 10m. Both"
    " targets are changed before that.",
)
@click.option(
    "--no-apply",
    is_flag=True,
    help="Write the files alone: commit them, and the applies after the review carry it out.",
)
@state_option
@config_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
def command(
    names: tuple[str, ...],
    source: str,
    target: str,
    moment: str,
    no_apply: bool,
    state: str | None,
    config: str | None,
    no_color: bool,
    yes: bool,
) -> None:
    """Move schedules to another target: from one moment on they fire there, and no more here.

    Without a NAME, all that is declared for the target that is left. Writes `targets` and
    `moved_from` into their files, shows the plans of both targets, asks, and applies them; where
    nobody agrees, the files are put back. The same command again goes on where one was stopped.
    """
    session = Session(config, no_color=no_color)
    if source == target:
        raise click.UsageError("--from and --to name the same target")
    both = [session.config.target(source), session.config.target(target)]
    route = Route(source, target, _moment(session, moment))
    leaves = session.provider(both[0])
    edits = Edits(session, route, {live.key.name: live for live in leaves.list()})
    edits.make([_bare(name, source) for name in names])
    agreed = False
    try:
        made = _plans(session, both, edits.names)
        agreed = _agreed(session, state, made, edits, yes=yes, asks=not no_apply)
    finally:
        if not agreed:
            edits.undo()
    if not agreed:
        say("nothing was changed")
        click.get_current_context().exit(1)
    if edits.written:
        _say_written([printable(path) for path in edits.written])
    if no_apply:
        return
    handovers = Handovers(made)
    results = _apply(session, state, made, handovers)
    late = {
        (source, target, name): at
        for name, at in edits.moments().items()
        if at < datetime.now(UTC) + CLOSE
    }
    errors = run_between(session, {**late, **handovers.between()})
    for said in bring_runs(made, lambda name: session.provider(session.config.target(name))):
        say(printable(said.words))
    for error in [*handovers.anew, *errors]:
        say(f"warning: {printable(error)}")
    exit_by(results)
    if errors:
        click.get_current_context().exit(5)


def _say_written(files: Sequence[str]) -> None:
    shown = ", ".join(files[:_SHOWN])
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    say(f"wrote {shown}{more}: commit {'it' if len(files) == 1 else 'them'}")


def _moment(session: Session, text: str) -> datetime:
    found = read_until(text)
    if found is not None:
        at = until_instant(found, "UTC")
    else:
        try:
            at = session.now + duration(text)
        except (click.BadParameter, OverflowError):
            raise click.UsageError(
                f'--at "{printable(text)}" is not a date and time, nor a span such as 10m'
            ) from None
    if at <= session.now:
        raise click.UsageError("--at is in the past")
    # Files say it in whole seconds.
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def _bare(name: str, source: str) -> str:
    return name.removeprefix(f"{source}/")


def _plans(session: Session, both: Sequence[Target], names: Sequence[str]) -> Planned:
    """Those of what moves alone."""
    declared = session.declared(both, allow_empty=True)
    wanted = set(names)
    made: Planned = []
    for plan, provider in plan_targets(session, both, declared, _OPTIONS):
        theirs = tuple(f"{plan.target}/{name}: " for name in names)
        refusals = tuple(one for one in plan.refusals if one.startswith(theirs))
        made.append((replace(only_these(plan, wanted, None), refusals=refusals), provider))
    return made


def _agreed(
    session: Session, state: str | None, made: Planned, edits: Edits, *, yes: bool, asks: bool
) -> bool:
    """Show the plans; whether they are to be carried out."""
    plans = [plan for plan, _ in made]
    show_plans(plans, "text")
    refusals = [reason for plan in plans for reason in plan.refusals]
    refusals += [
        f"{change.key}: {change.reason}"
        for plan in plans
        for change in plan.changes
        if change.action.name == "SKIP"
    ]
    if asks and any(plan.pending for plan in plans):
        refusals += suspended_targets(session, state, [plan.target for plan in plans])
    if refusals:
        raise UnsafePlan(refusals)
    pending = any(plan.pending for plan in plans)
    if not (pending and asks and not yes and is_terminal(sys.stdin)):
        return True
    return confirm(plans, "text")


def _apply(
    session: Session, state: str | None, made: Planned, handovers: Handovers
) -> list[Result]:
    """What ends first: nothing begins in one target before the other was told to end it."""
    if not any(plan.pending for plan, _ in made):
        return []
    out("\n")
    results: list[list[Result]] = []
    moments: list[tuple[datetime, datetime]] = []
    with stopping_between_changes() as guard:
        left: set[str] = set()
        for plan, provider in made:
            began = now()
            kept = only_these(plan, {c.key.name for c in plan.changes} - left, None)
            of_plan = apply_plan(
                kept, provider, show_result, guard=guard, prepare=handovers.receive
            )
            of_plan += [
                Result(change, Outcome.NOT_TRIED, "it was not told to end where it was")
                for change in plan.changes
                if change.key.name in left
            ]
            left |= {one.change.key.name for one in of_plan if one.outcome in _UNDONE}
            results.append(of_plan)
            moments.append((began, now()))
    record_apply(session, state, [plan for plan, _ in made], results, moments)
    every = [result for of_plan in results for result in of_plan]
    out("\n" + render_results(every, paint))
    return every
