"""What a change does to the job that a schedule runs: its code, its steps, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model import ContentChange
from reconciler.render.plain_text import counted, printable

_NAMED = 3
"""So many files, or steps, are named."""


def content_document(change: ContentChange) -> dict[str, Any]:
    """As it stands in the plan document."""
    return {
        "what": change.what,
        "kind": change.kind,
        "changed": list(change.changed),
        "added": list(change.added),
        "removed": list(change.removed),
        **({"diff": list(change.diff)} if change.diff else {}),
    }


def content_lines(change: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Of a change in the plan document: what is another, and how. Printable."""
    return [(printable(one["what"]), printable(_said(one))) for one in change.get("contents") or ()]


def _said(one: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for verb in ("changed", "added", "removed"):
        names: Sequence[str] = one[verb]
        if names:
            what = counted(len(names), one["kind"]) if not parts else f"{len(names):,}"
            parts.append(f"{what} {verb} ({listed(names)})")
    return ", ".join(parts)


def listed(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
