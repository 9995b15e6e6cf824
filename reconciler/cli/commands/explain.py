"""`reconciler explain WHAT`: the page of a problem's code, or of a topic."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from reconciler.cli.output import out
from reconciler.declare.problem_codes import CODES
from reconciler.render.plain_text import table

PAGES = Path(__file__).parents[2] / "explain"
TOPICS = {"cron": "the expressions of a cron trigger, and what Azure does of each"}


def _complete_codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    codes = [code for code in CODES if code.startswith(incomplete.upper())]
    return codes + [topic for topic in TOPICS if topic.startswith(incomplete.lower())]


@click.command()
@click.argument("code", required=False, shell_complete=_complete_codes)
def command(code: str | None) -> None:
    """Say what a problem's code means, why it matters and what to do; without CODE, list all.

    `explain cron` is the dialect of cron expressions.
    """
    if code is None:
        rows = [(name, entry.severity, entry.title) for name, entry in CODES.items()]
        out(table(("CODE", "SEVERITY", "IT MEANS THAT"), rows))
        return
    wanted = code.lower() if code.lower() in TOPICS else code.upper()
    if wanted not in CODES and wanted not in TOPICS:
        close = get_close_matches(wanted, CODES, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise click.UsageError(f'there is no code "{code}"{hint}')
    out((PAGES / f"{wanted}.md").read_text(encoding="utf-8"))
