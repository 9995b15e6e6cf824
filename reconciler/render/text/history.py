"""Lines of the history -> text for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.render.plain_text import Paint, plain, printable, short_revision, table
from reconciler.render.text.plan_text import render_plan
from reconciler.state.records import Entry

_HEADS = ("ID", "ENDED (UTC)", "TARGET", "OUTCOME", "TIMES", "REVISION", "BY", "MESSAGE")
_ROLES = {"applied": "create", "partial": "error", "failed": "error", "stalled": "warning"}


def render_entries(entries: Sequence[Entry], paint: Paint = plain) -> str:
    """A table, the newest first."""
    if not entries:
        return "nothing has been recorded yet\n"
    rows = [
        (
            str(entry.id),
            _moment(entry.record.ended_at),
            entry.record.target,
            entry.record.outcome,
            str(entry.count),
            short_revision(entry.record.revision or "-"),
            entry.record.actor or "-",
            entry.record.message[:100],
        )
        for entry in entries
    ]
    return table(_HEADS, rows, paint)


def render_entry(entry: Entry, paint: Paint = plain) -> str:
    """One line whole: what was planned, and what became of it."""
    record = entry.record
    repeated = f" ({entry.count} times since {_moment(record.started_at)})"
    author = f" by {printable(record.author)}" if record.author else ""
    actor = f", run by {printable(record.actor)}" if record.actor else ""
    outcome = paint(record.outcome, _ROLES.get(record.outcome, "heading"))
    lines = [
        f"{entry.id}  {printable(record.target)}  {outcome}  {_moment(record.ended_at)}"
        f"{repeated if entry.count > 1 else ''}",
        f"  {printable(record.message)}",
        f"  cause     {record.cause}{actor}",
    ]
    if record.revision:
        lines.append(f"  revision  {printable(record.revision)}{author}")
    if record.durations:
        steps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in record.durations.items())
        lines.append(f"  took      {printable(steps)}")
    text = "\n".join(lines) + "\n"
    if record.plan is not None:
        text += "\n" + render_plan(record.plan, paint)
    failed = [each for each in record.results if each.error]
    if failed:
        text += "\n" + "".join(
            f"{paint(each.outcome, 'error')}  {printable(f'{each.name}: {each.error}')}\n"
            for each in failed
        )
    return text


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
