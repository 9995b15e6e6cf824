"""`reconciler show`: a saved plan as it was when it was made."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.output import out, paint, use_colour
from reconciler.cli.saved_plans import read_plan
from reconciler.cli.session import format_option
from reconciler.render.formats import FORMATS, render_document


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@format_option("text", *FORMATS)
@click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")
def command(file: Path, form: str, no_color: bool) -> None:
    """Show a plan that `plan --out FILE` saved. Reads nothing but the file.

    A file that was edited is refused; who made it is not known.
    """
    use_colour(no_color)
    document = read_plan(file).shown
    if form == "text":
        from reconciler.render.text.plan_text import render_plan

        out("\n".join(render_plan(plan, paint) for plan in document["plans"]))
    else:
        out(render_document(document, form))
