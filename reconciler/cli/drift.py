"""`reconciler drift`: how live schedules differ, by cause; and the answers to one of them."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from reconciler.apply import apply_plan
from reconciler.cli.apply import _confirmed, _exit, _show
from reconciler.cli.declared import (
    Declared,
    complete_declared,
    find_declared,
    read_again,
    refuse_errors,
    replace_file,
    settings_of,
)
from reconciler.cli.output import is_terminal, out, paint, say
from reconciler.cli.plan import ignore_limits_option, plan_targets, show_plans
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.declare.edit import EditError, edit
from reconciler.errors import DeclarationError, ReconcilerError, UnsafePlan
from reconciler.model import Action, Change, Key, Plan
from reconciler.plan import make_plan
from reconciler.plan.accept import accept_edits
from reconciler.plan.select import only
from reconciler.providers.base import Provider
from reconciler.reconcile import canonicalize
from reconciler.render.drift import differs, drift_document, render_drift
from reconciler.render.json import dumps
from reconciler.render.text import render_results
from reconciler.render.words import printable


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
    made = plan_targets(session, targets, session.declared(targets), (), True, True, False)
    plans = [plan for plan, _ in made]
    document = drift_document(plans)
    out(dumps(document) if form == "json" else render_drift(document, paint))
    if exit_code and any(differs(change) for plan in plans for change in plan.changes):
        click.get_current_context().exit(3)


name_argument = click.argument("name", shell_complete=complete_declared)


@command.command()
@name_argument
@target_option
@config_option
def accept(name: str, target: str | None, config: str | None, no_color: bool) -> None:
    """Write what is live into the file: only what differs, with all else in the file as it was.

    The file is replaced only if the plan for the schedule is empty with it.
    """
    session = Session(config, no_color=no_color)
    plan, change, provider = _difference(session, name, target)
    key = change.key
    if change.action is not Action.UPDATE or change.before is None:
        what = "is not live yet" if change.action is Action.CREATE else "is not declared"
        raise ReconcilerError(f"{key} {what}: there is nothing to accept")
    declared = find_declared(session, key.name, key.target)
    try:
        edits = accept_edits(change, declared.document, alone=len(set(declared.targets)) == 1)
        data = edit(declared.data, declared.source.document, edits)
    except EditError as error:
        raise ReconcilerError(f"{declared.source}: {error}") from error
    _check(session, declared, data, plan, change, provider)
    replace_file(declared, data, session.config.root)
    out(f"{printable(declared.source.path)}: {printable(str(key))} is declared as it is live\n")
    for one in edits:
        out(f"    {printable('.'.join(one.path))}\n")
    say("the plan for it is empty now; commit the file")


def _check(
    session: Session,
    declared: Declared,
    data: bytes,
    plan: Plan,
    change: Change,
    provider: Provider,
) -> None:
    """ReconcilerError unless the plan is empty with `data`, and other targets are as they were."""
    settings = settings_of(session, declared.targets)
    before, _ = read_again(session, declared, declared.data, settings)
    after, findings = read_again(session, declared, data, settings)
    refuse_errors(declared, findings)
    for one, schedule in before.items():
        if one != change.key.target and after.get(one) != schedule:
            raise ReconcilerError(f"it would change in the target {one}; edit the file by hand")
    assert change.before is not None
    live = change.before
    try:
        desired = canonicalize([after[change.key.target]], {live.key: live}, provider)
    except DeclarationError as error:
        reason = error.problems[0].message
        raise ReconcilerError(f"the file is as it was, for the target refuses: {reason}") from error
    left = make_plan(desired, [live], target=plan.target, owner=plan.owner)
    if left.pending:
        names = ", ".join(field.name for each in left.pending for field in each.fields)
        raise ReconcilerError(
            f"{names} would still differ, by a default or a variable; the file is as it was",
            hint="edit it by hand, or `reconciler drift revert` it",
        )


@command.command()
@name_argument
@target_option
@config_option
@ignore_limits_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask. Without a terminal nobody is asked.")
def revert(
    name: str,
    target: str | None,
    config: str | None,
    no_color: bool,
    ignore_limits: bool,
    yes: bool,
) -> None:
    """Apply the file, for this schedule alone: shows the plan, asks, carries it out."""
    session = Session(config, no_color=no_color)
    whole, change, provider = _difference(session, name, target)
    limits = None if ignore_limits else session.config.limits
    plan = only(whole, change.key, limits)
    show_plans([plan], "text")
    if plan.refusals:
        raise UnsafePlan(plan.refusals)
    if not yes and is_terminal(sys.stdin) and not _confirmed([plan], "text"):
        say("nothing was changed")
        click.get_current_context().exit(1)
    out("\n")
    results = apply_plan(plan, provider, _show)
    out("\n" + render_results(results, paint))
    _exit(results)


def _difference(session: Session, name: str, target: str | None) -> tuple[Plan, Change, Provider]:
    """The change that is pending for a schedule, in the plan of its target."""
    if target is None and "/" in name:
        target = name.partition("/")[0]
    one = session.one_target(target)
    key = Key(one.name, name.removeprefix(f"{one.name}/"))
    declared = session.declared([one])
    [(plan, provider)] = plan_targets(session, [one], declared, (), True, True, False)
    change = next((change for change in plan.changes if change.key == key), None)
    shown = printable(str(key))
    if change is None:
        find_declared(session, key.name, one.name)  # says what there is instead
        raise click.UsageError(f"{shown} is not ours")
    if change.action is Action.SKIP:
        raise ReconcilerError(
            f"{shown} is {change.reason.partition(';')[0]}",
            hint=f"`reconciler apply --adopt {key.name}` takes it over",
        )
    if not differs(change):
        out(f"{shown} does not differ\n")
        click.get_current_context().exit(0)
    return replace(plan, refusals=()), change, provider
