"""When the schedules of all targets fire: kept ready between requests.

A request asks for the marks of all schedules (one small query) and reads those alone that are
another than before. Fires are counted from the start of the day, so that a count stays right for
as long as no schedule is another; it is made anew in a thread of its own, and a page shows the one
before meanwhile.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reconciler.document import trigger_from_document
from reconciler.firing.compiled import NextFire, prepare
from reconciler.firing.counting.bitsets import DAY_MINUTES, Span, span_of
from reconciler.firing.counting.count import raster
from reconciler.model import DatastoreChange, Trigger
from reconciler.plan.impact.heatmap import Heat
from reconciler.state import State
from reconciler.state.standings import ScheduleStanding
from reconciler.web.control.views import held_until

DAYS = 14
_FEW = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Known:
    """A schedule that fires by time, or will when its hold ends."""

    trigger: Trigger
    created_at: datetime | None
    following: NextFire
    begins: datetime
    """Not before that: the end of its hold."""
    words: str


@dataclass(frozen=True, slots=True)
class NextLine:
    """The next fire of a schedule."""

    at: datetime
    target: str
    name: str
    words: str
    held: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """All fires of DAYS days from `first` on, by minute."""

    first: date
    heat: Heat
    made_at: datetime


class AllFires:
    """What fires in the targets of one state. May be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marks: dict[tuple[str, str], str] = {}
        self._known: dict[tuple[str, str], Known] = {}
        self._next: dict[tuple[str, str], datetime] = {}
        self._counted: Counted | None = None
        self._is_old = True
        self._thread: threading.Thread | None = None

    def next(
        self, state: State, now: datetime, limit: int, target: str | None = None
    ) -> list[NextLine]:
        """The next fires, one of each schedule, the earliest first."""
        with self._lock:
            self._refresh(state)
            found = heapq.nsmallest(limit, self._fires(now, target))
            return [
                NextLine(at, *key, self._known[key].words, self._known[key].begins > now)
                for at, key in found
            ]

    def counted(self, state: State, now: datetime) -> Counted:
        """The count as it was made last; the first time, and on a new day, it is waited for."""
        with self._lock:
            self._refresh(state)
            counted, known = self._counted, dict(self._known)
            must = counted is None or counted.first != now.date()
            running = self._thread is not None and self._thread.is_alive()
            if self._is_old and not must and not running:
                self._is_old = False
                self._thread = threading.Thread(target=self._count, args=(known, now), daemon=True)
                self._thread.start()
            if must:
                self._is_old = False
        return self._count(known, now) if must or counted is None else counted

    def _count(self, known: Mapping[tuple[str, str], Known], now: datetime) -> Counted:
        first = now.replace(hour=0, minute=0, second=0, microsecond=0)
        end = first + timedelta(days=DAYS, seconds=-1)
        heat, spans, counted_from = Heat(), dict[datetime, Span](), first.date()
        for one in known.values():
            begin = max(first, one.begins)
            if begin < end:
                if begin not in spans:
                    spans[begin] = span_of(begin, end)
                bits = raster(one.trigger, spans[begin], one.created_at or _EPOCH).bits
                # Its bits begin with its own first day.
                heat.add(bits << (begin.date() - counted_from).days * DAY_MINUTES)
        counted = Counted(first.date(), heat, now)
        with self._lock:
            self._counted = counted
        return counted

    def _fires(
        self, now: datetime, target: str | None
    ) -> Iterator[tuple[datetime, tuple[str, str]]]:
        for key, known in self._known.items():
            if target is not None and key[0] != target:
                continue
            at = self._next.get(key)
            if at is None or at <= now:
                at = known.following(max(now, known.begins))
                if at is None:
                    self._next.pop(key, None)
                    continue
                self._next[key] = at
            yield at, key

    def _refresh(self, state: State) -> None:
        marks = state.standings.marks()
        changed = [key for key, mark in marks.items() if self._marks.get(key) != mark]
        for key in [*(self._marks.keys() - marks.keys()), *changed]:
            self._known.pop(key, None)
            self._next.pop(key, None)
            self._is_old = True
        if len(changed) > _FEW:
            wanted = set(changed)
            for row in state.standings.every_schedule():
                if (row.target, row.name) in wanted:
                    self._add(row)
        else:
            for key in changed:
                found = state.standings.schedule(*key)
                if found is not None:
                    self._add(found)
        self._marks = marks

    def _add(self, row: ScheduleStanding) -> None:
        known = known_fires(row.entry)
        if known is not None:
            self._known[row.target, row.name] = known


def known_fires(entry: Mapping[str, Any]) -> Known | None:
    """How a schedule fires; None: it is disabled, or fires when a file changes."""
    # A hold that is not applied yet stops nothing.
    until = held_until(entry) if not entry["enabled"] else None
    if not entry["enabled"] and until is None:
        return None
    try:
        trigger = trigger_from_document(entry["trigger"])
    except (KeyError, TypeError, ValueError):
        return None  # masked, or of a later version
    if isinstance(trigger, DatastoreChange):
        return None
    text = entry.get("created_at")
    created_at = datetime.fromisoformat(text) if text else None
    following = prepare(trigger, created_at or _EPOCH)
    return Known(trigger, created_at, following, until or _EPOCH, entry["words"])
