"""`reconciler schema`: the JSON schemas, for editors and other tools."""

from __future__ import annotations

import click

from reconciler.cli.output import out
from reconciler.schemas import NAMES, read_schema


@click.command()
@click.argument("name", type=click.Choice(NAMES), default="schedule")
def command(name: str) -> None:
    """Print a JSON schema: of schedules, job files, reconciler.yaml or plans."""
    out(read_schema(name))
