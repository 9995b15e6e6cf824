"""How runs went: the last ones of each schedule, days by outcome, what is slow, flaky or missed.

Days are those of UTC. What is asked of many runs is read from `run_days` (tables/history.py).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from heapq import nsmallest
from typing import Literal

from reconciler.workspace.store.database import Database

EACH = 14
"""So many of the last runs are shown of a schedule."""


@dataclass(frozen=True, slots=True)
class RecentRun:
    """One of the last runs. `seconds`: that it took; None: it has not ended, or never began."""

    name: str
    status: str
    at: datetime
    seconds: float | None


@dataclass(frozen=True, slots=True)
class DayCount:
    """The ended runs of a day."""

    day: date
    completed: int
    failed: int
    canceled: int


@dataclass(frozen=True, slots=True)
class Record:
    """How the runs of a schedule went. `seconds`: a completed one on average; None: none did."""

    schedule: str
    completed: int
    failed: int
    canceled: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class MissedLine:
    """Fires of a schedule that were missed: how many at least, and the last of them."""

    schedule: str
    number: int
    last: datetime


@dataclass(frozen=True, slots=True)
class ExperimentLine:
    """An experiment: how many runs it has, and its last one."""

    name: str
    runs: int
    status: str
    at: datetime
    run: str


class Outcomes:
    """Reads one workspace file."""

    def __init__(self, database: Database) -> None:
        self._read = database.read

    def recent(
        self,
        of: Literal["schedule", "pipeline", "experiment"],
        names: Collection[str],
        each: int = EACH,
    ) -> dict[str, list[RecentRun]]:
        """The last runs of each schedule, pipeline or experiment, the oldest of them first."""
        rows = self._read(
            "SELECT n.value, r.name, r.status, r.created_at,"
            " (julianday(r.ended_at) - julianday(r.started_at)) * 86400.0"
            " FROM json_each(?) n JOIN runs r ON r.name IN"
            f" (SELECT name FROM runs WHERE {of} = n.value"
            " ORDER BY created_at DESC, name DESC LIMIT ?)"
            " ORDER BY r.created_at, r.name",
            (json.dumps(sorted(names)), each),
        )
        found: dict[str, list[RecentRun]] = {name: [] for name in names}
        for of_name, name, status, at, seconds in rows:
            found[of_name].append(RecentRun(name, status, datetime.fromisoformat(at), seconds))
        return found

    def days(self, since: date, schedule: str | None = None) -> list[DayCount]:
        """The days with ended runs since then, the first one first."""
        chosen, values = ("AND schedule = ?", (schedule,)) if schedule is not None else ("", ())
        rows = self._read(
            "SELECT day, sum(completed), sum(failed), sum(canceled) FROM run_days"
            f" WHERE day >= ? {chosen} GROUP BY day ORDER BY day",
            (since.isoformat(), *values),
        )
        return [DayCount(date.fromisoformat(row[0]), *row[1:]) for row in rows]

    def records(self, since: date) -> list[Record]:
        """How the runs of each schedule went since then, by name."""
        rows = self._read(
            "SELECT schedule, sum(completed), sum(failed), sum(canceled),"
            " total(seconds) / nullif(sum(completed), 0) FROM run_days"
            " WHERE day >= ? AND schedule != '' GROUP BY schedule ORDER BY schedule",
            (since.isoformat(),),
        )
        return [Record(*row) for row in rows]

    def missed(self, since: datetime, limit: int) -> list[MissedLine]:
        """What missed fires that were due since then, the last one first."""
        rows = self._read(
            "SELECT schedule, sum(number), max(due_at) FROM fires INDEXED BY fires_missed"
            " WHERE outcome = 'missed' AND due_at >= ?"
            " GROUP BY schedule ORDER BY max(due_at) DESC, schedule LIMIT ?",
            (since.isoformat(), limit),
        )
        return [MissedLine(row[0], row[1], datetime.fromisoformat(row[2])) for row in rows]

    def waiting(self, before: datetime, limit: int) -> tuple[int, list[tuple[str, datetime]]]:
        """How many runs were made before then and have not begun, and the first of them."""
        condition = "FROM runs WHERE status = 'NotStarted' AND created_at < ?"
        count = int(self._read(f"SELECT count(*) {condition}", (before.isoformat(),))[0][0])
        rows = self._read(
            f"SELECT name, created_at {condition} ORDER BY created_at LIMIT ?",
            (before.isoformat(), limit),
        )
        return count, [(row[0], datetime.fromisoformat(row[1])) for row in rows]

    def experiments(self, offset: int, limit: int) -> tuple[int, list[ExperimentLine]]:
        """How many experiments there are, and one page of them by name."""
        # From name to name in the index: to read a million runs for a thousand names is slow.
        names = [
            row[0]
            for row in self._read(
                "WITH RECURSIVE found (one) AS (SELECT min(experiment) FROM runs UNION ALL"
                " SELECT (SELECT min(experiment) FROM runs WHERE experiment > one) FROM found"
                " WHERE one IS NOT NULL) SELECT one FROM found WHERE one IS NOT NULL"
            )
        ]
        chosen = json.dumps(names[offset : offset + limit])
        rows = self._read(
            "SELECT n.value, (SELECT count(*) FROM runs WHERE experiment = n.value), r.status,"
            " r.created_at, r.name FROM json_each(?) n JOIN runs r ON r.name ="
            " (SELECT name FROM runs WHERE experiment = n.value"
            " ORDER BY created_at DESC, name DESC LIMIT 1) ORDER BY n.value",
            (chosen,),
        )
        when = datetime.fromisoformat
        return len(names), [ExperimentLine(r[0], r[1], r[2], when(r[3]), r[4]) for r in rows]

    def last_good(self, name: str) -> str | None:
        """The last run before that one, of its schedule or pipeline, that completed; among as many
        as 1,000.
        """
        found = self._read(
            "SELECT schedule, pipeline, created_at FROM runs WHERE name = ?", (name,)
        )
        if not found:
            return None
        schedule, pipeline, at = found[0]
        same = "schedule = ?" if schedule is not None else "pipeline = ? AND schedule IS NULL"
        rows = self._read(
            f"SELECT name FROM (SELECT name, status FROM runs WHERE {same}"
            " AND created_at <= ? AND (created_at, name) < (?, ?)"
            " ORDER BY created_at DESC, name DESC LIMIT 1000) WHERE status = 'Completed' LIMIT 1",
            (schedule if schedule is not None else pipeline, at, at, name),
        )
        return rows[0][0] if rows else None


def slowest(records: Iterable[Record], limit: int) -> list[Record]:
    """Those whose completed runs took the longest on average."""
    ended = [one for one in records if one.seconds is not None]
    return nsmallest(limit, ended, key=lambda one: (-(one.seconds or 0.0), one.schedule))


def flakiest(records: Iterable[Record], limit: int) -> list[Record]:
    """Those that fail one time and complete another: first those of which nobody knows what the
    next run will do, at one half.
    """
    mixed = [one for one in records if one.completed and one.failed]
    return nsmallest(limit, mixed, key=lambda one: (-_doubt(one), -one.failed, one.schedule))


def _doubt(one: Record) -> float:
    share = one.failed / (one.completed + one.failed)
    return share * (1 - share)


def most_failed(records: Iterable[Record]) -> list[Record]:
    """Those with the most runs that failed, then with the most runs."""
    return sorted(
        records, key=lambda one: (-one.failed, -(one.completed + one.canceled), one.schedule)
    )
