"""`reconciler history`: past cycles and applies."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta

import click

from reconciler.cli.durations import duration
from reconciler.cli.output import out, paint
from reconciler.cli.session import Session, config_option, format_option, target_option
from reconciler.cli.state_options import state_option, state_to_read
from reconciler.cli.workspace_target import Workspace
from reconciler.history import entry_document
from reconciler.render.documents import FORMAT_VERSION, dumps
from reconciler.render.plain_text import printable, table
from reconciler.render.text.history import render_entries, render_entry
from reconciler.workspace.store.history.acts import Acts, Kind


@click.group()
def command() -> None:
    """List, show, export and prune past cycles and applies; list what people did by hand.

    A cycle that found nothing new is counted with the one before it.
    """


@command.command("list")
@click.option("--target", metavar="NAME", help="Those of this target.")
@click.option("--schedule", metavar="NAME", help="Those that changed this schedule.")
@click.option("--changes", is_flag=True, help="Those that changed something, or tried to.")
@click.option("--before", metavar="ID", type=click.IntRange(1), help="Those before this one.")
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1), help="At most.")
@state_option
@config_option
@format_option("text", "json")
def list_entries(
    target: str | None,
    schedule: str | None,
    changes: bool,
    before: int | None,
    limit: int,
    state: str | None,
    config: str | None,
    no_color: bool,
    form: str,
) -> None:
    """List cycles and applies, the newest first."""
    session = Session(config, no_color=no_color)
    with closing(state_to_read(session, state)) as opened:
        entries = opened.history.list(
            target, limit=limit, before=before, schedule=schedule, changes=changes
        )
    if form == "json":
        lines = [entry_document(entry) for entry in entries]
        for line in lines:
            del line["plan"], line["results"]
        out(dumps({"format_version": FORMAT_VERSION, "history": lines}))
    else:
        out(render_entries(entries, paint))


@command.command("show")
@click.argument("number", metavar="ID", type=click.IntRange(1))
@state_option
@config_option
@format_option("text", "json", "markdown", "html")
def show_entry(
    number: int, state: str | None, config: str | None, no_color: bool, form: str
) -> None:
    """Show one whole: its plan, and what became of each change."""
    session = Session(config, no_color=no_color)
    with closing(state_to_read(session, state)) as opened:
        entry = opened.history.show(number)
    if entry is None:
        raise click.UsageError(f"the history has no {number}; `history list` shows what it has")
    if form == "text":
        out(render_entry(entry, paint))
        return
    if form == "json":
        out(dumps({"format_version": FORMAT_VERSION, **entry_document(entry)}))
        return
    from reconciler.render.formats import render_document

    plans = [entry.record.plan] if entry.record.plan is not None else []
    out(render_document({"format_version": FORMAT_VERSION, "plans": plans}, form))


@command.command("acts")
@click.option("--schedule", metavar="NAME", help="Those on this schedule.")
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1), help="At most.")
@target_option
@config_option
@format_option("text", "json")
def list_acts(
    schedule: str | None,
    limit: int,
    target: str | None,
    config: str | None,
    no_color: bool,
    form: str,
) -> None:
    """List what people did by hand in an embedded workspace, and who, the newest first.

    By whatever door: this command line, the pages, Azure's clients.
    """
    session = Session(config, no_color=no_color)
    workspace = Workspace(session, session.one_target(target))
    with workspace.errors():
        kind: Kind | None = "schedule" if schedule is not None else None
        found = Acts(workspace.store().database).newest(limit=limit, kind=kind, name=schedule)
    if form == "json":
        lines = [{**asdict(act), "at": act.at.isoformat()} for act in found]
        out(dumps({"format_version": FORMAT_VERSION, "acts": lines}))
        return
    rows = [
        (
            f"{act.at:%Y-%m-%d %H:%M:%S}",
            printable(act.who or "-"),
            act.what,
            act.kind,
            printable(act.name),
            printable(act.run or "-"),
        )
        for act in found
    ]
    out(table(("WHEN (UTC)", "WHO", "WHAT", "KIND", "NAME", "RUN"), rows, paint))


@command.command("export")
@state_option
@config_option
def export(state: str | None, config: str | None, no_color: bool) -> None:
    """Print everything as JSON, one line each, the oldest first."""
    session = Session(config, no_color=no_color)
    with closing(state_to_read(session, state)) as opened:
        for entry in opened.history.export():
            out(json.dumps(entry_document(entry), separators=(",", ":")) + "\n")


@command.command("prune")
@click.option(
    "--older-than", type=duration, required=True, metavar="TIME", help="Such as 90d or 36h."
)
@state_option
@config_option
def prune(older_than: timedelta, state: str | None, config: str | None, no_color: bool) -> None:
    """Forget what is older than that; the last of each target stays."""
    session = Session(config, no_color=no_color)
    with closing(state_to_read(session, state, readonly=False)) as opened:
        count = opened.history.prune(session.now - older_than)
    out(f"{count} removed\n")
