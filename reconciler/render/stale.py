"""Why a saved plan is refused -> text for people."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Mismatch
from reconciler.render.words import (
    Paint,
    clip,
    clip_pair,
    inert,
    pad,
    plain,
    printable,
    value,
    width,
)

_VALUE_COLUMNS = 160
_MESSAGE_COLUMNS = 400
_PATH_COLUMNS = 48
_MOST = 100
"""Mismatches that are shown; the others are counted."""


def render_mismatches(
    mismatches: Sequence[Mismatch], paint: Paint = plain, *, head: str = "refused:"
) -> str:
    """A line for each, with what it is about in brackets, and the fields that differ below it."""
    lines: list[str] = []
    for mismatch in mismatches[:_MOST]:
        about = f"{printable(str(mismatch.key))}: " if mismatch.key is not None else ""
        message = clip(printable(mismatch.message), _MESSAGE_COLUMNS)
        lines.append(f"{paint(head, 'error')} {about}{message} [{mismatch.kind}]\n")
        names = [printable(field.name) for field in mismatch.differences]
        columns = min(max((width(name) for name in names), default=0), _PATH_COLUMNS)
        for name, field in zip(names, mismatch.differences, strict=True):
            before, after = clip_pair(value(field.before), value(field.after), _VALUE_COLUMNS)
            lines.append(inert(f"    {pad(name, columns)}  {before} -> {after}\n"))
    if len(mismatches) > _MOST:
        lines.append(f"{paint(head, 'error')} and {len(mismatches) - _MOST:,} more\n")
    return "".join(lines)
