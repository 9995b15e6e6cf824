"""`reconciler issue`: one issue as long as live schedules differ from the repository."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from reconciler.cli.forge_options import (
    Planned,
    add_summary,
    dry_run_option,
    environment,
    plan_option,
    read_plans,
)
from reconciler.cli.output import out
from reconciler.forge import detect
from reconciler.forge.marker import Marker
from reconciler.forge.publish import publish_issue
from reconciler.forge.summary import run_link
from reconciler.render.markdown.document import BUDGET, render_markdown
from reconciler.render.plain_text import clip, printable

_INTRO = """\
The live schedules are not as the repository says. Merging a change, or running the workflow that
applies, makes them so; what was changed by hand and should stay goes into the repository. This
issue is closed by the next check that finds nothing.

"""
_TITLE = 200


@click.command()
@plan_option
@click.option("--link", metavar="URL", help="Where the whole plan is; without it, the CI job.")
@dry_run_option
def command(file: Path, link: str | None, dry_run: bool) -> None:
    """Open, update or close the issue that says how live schedules differ.

    For a job that plans every night: one issue for the targets of the plan is opened on drift,
    kept up to date, and closed when there is none.
    """
    plans = read_plans(file)
    drift = any(planned.pending or planned.not_ours for planned in plans)
    targets = ", ".join(printable(planned.plan["target"]) for planned in plans)
    marker = _marker(plans)
    intro = _INTRO if drift else ""
    document = {"plans": [planned.plan for planned in plans]}
    room = BUDGET - len(intro) - len(str(marker)) - 1
    text = intro + render_markdown(document, budget=room, link=link or run_link(environment()))
    title = clip(f"Schedules differ from the repository: {targets}", _TITLE)
    if dry_run:
        out(f"{title}\n\n{marker}\n{text}")
        return
    add_summary(text)
    forge = detect(environment())
    became = publish_issue(forge, marker, title, text, drift=drift)
    out(f"{targets}: issue {became} ({forge.name})\n")


def _marker(plans: list[Planned]) -> Marker:
    """One for all targets of the file together."""
    targets = ",".join(sorted(planned.plan["target"] for planned in plans))
    owners = ",".join(sorted({planned.plan["owner"] for planned in plans}))
    digests = "".join(planned.digest for planned in plans)
    digest = hashlib.sha256(digests.encode()).hexdigest()
    return Marker("drift", targets, owners, f"sha256:{digest}")
