"""An entry of a comment -> Markdown at the three lengths that a budget may leave it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.render.field_lines import name_of
from reconciler.render.fire_words import in_a_line
from reconciler.render.markdown.change import (
    Lengths,
    add_contents,
    add_fields,
    folded,
    lengths_of,
)
from reconciler.render.markdown.escaping import code, fence, markup, prose
from reconciler.render.markdown.groups import Entry, job_field
from reconciler.render.markdown.links import FileLinks, linked
from reconciler.render.plain_text import counted, printable

Document = Mapping[str, Any]
_NAMED = 100
"""Schedules of an entry that are named."""
_FIELDS = 3


def lengths_of_entry(
    entry: Entry, load: Document | None, *, opened: bool, links: FileLinks | None
) -> Lengths:
    """An entry at each length; `opened`: in full it is shown without being opened first."""
    if entry.section == "job":
        return _of_job(entry, opened, links)
    if len(entry.changes) > 1:
        return _of_fields(entry, load, opened, links)
    return lengths_of(entry.changes[0], load, opened=opened, links=links)


def _of_job(entry: Entry, opened: bool, links: FileLinks | None) -> Lengths:
    """`report.yml changed: 15 schedules`, with what changed inside it."""
    first, file = entry.changes[0], entry.changes[0]["job_file"]
    said = f"changed: {counted(len(entry.changes), 'schedule')}{_warned(entry)}"
    where = linked(file, links.of(file, 1) if links is not None else None)
    lines: list[str] = []
    add_contents(lines, first)
    if not lines:
        # The target keeps no more of a version than its name.
        field = job_field(first)
        assert field is not None
        lines.append("@@ create_job.job @@")
        lines += [f"{m} {printable(str(field[s]))}" for m, s in (("-", "before"), ("+", "after"))]
    runs = ", ".join(_name(change, links) for change in entry.changes[:_NAMED])
    more = "Told below, for more than this: " if entry.also else ""
    names = ", ".join(code(c["name"]) for c in entry.changes if len(c["fields"]) > 1)
    body = f"{where} is run by {runs}{_more(entry)}\n"
    body += f"\n{more}{names}\n" if entry.also else ""
    body += f"\n{fence(lines, 'diff')}{_warnings(entry)}"
    full = folded(f"<code>{markup(entry.job)}</code> {said}", body, opened=opened)
    name = f"{code(entry.job)} ({counted(len(entry.changes), 'schedule')})"
    return Lengths(full, f"- {where} {said}\n", name)


def _of_fields(
    entry: Entry, load: Document | None, opened: bool, links: FileLinks | None
) -> Lengths:
    """The same change of several schedules: told once, and where it is made."""
    number = counted(len(entry.changes), "schedule")
    fields = entry.changes[0]["fields"]
    names = [name_of(field) for field in fields[:_FIELDS]]
    more = f" and {len(fields) - _FIELDS:,} more" if len(fields) > _FIELDS else ""
    in_html = ", ".join(f"<code>{markup(name)}</code>" for name in names)
    lines: list[str] = []
    add_fields(lines, entry.changes[0])
    effects = {in_a_line(change, load) for change in entry.changes}
    effect = next(iter(effects)) if len(effects) == 1 else ""
    told = ", ".join(_name(change, links) for change in entry.changes[:_NAMED]) + _more(entry)
    if len(effects) > 1:
        said = [(_name(one, links), in_a_line(one, load)) for one in entry.changes[:_NAMED]]
        told = "\n".join(f"- {name}{f': {text}' if text else ''}" for name, text in said)
        told += f"\n-{_more(entry)}" if len(entry.changes) > _NAMED else ""
    body = f"{told}\n\n{fence(lines, 'diff')}{_warnings(entry)}"
    tail = (f"; {effect}" if effect else "") + _warned(entry)
    full = folded(f"{number} alike: {in_html}{more}{tail}", body, opened=opened)
    plain = ", ".join(code(name) for name in names)
    firsts = ", ".join(code(change["name"]) for change in entry.changes[:_FIELDS])
    line = f"- {number} alike, such as {firsts}: {plain}{more}{tail}\n"
    return Lengths(full, line, f"{firsts} and others ({number})")


def _name(change: Document, links: FileLinks | None) -> str:
    source = change["source"]
    where = links.of(source["path"], source["line"]) if links is not None and source else None
    return linked(change["name"], where)


def _more(entry: Entry) -> str:
    rest = len(entry.changes) - _NAMED
    return f" and {rest:,} more" if rest > 0 else ""


def _warned(entry: Entry) -> str:
    return f"; <b>{counted(entry.warnings, 'warning')}</b>" if entry.warnings else ""


def _warnings(entry: Entry) -> str:
    found = [
        f"- **Warning:** {code(change['name'])}: {prose(warning['message'])}\n"
        for change in entry.changes
        if change.get("impact")
        for warning in change["impact"]["warnings"]
    ]
    return "\n" + "".join(found) if found else ""
