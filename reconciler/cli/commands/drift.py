"""`reconciler drift`: how live schedules differ, by cause; and the answers to one of them."""

from __future__ import annotations

import sys

import click

from reconciler.apply import apply_plan
from reconciler.cli.commands.drift_accept import command as accept
from reconciler.cli.editing.declaration_files import name_argument, split_name
from reconciler.cli.editing.drift_changes import find_differences
from reconciler.cli.options import ignore_limits_option
from reconciler.cli.output import is_terminal, out, paint, say
from reconciler.cli.planning import (
    ANSWERING,
    confirm,
    exit_by,
    plan_targets,
    show_plans,
    show_result,
)
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.cli.state_options import now, record_apply, state_option, suspended_targets
from reconciler.errors import UnsafePlan
from reconciler.plan.select import only
from reconciler.render.documents import dumps
from reconciler.render.text.drift import drift_document, render_drift
from reconciler.render.text.plan_text import render_results


class _ListByDefault(click.Group):
    """A group whose `list` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options of no command are those of `list`."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListByDefault)
def command() -> None:
    """How live schedules differ, by cause; accept or revert it.

    Without a command: list. A third answer to a difference is `reconciler hold`.
    """


@command.command("list")
@target_option
@config_option
@format_option("text", "json")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when something differs.")
def list_drift(
    target: str | None, config: str | None, no_color: bool, form: str, exit_code: bool
) -> None:
    """What differs: changed in the repository, changed live (by whom, and when), or both."""
    session = Session(config, no_color=no_color)
    targets = session.targets(target)
    made = plan_targets(session, targets, session.declared(targets), ANSWERING)
    plans = [plan for plan, _ in made]
    document = drift_document(plans)
    out(dumps(document) if form == "json" else render_drift(document, paint))
    if exit_code and document["drift"]:
        click.get_current_context().exit(3)


command.add_command(accept, "accept")


@command.command()
@name_argument
@target_option
@config_option
@ignore_limits_option
@state_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
def revert(
    name: str,
    target: str | None,
    config: str | None,
    no_color: bool,
    ignore_limits: bool,
    state: str | None,
    yes: bool,
) -> None:
    """Apply the file, for this schedule alone: shows the plan, asks, carries it out."""
    session = Session(config, no_color=no_color)
    name, target = split_name(name, target)
    [one] = find_differences(session, name, [session.one_target(target)])
    limits = None if ignore_limits else session.config.limits
    plan = only(one.plan, one.change.key, limits)
    show_plans([plan], "text")
    refusals = [*plan.refusals, *suspended_targets(session, state, [plan.target])]
    if refusals:
        raise UnsafePlan(refusals)
    if not yes and is_terminal(sys.stdin) and not confirm([plan], "text"):
        say("nothing was changed")
        click.get_current_context().exit(1)
    out("\n")
    began = now()
    results = apply_plan(plan, one.provider, show_result)
    record_apply(session, state, [plan], [results], [(began, now())])
    out("\n" + render_results(results, paint))
    exit_by(results)
