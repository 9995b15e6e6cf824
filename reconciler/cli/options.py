"""The options that `plan` and `apply` share, as one value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import click

from reconciler.cli.durations import duration
from reconciler.plan.options import HORIZON, PlanOptions


def _horizon(text: str) -> timedelta:
    found = duration(text)
    if not timedelta(hours=1) <= found <= timedelta(days=366):
        raise click.BadParameter(f"{text} is not between 1h and 366d")
    return found


ignore_limits_option = click.option(
    "--ignore-limits", is_flag=True, help="Accept a plan that is over the limits."
)
full_option = click.option(
    "--full", is_flag=True, help="On a terminal, show every change of a large plan."
)
_OPTIONS = (
    click.option(
        "--adopt",
        multiple=True,
        metavar="NAME",
        help="Take over a live schedule that is not ours, or those of a pattern; several with "
        "commas between them, or the option repeated.",
    ),
    click.option(
        "--allow-empty", is_flag=True, help="Accept that no schedule is declared for a target."
    ),
    ignore_limits_option,
    click.option(
        "--strict", is_flag=True, help="Refuse what a target would rewrite or approximate."
    ),
    click.option(
        "--no-preflight",
        is_flag=True,
        help="Do not ask the target whether what the changes need is there.",
    ),
    click.option(
        "--horizon",
        type=_horizon,
        default=f"{HORIZON.days}d",
        show_default=True,
        metavar="TIME",
        help="How far ahead the plan tells what will fire, such as 36h or 30d.",
    ),
)


def plan_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that shape a plan; the command gets them as `options`, a PlanOptions."""

    @wraps(function)
    def with_options(
        adopt: tuple[str, ...],
        allow_empty: bool,
        ignore_limits: bool,
        strict: bool,
        no_preflight: bool,
        horizon: timedelta,
        names: tuple[str, ...] = (),
        **others: Any,
    ) -> None:
        # No schedule has a comma in its name.
        taken = tuple(name.strip() for names in adopt for name in names.split(","))
        options = PlanOptions(
            taken, allow_empty, ignore_limits, strict, not no_preflight, names, horizon
        )
        function(options=options, **others)

    command: Callable[..., None] = with_options
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
