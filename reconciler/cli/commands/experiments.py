"""`reconciler experiments`: runs by what they are filed under."""

from __future__ import annotations

import click

from reconciler.cli.output import out, paint
from reconciler.cli.running.target_runs import runs_of
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.plain_text import table


@click.group()
def command() -> None:
    """List experiments."""


@command.command("list")
@target_option
@config_option
@format_option("text", "json")
def list_experiments(target: str | None, config: str | None, no_color: bool, form: str) -> None:
    """List experiments with their number of runs, and the newest run."""
    session = Session(config, no_color=no_color)
    rows = runs_of(session, session.one_target(target)).experiments()
    if form == "json":
        listed = [
            {"name": name, "runs": runs, "newest": at.isoformat(), "newest_status": status}
            for name, runs, status, at in rows
        ]
        out(dumps({"format_version": FORMAT_VERSION, "experiments": listed}))
        return
    cells = [
        (name, str(runs), status, f"{at:%Y-%m-%d %H:%M:%S}") for name, runs, status, at in rows
    ]
    out(table(("EXPERIMENT", "RUNS", "NEWEST", "AT (UTC)"), cells, paint))
