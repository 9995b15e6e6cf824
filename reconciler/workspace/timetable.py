"""Enabled schedules -> what is due at a moment, and when to look again. Pure: no clock, no file.

One entry for each schedule in a heap by its next fire, so that the cost of a moment is that of
what is due in it, and not of all that there is.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.firing import next_fire
from reconciler.model import Cron, Recurrence

LATE = timedelta(seconds=60)
"""A fire that is reached later than this is missed, and not run: Azure's rule is that what was
missed is not made up for."""
MOST_COUNTED = 100
"""Missed fires of one schedule are counted up to here."""

_TICK = timedelta(microseconds=1)


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
    """Fires that were not reached in time: how many, at least, and the first and last of them."""

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

    def __init__(self) -> None:
        self._schedules: dict[str, Timed] = {}
        self._next: dict[str, datetime] = {}
        self._heap: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._schedules)

    def put(self, timed: Timed, handled_until: datetime) -> None:
        """Add or replace a schedule; its fires up to `handled_until` are settled."""
        self._schedules[timed.name] = timed
        self._plan(timed, max(handled_until, timed.since - _TICK))

    def remove(self, name: str) -> None:
        """Forget a schedule; nothing if it is not known."""
        self._schedules.pop(name, None)
        self._next.pop(name, None)

    def rewind(self, now: datetime) -> None:
        """The clock went back to `now`: look from there again."""
        for timed in self._schedules.values():
            self._plan(timed, max(now, timed.since - _TICK))

    def next_at(self) -> datetime | None:
        """When something is due next; None: never."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def due(self, now: datetime) -> list[Due]:
        """What is due by `now`, the earliest first; it is not due again."""
        found: list[Due] = []
        while True:
            self._drop_stale()
            if not self._heap or self._heap[0][0] > now:
                return found
            first, name = heapq.heappop(self._heap)
            del self._next[name]
            timed = self._schedules[name]
            found.append(_split(timed, first, now))
            self._plan(timed, now)

    def owe(self, name: str, since: datetime) -> None:
        """What `due` gave could not be settled: it is due again, from `since` on."""
        if name in self._schedules:
            self._next[name] = since
            heapq.heappush(self._heap, (since, name))

    def _plan(self, timed: Timed, after: datetime) -> None:
        following = next_fire(timed.trigger, after, timed.created_at)
        if following is None:
            self._next.pop(timed.name, None)
            return
        self._next[timed.name] = following
        heapq.heappush(self._heap, (following, timed.name))

    def _drop_stale(self) -> None:
        """Entries of schedules that were changed or removed stay in the heap until they surface."""
        while self._heap and self._next.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)


def _split(timed: Timed, first: datetime, now: datetime) -> Due:
    """The fires from `first` to `now`: those that are missed, and those still in time."""
    missed: Missed | None = None
    in_time_from = now - LATE
    fire: datetime | None = first
    if first < in_time_from:
        count, last = 0, first
        while fire is not None and fire < in_time_from and count < MOST_COUNTED:
            count, last = count + 1, fire
            fire = next_fire(timed.trigger, fire, timed.created_at)
        if fire is not None and fire < in_time_from:
            fire = next_fire(timed.trigger, in_time_from - _TICK, timed.created_at)
        missed = Missed(count, first, last)
    fires: list[datetime] = []
    while fire is not None and fire <= now:
        fires.append(fire)
        fire = next_fire(timed.trigger, fire, timed.created_at)
    return Due(timed.name, tuple(fires), missed)
