"""What is to be written -> a forge: one comment a target, one issue for drift, edited in place."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.errors import ForgeUnavailable
from reconciler.forge.base import Forge, Note
from reconciler.forge.marker import Marker, read_marker

LABEL = "schedule-drift"


def publish_comment(
    forge: Forge, number: int, marker: Marker, text: str, *, new: bool = True
) -> str:
    """Write the comment of a marker, or bring it up to date: "posted", "updated" or "unchanged".

    Without `new` only a comment that is there is written: "left out" where there is none.
    """
    body = f"{marker}\n{text}"
    found = find_comment(forge, number, marker)
    if found is None and not new:
        return "left out"
    if found is None:
        try:
            forge.add_comment(number, body)
        except ForgeUnavailable:
            # The answer is lost, and the comment may be there: look before writing it again.
            if find_comment(forge, number, marker) is None:
                forge.add_comment(number, body)
        return "posted"
    if same_text(found.body, body):
        return "unchanged"
    forge.edit_comment(number, found, body)
    return "updated"


def find_comment(forge: Forge, number: int, marker: Marker) -> Note | None:
    """Our comment of that marker; the oldest, should two jobs have written one at once."""
    return _first(forge.comments(number), marker)


def publish_issue(forge: Forge, marker: Marker, title: str, text: str, *, drift: bool) -> str:
    """Open, update or close the one issue of a marker; what became of it."""
    body = f"{marker}\n{text}"
    found = _first(forge.issues(LABEL), marker)
    if not drift:
        if found is None:
            return "not needed"
        forge.close_issue(found, body)
        return "closed"
    if found is None:
        try:
            forge.open_issue(LABEL, title, body)
        except ForgeUnavailable:
            if _first(forge.issues(LABEL), marker) is None:
                forge.open_issue(LABEL, title, body)
        return "opened"
    if same_text(found.body, body) and found.title == title:
        return "unchanged"
    forge.edit_issue(found, title, body)
    return "updated"


def same_text(one: str, other: str) -> bool:
    """Forges keep line ends and the last line in their own way."""
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def _first(notes: Iterable[Note], marker: Marker) -> Note | None:
    return next((n for n in notes if n.mine and marker.is_for(read_marker(n.body))), None)
