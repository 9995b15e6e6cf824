"""`reconciler plan`: what apply would do."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.live_schedules import complete_names
from reconciler.cli.loop.status import say_suspended
from reconciler.cli.options import full_option, plan_options
from reconciler.cli.planning import plan_targets, show_plans
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.plan.options import PlanOptions
from reconciler.render.formats import FORMATS


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_names)
@target_option
@config_option
@format_option("text", *FORMATS)
@plan_options
@full_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when live is not as declared.")
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
    options: PlanOptions,
    full: bool,
    exit_code: bool,
    saved_as: Path | None,
) -> None:
    """Show what apply would do: of all schedules, or of each NAME alone. Changes nothing.

    A NAME may be TARGET/NAME or a pattern, such as 'report-*'.
    Exits with 4 when the plan is one that apply would refuse.
    """
    if options.names and saved_as is not None:
        raise click.UsageError("--out saves a whole plan; `apply NAME` needs no file")
    session = Session(config, no_color=no_color)
    targets = session.targets(target)
    declared = session.declared(targets, allow_empty=options.allow_empty)
    made = plan_targets(session, targets, declared, options)
    plans = [plan for plan, _ in made]
    if saved_as is not None:
        from reconciler.cli.saved_plans import save_plans

        save_plans(saved_as, session, targets, declared, made, options)
    show_plans(plans, form, full=full)
    say_suspended(session, None, [plan.target for plan in plans])
    if any(plan.refusals for plan in plans):
        click.get_current_context().exit(4)
    if exit_code and any(plan.pending or plan.not_ours for plan in plans):
        click.get_current_context().exit(3)
