"""Enabled schedules -> what is due at a moment, and when to look again. Pure: no clock, no file.

One entry for each schedule in a heap by its next fire, so that the cost of a moment is that of
what is due in it, and not of all that there is.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.firing import next_fire
from reconciler.model import Cron, Recurrence

LATE = timedelta(seconds=60)
"""A fire that is reached later than this is missed, and not run: Azure's rule is that what was
missed is not made up for."""
MOST_COUNTED = 100
"""Missed fires of one schedule are counted up to here, at a time."""

_TICK = timedelta(microseconds=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timed:
    """A schedule that fires by time. Both instants are aware."""

    name: str
    trigger: Recurrence | Cron
    created_at: datetime
    """What an interval counts from where the trigger has no start."""
    since: datetime
    """Since when it fires as it does: created, enabled again, or its trigger changed."""


@dataclass(frozen=True, slots=True)
class Missed:
    """Fires that were not reached in time: how many, at least, the first, and the last counted."""

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """What one schedule owes at a moment."""

    name: str
    fires: tuple[datetime, ...]
    missed: Missed | None = None


class Timetable:
    """The next fire of each schedule."""

    def __init__(self, settled_until: datetime | None = None) -> None:
        """`settled_until`: how far an engine got before this one; what is late is not missed
        again up to there, should the clock have gone back since.
        """
        self._settled_until = settled_until or _LONG_AGO
        self._schedules: dict[str, Timed] = {}
        self._next: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._schedules)

    def put(self, timed: Timed, handled_until: datetime | None) -> None:
        """Add or replace a schedule; its fires up to `handled_until` are settled."""
        self._schedules[timed.name] = timed
        self._plan(timed, max(handled_until or _LONG_AGO, timed.since - _TICK))

    def remove(self, name: str) -> None:
        """Forget a schedule; nothing if it is not known."""
        self._schedules.pop(name, None)
        self._next.pop(name, None)

    def rewind(self, reached: datetime, now: datetime) -> None:
        """The clock had `reached` an instant and went back to `now`: look from there again.

        What fired comes again, and the ledger knows it. What was missed may yet be in time.
        """
        self._settled_until = max(self._settled_until, reached)
        for timed in self._schedules.values():
            owed = self._next.get(timed.name)
            if owed is None or owed > now:
                self._plan(timed, max(now, timed.since - _TICK))

    def next_at(self) -> datetime | None:
        """When something is due next; None: never."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def due(self, now: datetime, up_since: datetime | None = None) -> list[Due]:
        """What is due by `now`, the earliest first; it is not due again.

        What is more than LATE before `now`, or was before the engine was up, is missed.
        """
        in_time_from = max(now - LATE, up_since or _LONG_AGO)
        found: list[Due] = []
        while True:
            self._drop_stale()
            if not self._heap or self._heap[0][0] > now:
                return found
            first, name = heapq.heappop(self._heap)
            del self._next[name]
            timed = self._schedules[name]
            owed, following = self._split(timed, first, in_time_from, now)
            if owed.fires or owed.missed is not None:
                found.append(owed)
            self._expect(name, following)

    def owe(self, due: Due) -> None:
        """What `due` gave could not be settled: it is due again."""
        first = due.missed.first if due.missed is not None else due.fires[0]
        if due.name in self._schedules:
            self._expect(due.name, first)

    def _plan(self, timed: Timed, after: datetime) -> None:
        self._expect(timed.name, next_fire(timed.trigger, after, timed.created_at))

    def _expect(self, name: str, following: datetime | None) -> None:
        if following is None:
            self._next.pop(name, None)
            return
        self._next[name] = following
        heapq.heappush(self._heap, (following, name))

    def _drop_stale(self) -> None:
        """Entries of schedules that were changed or removed stay in the heap until they surface."""
        while self._heap and self._next.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)

    def _split(
        self, timed: Timed, first: datetime, in_time_from: datetime, now: datetime
    ) -> tuple[Due, datetime | None]:
        """The fires from `first` to `now`, those that are missed and those still in time; and the
        first that is to come.
        """
        missed: Missed | None = None
        fire: datetime | None = first
        if first < in_time_from:
            if first <= self._settled_until:
                settled = min(self._settled_until, in_time_from - _TICK)
                fire = next_fire(timed.trigger, settled, timed.created_at)
            missed, fire = _count_missed(timed, fire, in_time_from)
        fires: list[datetime] = []
        while fire is not None and fire <= now:
            fires.append(fire)
            fire = next_fire(timed.trigger, fire, timed.created_at)
        return Due(timed.name, tuple(fires), missed), fire


def _count_missed(
    timed: Timed, fire: datetime | None, in_time_from: datetime
) -> tuple[Missed | None, datetime | None]:
    """The fires from `fire` on that are missed, and the first that is not."""
    missed: Missed | None = None
    while fire is not None and fire < in_time_from:
        if missed is not None and missed.count == MOST_COUNTED:
            return missed, next_fire(timed.trigger, in_time_from - _TICK, timed.created_at)
        first = missed.first if missed is not None else fire
        missed = Missed((missed.count if missed is not None else 0) + 1, first, fire)
        fire = next_fire(timed.trigger, fire, timed.created_at)
    return missed, fire
