"""The hidden first lines of what we write, by which it is found again. Pure.

    <!-- reconciler plan prod vision-team sha256:... -->
    <!-- changes ... ... -->

Kind, target and owner say which note it is; the digest, which plan it shows; the second line, which
changes, each by a digest of its own, so that several notes together can be the review of one plan
(docs/decisions/0047-review-per-change.md). Names are quoted so that none of them can end the line
or the HTML comment. Only the very beginning of a note is looked at: a schedule whose text looks
like a marker stays text.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from reconciler.plan.saved.digests import digest
from reconciler.plan.saved.planfile import SavedChange, SavedTarget

MOST_CHANGES = 700
"""Of as many a note has the digests, in 22,400 characters. A larger plan is reviewed as a whole."""

_LINE = re.compile(
    r"<!-- reconciler (?P<kind>[a-z]+) (?P<target>\S+) (?P<owner>\S+)"
    r" (?P<digest>sha256:[0-9a-f]{64}) -->(?:\r?\n|$)"
)
_CHANGES = re.compile(r"<!-- changes (?P<digests>[A-Za-z0-9+/: ]+) -->(?:\r?\n|$)")


@dataclass(frozen=True, slots=True)
class Marker:
    """`kind`: plan (a comment) or drift (an issue)."""

    kind: str
    target: str
    owner: str
    digest: str
    changes: tuple[str, ...] = field(default=())
    """The mark of each change, sorted; none of a plan of more than MOST_CHANGES."""

    def __str__(self) -> str:
        target, owner = _quoted(self.target), _quoted(self.owner)
        line = f"<!-- reconciler {self.kind} {target} {owner} {self.digest} -->"
        return f"{line}\n<!-- changes {' '.join(self.changes)} -->" if self.changes else line

    def is_for(self, other: Marker | None) -> bool:
        """Whether both mark the same note, whichever plan it shows."""
        return other is not None and (self.kind, self.target, self.owner) == (
            other.kind,
            other.target,
            other.owner,
        )


def read_marker(body: str) -> Marker | None:
    """The marker that a note begins with."""
    found = _LINE.match(body)
    if found is None:
        return None
    target, owner = (unquote(found[name], errors="surrogatepass") for name in ("target", "owner"))
    listed = _CHANGES.match(body, found.end())
    changes = tuple(listed["digests"].split()) if listed else ()
    return Marker(found["kind"], target, owner, found["digest"], changes)


def plan_digest(target: SavedTarget, owner: str, refusals: Sequence[str]) -> str:
    """The digest of what a plan would change, and of what it would change it from.

    Not of words, lines, forecasts and other commits, which may be others an hour later for the
    same changes.
    """
    changes = [
        _content(change) for _, change in sorted(target.changes.items()) if change.action != "noop"
    ]
    whole = [target.name, target.provider, target.identity, owner, list(refusals), changes]
    return f"sha256:{digest(whole)}"


def change_marks(target: SavedTarget, owner: str) -> dict[str, str]:
    """Name -> the mark of what would be done to that schedule, and from what.

    Two digests in base64, `SCHEDULE:CHANGE`, of 48 and 128 bits: which schedule a note is about is
    seen also where it shows another change of it.
    """
    frame = [target.name, target.provider, target.identity, owner]
    return {
        name: f"{_short(name, 6)}:{_short([*frame, _content(change)], 16)}"
        for name, change in sorted(target.changes.items())
        if change.action in PENDING
    }


PENDING = ("create", "update", "disable")
"""The actions that change anything."""


def _content(change: SavedChange) -> list[str | None]:
    return [
        change.name,
        change.action,
        change.before,
        change.after,
        change.live,
        change.fields,
    ]


def _short(value: object, size: int) -> str:
    return base64.b64encode(bytes.fromhex(digest(value))[:size]).decode("ascii").rstrip("=")


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass").replace("-", "%2D") or "%20"
