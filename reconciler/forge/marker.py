"""The hidden first line of what we write, by which it is found again. Pure.

    <!-- reconciler plan prod vision-team sha256:... -->

Kind, target and owner say which note it is; the digest, which plan it shows. Names are quoted so
that none of them can end the line or the HTML comment. Only the very beginning of a note is
looked at: a schedule whose text looks like a marker stays text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from reconciler.plan.saved.digests import digest
from reconciler.plan.saved.planfile import SavedTarget

_LINE = re.compile(
    r"<!-- reconciler (?P<kind>[a-z]+) (?P<target>\S+) (?P<owner>\S+)"
    r" (?P<digest>sha256:[0-9a-f]{64}) -->(?:\r?\n|$)"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """`kind`: plan (a comment) or drift (an issue)."""

    kind: str
    target: str
    owner: str
    digest: str

    def __str__(self) -> str:
        target, owner = _quoted(self.target), _quoted(self.owner)
        return f"<!-- reconciler {self.kind} {target} {owner} {self.digest} -->"

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
    return Marker(found["kind"], target, owner, found["digest"])


def plan_digest(target: SavedTarget, owner: str, refusals: Sequence[str]) -> str:
    """The digest of what a plan would change, and of what it would change it from.

    Not of words, lines, forecasts and other commits, which may be others an hour later for the
    same changes.
    """
    changes = [
        [name, change.action, change.before, change.after, change.live, change.fields]
        for name, change in sorted(target.changes.items())
        if change.action != "noop"
    ]
    whole = [target.name, target.provider, target.identity, owner, list(refusals), changes]
    return f"sha256:{digest(whole)}"


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass").replace("-", "%2D") or "%20"
