"""When the schedules of all targets fire: kept ready between requests.

A request asks which targets had a cycle since (one small query), and reads those of their schedules
alone that are another than before. Fires are counted from the start of the day, so that a count
stays right for as long as no schedule is another; it is made anew in a thread of its own, and a
page shows the one before meanwhile.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from reconciler.web.pages.fires.tally import COUNTED, QUARTER

_FEW = 100
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
    """All fires from a midnight of UTC on."""

    first: date
    minutes: Heat
    quarters: list[int]
    """By quarter of an hour."""


@dataclass(slots=True)
class _Target:
    """What is known of one target, by the names of its schedules."""

    cycle: int | None = None
    """The one after which its schedules were read."""
    marks: dict[str, str] = field(default_factory=dict)
    known: dict[str, Known] = field(default_factory=dict)
    next: dict[str, datetime] = field(default_factory=dict)


class AllFires:
    """What fires in the targets of one state. May be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._targets: dict[str, _Target] = {}
        self._counted: Counted | None = None
        self._is_old = True
        self._thread: threading.Thread | None = None

    def next(
        self, state: State, now: datetime, limit: int, target: str | None = None
    ) -> list[NextLine]:
        """The next fires, one of each schedule, the earliest first."""
        with self._lock:
            self._refresh(state, target)
            chosen = self._targets if target is None else {target: self._targets[target]}
            found = heapq.nsmallest(limit, self._fires(chosen, now))
            lines = []
            for at, place, name in found:
                known = self._targets[place].known[name]
                lines.append(NextLine(at, place, name, known.words, known.begins > now))
            return lines

    def counted(self, state: State, now: datetime) -> Counted:
        """The count as it was made last; the first time, and on a new day, it is waited for."""
        with self._lock:
            self._refresh(state, None)
            counted = self._counted
            known = [one for target in self._targets.values() for one in target.known.values()]
            must = counted is None or counted.first != now.date()
            running = self._thread is not None and self._thread.is_alive()
            if self._is_old and not must and not running:
                self._thread = threading.Thread(target=self._count, args=(known, now), daemon=True)
                self._thread.start()
            if must or not running:
                self._is_old = False
        return self._count(known, now) if must or counted is None else counted

    def _count(self, known: Sequence[Known], now: datetime) -> Counted:
        first = now.replace(hour=0, minute=0, second=0, microsecond=0)
        end = first + COUNTED - timedelta(seconds=1)
        heat, spans = Heat(), dict[datetime, Span]()
        for one in known:
            begin = max(first, one.begins)
            if begin < end:
                if begin not in spans:
                    spans[begin] = span_of(begin, end)
                bits = raster(one.trigger, spans[begin], one.created_at or _EPOCH).bits
                # Its bits begin with its own first day.
                heat.add(bits << (begin.date() - first.date()).days * DAY_MINUTES)
        quarters = heat.blocks(QUARTER, COUNTED // timedelta(minutes=QUARTER))
        counted = Counted(first.date(), heat, quarters)
        with self._lock:
            self._counted = counted
        return counted

    def _fires(
        self, targets: Mapping[str, _Target], now: datetime
    ) -> Iterator[tuple[datetime, str, str]]:
        for place, target in targets.items():
            for name, known in target.known.items():
                at = target.next.get(name)
                if at is None or at <= now:
                    at = known.following(max(now, known.begins))
                    if at is None:
                        target.next.pop(name, None)
                        continue
                    target.next[name] = at
                yield at, place, name

    def _refresh(self, state: State, only: str | None) -> None:
        cycles = state.standings.cycles()
        if only is None:
            for gone in self._targets.keys() - cycles.keys():
                del self._targets[gone]
                self._is_old = True
        for place in cycles if only is None else (only,):
            target = self._targets.setdefault(place, _Target())
            if target.cycle != cycles.get(place):
                self._read_anew(state, place, target)
                target.cycle = cycles.get(place)

    def _read_anew(self, state: State, place: str, target: _Target) -> None:
        """Those of its schedules that are another than before."""
        given = state.standings.marks(place)
        changed = {name for name, mark in given.items() if target.marks.get(name) != mark}
        for name in [*(target.marks.keys() - given.keys()), *changed]:
            target.known.pop(name, None)
            target.next.pop(name, None)
            self._is_old = True
        for row in _rows(state, place, changed):
            known = known_fires(row.entry)
            if known is not None:
                target.known[row.name] = known
        target.marks = given


def _rows(state: State, place: str, names: set[str]) -> Iterator[ScheduleStanding]:
    if len(names) > _FEW:
        every = state.standings.every_schedule(place)
        yield from (row for row in every if row.name in names)
    else:
        found = (state.standings.schedule(place, name) for name in names)
        yield from (row for row in found if row is not None)


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
