"""Why a saved plan is refused -> text for people."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Mismatch
from reconciler.render.plain_text import Paint, aligned, clip, clip_pair, plain, printable, value

_VALUE_COLUMNS = 160
_MESSAGE_COLUMNS = 400
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
        rows = []
        for field in mismatch.differences:
            before, after = clip_pair(value(field.before), value(field.after), _VALUE_COLUMNS)
            rows.append((printable(field.name), f"{before} -> {after}"))
        lines += [f"{line}\n" for line in aligned(rows)]
    if len(mismatches) > _MOST:
        lines.append(f"{paint(head, 'error')} and {len(mismatches) - _MOST:,} more\n")
    return "".join(lines)
