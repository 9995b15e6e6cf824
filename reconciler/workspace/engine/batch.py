"""Thousands of fires at one instant: recorded at once, their runs after that, some at a time.

A run is a row with four indexes, and takes ten times as long to write as its fire. So where much is
due at an instant, the fires are recorded first, by their names alone, which settles that they
happened; their runs follow within the next ticks, or when the engine is back after a crash.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime

from reconciler.model import Schedule
from reconciler.workspace.engine.timetable import Due
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.records import Fire, new_run

BURST = 500
"""From so many fires at one instant on, they are recorded before their runs."""
AT_A_TIME = 1000
"""Runs recorded in one tick."""


def split(due: Sequence[Due]) -> tuple[dict[datetime, list[str]], list[Due]]:
    """What is a burst, by instant, and the rest."""
    if len(due) < BURST:
        return {}, list(due)
    by_instant: dict[datetime, list[str]] = {}
    rest: list[Due] = []
    alone: list[Due] = []
    for one in due:
        if one.missed is None and len(one.fires) == 1:
            by_instant.setdefault(one.fires[0], []).append(one.name)
            alone.append(one)
        else:
            rest.append(one)
    bursts = {instant: names for instant, names in by_instant.items() if len(names) >= BURST}
    if len(bursts) != len(by_instant):
        rest += [one for one in alone if one.fires[0] not in bursts]
    return bursts, rest


class Batches:
    """The fires whose runs are still to be recorded."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._open: deque[tuple[str, datetime, Schedule | None]] = deque()

    def __len__(self) -> int:
        return len(self._open)

    def recover(self, schedules: Mapping[str, Schedule]) -> None:
        """What an engine before this one did not come to. A schedule that is gone, or disabled
        by now, runs no more.
        """
        self.add(self._ledger.due(), schedules)

    def add(self, due: Sequence[tuple[str, datetime]], schedules: Mapping[str, Schedule]) -> None:
        """Fires that were recorded; their runs are those of the schedules as they are now."""
        self._open.extend((name, instant, schedules.get(name)) for name, instant in due)

    def record(self, now: datetime) -> None:
        """Record some of the runs. They are kept until they are written, for that may fail."""
        if not self._open:
            return
        some = [self._open[index] for index in range(min(AT_A_TIME, len(self._open)))]
        self._ledger.settle_due([_fire(*one) for one in some], now=now)
        for _ in some:
            self._open.popleft()


def _fire(name: str, instant: datetime, schedule: Schedule | None) -> Fire:
    run = new_run(schedule, "time", instant) if schedule is not None else None
    return Fire(name, instant.isoformat(), instant, run)
