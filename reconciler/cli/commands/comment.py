"""`reconciler comment`: the plan, in the pull request."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.forge_options import (
    Planned,
    add_summary,
    dry_run_option,
    environment,
    number_option,
    plan_option,
    read_plans,
)
from reconciler.cli.output import out
from reconciler.forge import detect
from reconciler.forge.file_links import shown_by
from reconciler.forge.publish import publish_comment
from reconciler.forge.summary import run_link
from reconciler.render.markdown.document import BUDGET, render_markdown_target, size
from reconciler.render.markdown.heading import heading
from reconciler.render.markdown.links import FileLinks
from reconciler.render.plain_text import printable


@click.command()
@plan_option
@number_option
@click.option("--always", is_flag=True, help="Comment also where there is nothing to change.")
@click.option(
    "--link",
    metavar="URL",
    help="Where the whole plan is, such as its HTML; without it, the page of the CI job.",
)
@dry_run_option
def command(file: Path, number: int | None, always: bool, link: str | None, dry_run: bool) -> None:
    """Put a plan into the pull request: one comment for each target, updated in place.

    In GitHub Actions (GITHUB_TOKEN), GitLab CI (GITLAB_TOKEN) and Azure Pipelines
    (SYSTEM_ACCESSTOKEN). The summary of the job, where there is one, gets the plan too.
    """
    link = link or run_link(environment())
    told = [(planned, _text(planned, link)) for planned in read_plans(file)]
    if dry_run:
        out("\n".join(f"{planned.marker}\n{text}" for planned, text in told))
        return
    add_summary("\n".join(text for _, text in told))
    forge = detect(environment(), number)
    pull = forge.number()
    for planned, text in told:
        new = planned.pending or planned.not_ours > 0 or always
        became = publish_comment(forge, pull, planned.marker, text, new=new)
        target = printable(planned.plan["target"])
        out(f"{target}: comment {became} ({forge.name}, {forge.review} {pull})\n")


def _text(planned: Planned, link: str | None) -> str:
    shown = shown_by(environment())
    above = heading(
        planned.plan["target"],
        provider=planned.provider,
        identity=planned.identity,
        commit=shown.commit if shown is not None else planned.commit,
        owner=planned.plan["owner"],
        commit_link=shown.link if shown is not None else None,
    )
    room = BUDGET - len(str(planned.marker)) - 1 - size(above)
    links = FileLinks(shown.before, shown.line) if shown is not None else None
    return above + render_markdown_target(planned.plan, budget=room, link=link, links=links)
