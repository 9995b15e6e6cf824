"""`reconciler plan`: what apply would do; and how both make their plans."""

from __future__ import annotations

import click

from reconciler.cli.output import out, paint
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.config import Limits, Target
from reconciler.model import Plan
from reconciler.providers.base import Provider
from reconciler.reconcile import plan_target
from reconciler.render.json import dumps, plans_document
from reconciler.render.text import render_plan
from reconciler.render.words import printable

adopt_option = click.option(
    "--adopt",
    multiple=True,
    metavar="NAME",
    help="Take over a live schedule that is not ours; may be given more than once.",
)
allow_empty_option = click.option(
    "--allow-empty", is_flag=True, help="Accept that no schedule is declared for a target."
)
strict_option = click.option(
    "--strict", is_flag=True, help="Refuse what a target would rewrite or approximate."
)
ignore_limits_option = click.option(
    "--ignore-limits", is_flag=True, help="Accept a plan that is over the limits."
)


@click.command()
@target_option
@config_option
@format_option("text", "json")
@adopt_option
@allow_empty_option
@ignore_limits_option
@strict_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when there is something to change.")
def command(
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
    adopt: tuple[str, ...],
    allow_empty: bool,
    ignore_limits: bool,
    strict: bool,
    exit_code: bool,
) -> None:
    """Show what apply would do. Changes nothing.

    Exits with 4 when the plan is one that apply would refuse.
    """
    session = Session(config, no_color=no_color)
    made = make_plans(session, target, adopt, allow_empty, ignore_limits, strict)
    plans = [plan for plan, _ in made]
    show_plans(plans, form)
    if any(plan.refusals for plan in plans):
        click.get_current_context().exit(4)
    if exit_code and any(plan.pending for plan in plans):
        click.get_current_context().exit(3)


def make_plans(
    session: Session,
    target: str | None,
    adopt: tuple[str, ...],
    allow_empty: bool,
    ignore_limits: bool,
    strict: bool,
) -> list[tuple[Plan, Provider]]:
    """The plan of each target that is meant, with the provider that can carry it out."""
    targets: list[Target] = session.targets(target)
    declared = session.declared(targets)
    limits: Limits | None = None if ignore_limits else session.config.limits
    made: list[tuple[Plan, Provider]] = []
    for one in targets:
        provider = session.provider(one)
        plan = plan_target(
            declared[one.name],
            provider,
            owner=session.config.owner,
            limits=limits,
            adopt=adopt,
            allow_empty=allow_empty,
            strict=strict,
        )
        made.append((plan, provider))
    _check_adopted(adopt, [plan for plan, _ in made])
    return made


def _check_adopted(adopt: tuple[str, ...], plans: list[Plan]) -> None:
    known = {text for p in plans for c in p.changes for text in (c.key.name, str(c.key)) if c.after}
    for name in adopt:
        if name not in known:
            raise click.UsageError(
                f"--adopt {printable(name)}: no schedule of that name is declared"
            )


def show_plans(plans: list[Plan], form: str) -> None:
    """Print plans: for people one after the other, as JSON in one document."""
    if form == "json":
        out(dumps(plans_document(plans)))
    else:
        out("\n".join(render_plan(plan, paint) for plan in plans))
