"""The comments of merged pull requests -> which of them showed the changes of a plan.

A merge queue merges several at once, an apply that failed leaves changes over, and a runner drops
an apply that waited: then the plan is that of no pull request, and each of its changes was in sight
in one. Why a change that was shown once still is what people decided:
docs/decisions/0047-review-per-change.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.forge.base import Forge, Merged, Note
from reconciler.forge.marker import Marker, read_marker


@dataclass(frozen=True, slots=True)
class Review:
    """`by`: the pull requests that showed the changes, in order; `missing`: schedule -> why its
    change is not one that was reviewed.
    """

    by: tuple[int, ...]
    missing: Mapping[str, str]


class Reviews:
    """What merged pull requests show. Notes are asked for once."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._notes: dict[int, list[Note]] = {}
        self._merged: list[Merged] | None = None

    def of_plan(self, merged: Merged, marker: Marker) -> str | None:
        """Why `merged` is no review of the whole plan; None if it is."""
        note = self._note(merged, marker)
        shown = read_marker(note.body) if note else None
        review = f"{self._forge.review} {merged.number}"
        if note is None or shown is None:
            return f"{review} shows no plan for this target and owner"
        if shown.digest != marker.digest:
            return f"the plan is not the one that {review} shows"
        if not _in_time(note, merged):
            return f"the plan was put into {review} after it was merged"
        return None

    def of_changes(self, marker: Marker, changes: Mapping[str, str]) -> Review:
        """Who showed each of `changes`: name -> mark.

        The newest pull request that shows any change of a schedule decides. One that was planned
        on top of it and shows none has undone it, for whoever reviewed it.
        """
        left = dict(changes)
        by: set[int] = set()
        missing: dict[str, str] = {}
        newer: list[tuple[Merged, datetime]] = []
        for merged, planned_at, listed in self._shown(marker):
            if not left:
                break
            by_schedule = {mark.partition(":")[0]: mark for mark in listed}
            for name, mark in list(left.items()):
                shown = by_schedule.get(mark.partition(":")[0])
                if shown is None:
                    continue
                del left[name]
                later = next((one for one, at in newer if at > merged.at), None)
                if shown != mark:
                    missing[name] = f"{self._review(merged)} showed another change of it"
                elif later is not None:
                    undone = f"{self._review(later)} was planned later without it"
                    missing[name] = f"{self._review(merged)} showed it, and {undone}"
                else:
                    by.add(merged.number)
            newer.append((merged, planned_at))
        missing |= dict.fromkeys(left, f"no merged {self._forge.review} showed it")
        return Review(tuple(sorted(by)), dict(sorted(missing.items())))

    def _shown(self, marker: Marker) -> Iterator[tuple[Merged, datetime, tuple[str, ...]]]:
        """Each pull request with a list of changes, when that was written, and the list."""
        if self._merged is None:
            self._merged = list(self._forge.merged_lately())
        for merged in self._merged:
            note = self._note(merged, marker)
            shown = read_marker(note.body) if note else None
            if note is None or shown is None or note.edited is None or not shown.changes:
                continue
            if _in_time(note, merged):
                yield merged, note.edited, shown.changes

    def _review(self, merged: Merged) -> str:
        return f"{self._forge.review} {merged.number}"

    def _note(self, merged: Merged, marker: Marker) -> Note | None:
        if merged.number not in self._notes:
            self._notes[merged.number] = list(self._forge.comments(merged.number))
        notes = self._notes[merged.number]
        return next((n for n in notes if n.mine and marker.is_for(read_marker(n.body))), None)


def _in_time(note: Note, merged: Merged) -> bool:
    return note.edited is not None and note.edited <= merged.at
