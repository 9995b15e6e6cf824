"""Enabled schedules -> what is due at a moment, and when to look again. Pure: no clock, no file.

A heap of instants, with the schedules that fire next at each, so that the cost of a moment is that
of what is due in it, and not of all that there is. When what was due fires after that is found out
when somebody asks what comes next: what is due is recorded first.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.firing.compiled import NextFire, prepare
from reconciler.model import Cron, Recurrence

LATE = timedelta(seconds=60)
"""A fire that is reached later than this is missed, and not run: Azure's rule is that what was
missed is not made up for."""
MOST_COUNTED = 100
"""Missed fires of one schedule are counted up to here, at a time."""

_TICK = timedelta(microseconds=1)
_CLOSEST = timedelta(minutes=1)
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
        self._schedules: dict[str, tuple[Timed, NextFire]] = {}
        self._next: dict[str, datetime] = {}
        self._heap: list[datetime] = []
        self._at: dict[datetime, list[str]] = {}
        """Each instant of the heap, and who may fire then: those whose `_next` it is."""
        self._unplanned: list[tuple[str, datetime]] = []
        """What was due, when, and waits to be planned anew."""

    def __len__(self) -> int:
        return len(self._schedules)

    def put(self, timed: Timed, handled_until: datetime | None) -> None:
        """Add or replace a schedule; its fires up to `handled_until` are settled."""
        self._plan_rest()
        self._schedules[timed.name] = (timed, prepare(timed.trigger, timed.created_at))
        self._plan(timed.name, max(handled_until or _LONG_AGO, timed.since - _TICK))

    def remove(self, name: str) -> None:
        """Forget a schedule; nothing if it is not known."""
        self._plan_rest()
        self._schedules.pop(name, None)
        self._next.pop(name, None)

    def rewind(self, reached: datetime, now: datetime) -> None:
        """The clock had `reached` an instant and went back to `now`: look from there again.

        What fired comes again, and the ledger knows it. What was missed may yet be in time.
        """
        self._settled_until = max(self._settled_until, reached)
        self._plan_rest()
        for timed, _ in self._schedules.values():
            owed = self._next.get(timed.name)
            if owed is None or owed > now:
                self._plan(timed.name, max(now, timed.since - _TICK))

    def next_at(self) -> datetime | None:
        """When something is due next; None: never."""
        self._plan_rest()
        while self._heap:
            first = self._heap[0]
            if any(self._next.get(name) == first for name in self._at[first]):
                return first
            self._pop()
        return None

    def due(self, now: datetime, up_since: datetime | None = None) -> list[Due]:
        """What is due by `now`, the earliest first; it is not due again.

        What is more than LATE before `now`, or was before the engine was up, is missed; of a
        schedule that was made just now nothing is (decision 73).
        """
        self._plan_rest()
        in_time_from = max(now - LATE, up_since or _LONG_AGO)
        # Between two fires of a schedule there is a minute or more.
        alone_from = max(in_time_from, now - _CLOSEST + _TICK)
        found: list[Due] = []
        while self._heap and self._heap[0] <= now:
            first, names = self._pop()
            for name in sorted(names):
                if self._next.get(name) != first:
                    continue  # changed or removed since
                del self._next[name]
                if first >= alone_from:
                    found.append(Due(name, (first,)))
                    self._unplanned.append((name, first))
                    continue
                owed, following = self._split(
                    name, first, self._grace(name, in_time_from, now), now
                )
                if owed.fires or owed.missed is not None:
                    found.append(owed)
                self._expect(name, following)
        return found

    def _grace(self, name: str, in_time_from: datetime, now: datetime) -> datetime:
        """From when on the fires of a schedule are in time at `now`. One that was made at most LATE
        before has missed nothing yet, though no engine was up: whoever made it starts one now.
        """
        timed, _ = self._schedules[name]
        made_now = timed.since <= timed.created_at and timed.since >= now - LATE
        return min(in_time_from, timed.since) if made_now else in_time_from

    def take(self, name: str, until: datetime, in_time_from: datetime) -> Due | None:
        """What a schedule owes by `until`, when it becomes another or ends: it is not due again."""
        self._plan_rest()
        first = self._next.get(name)
        if first is None or first > until:
            return None
        owed, following = self._split(name, first, in_time_from, until)
        self._expect(name, following)
        return owed if owed.fires or owed.missed is not None else None

    def owe(self, due: Due) -> None:
        """What `due` gave could not be settled: it is due again."""
        first = due.missed.first if due.missed is not None else due.fires[0]
        if due.name in self._schedules:
            self._expect(due.name, first)

    def _plan(self, name: str, after: datetime) -> None:
        self._expect(name, self._schedules[name][1](after))

    def _plan_rest(self) -> None:
        """Plan what was due since somebody last asked, but for what was planned meanwhile."""
        for name, fired in self._unplanned:
            if name in self._schedules and name not in self._next:
                self._plan(name, fired)
        self._unplanned.clear()

    def _expect(self, name: str, following: datetime | None) -> None:
        if following is None:
            self._next.pop(name, None)
            return
        self._next[name] = following
        names = self._at.get(following)
        if names is None:
            self._at[following] = [name]
            heapq.heappush(self._heap, following)
        else:
            names.append(name)

    def _pop(self) -> tuple[datetime, list[str]]:
        first = heapq.heappop(self._heap)
        return first, self._at.pop(first)

    def _split(
        self, name: str, first: datetime, in_time_from: datetime, now: datetime
    ) -> tuple[Due, datetime | None]:
        """The fires from `first` to `now`, those that are missed and those still in time; and the
        first that is to come.
        """
        following = self._schedules[name][1]
        missed: Missed | None = None
        fire: datetime | None = first
        if first < in_time_from:
            if first <= self._settled_until:
                fire = following(min(self._settled_until, in_time_from - _TICK))
            missed, fire = _count_missed(following, fire, in_time_from)
        fires: list[datetime] = []
        while fire is not None and fire <= now:
            fires.append(fire)
            fire = following(fire)
        return Due(name, tuple(fires), missed), fire


def _count_missed(
    following: NextFire, fire: datetime | None, in_time_from: datetime
) -> tuple[Missed | None, datetime | None]:
    """The fires from `fire` on that are missed, and the first that is not."""
    missed: Missed | None = None
    while fire is not None and fire < in_time_from:
        if missed is not None and missed.count == MOST_COUNTED:
            return missed, following(in_time_from - _TICK)
        first = missed.first if missed is not None else fire
        missed = Missed((missed.count if missed is not None else 0) + 1, first, fire)
        fire = following(fire)
    return missed, fire
