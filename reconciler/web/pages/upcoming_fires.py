"""When everything that is enabled fires next: kept ready between requests.

A request asks which schedules changed (one small query) and reads those alone, so that a page over
10,000 schedules costs what changed since the last one.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.document import schedule_from_document
from reconciler.firing.compiled import NextFire, prepare
from reconciler.firing.words.trigger_words import describe
from reconciler.model import DatastoreChange, Key, Trigger
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.schedules import ScheduleRow


@dataclass(frozen=True, slots=True)
class KnownFires:
    """An enabled schedule."""

    name: str
    trigger: Trigger
    created_at: datetime
    following: NextFire | None
    """None: it fires when a file changes."""


@dataclass(frozen=True, slots=True)
class NextLine:
    """The next fire of a schedule."""

    at: datetime
    name: str
    words: str


class Upcoming:
    """What is enabled in one workspace. May be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._whole_mark = ""
        self._marks: dict[str, tuple[str, str]] = {}
        self._known: dict[str, KnownFires] = {}
        self._next: dict[str, datetime] = {}

    def next(self, workspace: Workspace, now: datetime, limit: int) -> list[NextLine]:
        """The next fires, one of each schedule, the earliest first."""
        with self._lock:
            self._refresh(workspace)
            found = heapq.nsmallest(limit, self._fires(now))
            return [NextLine(at, name, describe(self._known[name].trigger)) for at, name in found]

    def times(
        self, workspace: Workspace, now: datetime, names: Collection[str] | None = None
    ) -> dict[str, datetime]:
        """By name, the next fire of each schedule that has one, or of each of `names`."""
        with self._lock:
            self._refresh(workspace)
            return {name: at for at, name in self._fires(now, names)}

    def enabled(self, workspace: Workspace) -> list[KnownFires]:
        """Every enabled schedule."""
        with self._lock:
            self._refresh(workspace)
            return list(self._known.values())

    def _fires(
        self, now: datetime, names: Collection[str] | None = None
    ) -> Iterator[tuple[datetime, str]]:
        for name in self._known if names is None else names:
            known = self._known.get(name)
            if known is None or known.following is None:
                continue
            at = self._next.get(name)
            if at is None or at <= now:
                at = known.following(now)
                if at is None:
                    self._next.pop(name, None)
                    continue
                self._next[name] = at
            yield at, name

    def _refresh(self, workspace: Workspace) -> None:
        whole = workspace.store.whole_mark()
        if whole == self._whole_mark:
            return
        marks = workspace.store.marks()
        changed = [name for name, mark in marks.items() if self._marks.get(name) != mark]
        for name in [*(self._marks.keys() - marks.keys()), *changed]:
            self._known.pop(name, None)
            self._next.pop(name, None)
        if changed:
            few = changed if len(changed) < len(marks) else None
            for row in workspace.store.schedules(few):
                if row.document.get("is_enabled"):
                    self._add(row)
        self._marks, self._whole_mark = marks, whole

    def _add(self, row: ScheduleRow) -> None:
        try:
            trigger = schedule_from_document(row.document, Key("", row.name)).trigger
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # damaged; the engine says so
        following = None
        if not isinstance(trigger, DatastoreChange):
            following = prepare(trigger, row.created_at)
        self._known[row.name] = KnownFires(row.name, trigger, row.created_at, following)
