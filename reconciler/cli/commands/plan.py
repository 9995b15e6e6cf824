"""`reconciler plan`: what apply would do; and how both make their plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import click

from reconciler.cli.durations import duration
from reconciler.cli.output import out, paint
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.config import Limits, Target
from reconciler.model import Plan, Schedule
from reconciler.plan.impact import HORIZON
from reconciler.providers.base import Provider
from reconciler.reconcile import plan_target
from reconciler.render.formats import FORMATS, render_document
from reconciler.render.json import plans_document
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


def _horizon(text: str) -> timedelta:
    found = duration(text)
    if not timedelta(hours=1) <= found <= timedelta(days=366):
        raise click.BadParameter(f"{text} is not between 1h and 366d")
    return found


horizon_option = click.option(
    "--horizon",
    type=_horizon,
    default=f"{HORIZON.days}d",
    show_default=True,
    metavar="TIME",
    help="How far ahead the plan tells what will fire, such as 36h or 30d.",
)


@click.command()
@target_option
@config_option
@format_option("text", *FORMATS)
@adopt_option
@allow_empty_option
@ignore_limits_option
@strict_option
@horizon_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when there is something to change.")
@click.option(
    "--out",
    "saved_as",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the plan, for `apply FILE` to carry out just that.",
)
def command(
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
    adopt: tuple[str, ...],
    allow_empty: bool,
    ignore_limits: bool,
    strict: bool,
    horizon: timedelta,
    exit_code: bool,
    saved_as: Path | None,
) -> None:
    """Show what apply would do. Changes nothing.

    Exits with 4 when the plan is one that apply would refuse.
    """
    session = Session(config, no_color=no_color)
    targets = session.targets(target)
    declared = session.declared(targets)
    made = plan_targets(
        session, targets, declared, adopt, allow_empty, ignore_limits, strict, horizon
    )
    plans = [plan for plan, _ in made]
    if saved_as is not None:
        from reconciler.cli.planfiles import save_plans
        from reconciler.plan.planfile import Options

        options = Options(adopt, allow_empty, ignore_limits, strict)
        save_plans(saved_as, session, targets, declared, made, options)
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
    horizon: timedelta = HORIZON,
) -> list[tuple[Plan, Provider]]:
    """The plan of each target that is meant, with the provider that can carry it out."""
    targets = session.targets(target)
    declared = session.declared(targets)
    return plan_targets(
        session, targets, declared, adopt, allow_empty, ignore_limits, strict, horizon
    )


def plan_targets(
    session: Session,
    targets: Sequence[Target],
    declared: Mapping[str, Sequence[Schedule]],
    adopt: tuple[str, ...],
    allow_empty: bool,
    ignore_limits: bool,
    strict: bool,
    horizon: timedelta = HORIZON,
) -> list[tuple[Plan, Provider]]:
    """The same, for targets that are opened and declarations that are read."""
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
            now=session.now,
            horizon=horizon,
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
    """Print plans: for people one after the other, in any other format as one document."""
    if form == "text":
        out("\n".join(render_plan(plan, paint) for plan in plans))
    else:
        out(render_document(plans_document(plans), form))
