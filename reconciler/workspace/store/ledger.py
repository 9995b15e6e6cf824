"""What fired, and what was seen in datastores, in the workspace's file.

A fire and its run are one transaction, and a fire is keyed by its schedule and its instant (or
path and stamp): whatever stops the engine, a fire is recorded once or not at all.

Where thousands are due at one instant, their fires come first, as `due`, in one statement, and
their runs after that: the run of a fire that is `due` is still to be recorded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.workspace.datastores.changes import Changes, Seen
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.records import Cursor, Fire, FireRow, Watch, run_stamp
from reconciler.workspace.store.runs import RunWriter

_BACKFILL = "backfill "
"""Before the instant, in the key of a fire of the past that somebody asked for."""
_CARRIED, _UNLISTED = "carried", "unlisted"
"""Before the instant and the folder of a cursor from elsewhere; the latter was never listed."""
KEPT = timedelta(days=400)
"""How long a fire is remembered. A clock that goes back by more than this may repeat it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was new to the ledger."""

    recorded: list[tuple[Fire, str]]
    """Fires, each with the name of its run."""
    due: list[tuple[str, datetime]]
    """Schedule and instant of fires whose runs are still to be recorded."""


class Ledger:
    """Fires and cursors of one workspace file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def handled_until(self) -> datetime | None:
        """Up to when every fire is settled; None: no engine has run yet."""
        rows = self.database.read("SELECT handled_until FROM engine")
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def settle(
        self,
        fires: Iterable[Fire],
        *,
        until: datetime,
        now: datetime,
        bursts: Mapping[datetime, Sequence[str]] | None = None,
    ) -> Settled:
        """Record fires and their runs, and that all is settled up to `until`: one transaction.

        `bursts`: by instant, the schedules whose fires are recorded without their runs as yet.
        What is recorded already is left as it is.
        """
        with self.database.writing() as connection:
            recorded = _record_all(connection, fires, now)
            due = [
                (schedule, instant)
                for instant, schedules in (bursts or {}).items()
                for schedule in _record_due(connection, instant, schedules, now)
            ]
            connection.execute("INSERT OR REPLACE INTO engine VALUES (1, ?)", (until.isoformat(),))
            return Settled(recorded, due)

    def due(self) -> list[tuple[str, datetime]]:
        """Fires whose runs are still to be recorded: schedule and instant, the first due first."""
        rows = self.database.read(
            "SELECT schedule, due_at FROM fires WHERE outcome = 'due' ORDER BY due_at, schedule"
        )
        return [(row[0], datetime.fromisoformat(row[1])) for row in rows]

    def settle_due(self, fires: Iterable[Fire], *, now: datetime) -> list[tuple[Fire, str]]:
        """Record the runs of fires that are `due`; one without a run is missed after all."""
        with self.database.writing() as connection:
            runs = RunWriter(connection, now)
            recorded: list[tuple[Fire, str]] = []
            for fire in fires:
                is_due = connection.execute(
                    "UPDATE fires SET outcome = ? WHERE schedule = ? AND key = ?"
                    " AND outcome = 'due'",
                    ("missed" if fire.run is None else "run", fire.schedule, fire.key),
                )
                if is_due.rowcount and fire.run is None:
                    _set_run(connection, fire, None)
                elif is_due.rowcount and fire.run is not None:
                    run = runs.add(fire.run)
                    if run != fire.run.stem:
                        _set_run(connection, fire, run)
                    recorded.append((fire, run))
            return recorded

    def settle_look(
        self, schedule: str, since: str, fires: Sequence[Fire], found: Changes, *, now: datetime
    ) -> list[tuple[Fire, str]]:
        """Record what a look at a datastore found: its fires, their runs and the cursor."""
        with self.database.writing() as connection:
            if _is_off(connection, schedule):
                return []  # renamed, disabled or moved meanwhile: who follows by now finds it
            recorded = _record_all(connection, fires, now)
            if found.is_first:  # what another enabling or folder has left
                connection.execute("DELETE FROM watched_files WHERE schedule = ?", (schedule,))
            connection.executemany(
                "DELETE FROM watched_files WHERE schedule = ? AND path = ?",
                [(schedule, path) for path in found.forgotten],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO watched_files VALUES (?, ?, ?, ?)",
                [(schedule, p, seen.stamp, seen.digest) for p, seen in found.remembered.items()],
            )
            connection.execute(
                "INSERT OR REPLACE INTO watches VALUES (?, ?, ?, 0, NULL, NULL)",
                (schedule, since, now.isoformat()),
            )
            return recorded

    def look_failed(self, schedule: str, error: str, now: datetime) -> int:
        """Record that a folder could not be listed; how many times in a row. The cursor stays."""
        with self.database.writing() as connection:
            # A schedule that was never looked at keeps an empty `since`: its first look is to come.
            connection.execute(
                "INSERT INTO watches VALUES (?1, '', ?2, 1, ?3, ?2) ON CONFLICT (schedule) DO"
                " UPDATE SET looked_at = ?2, failures = failures + 1, error = ?3,"
                " failing_since = coalesce(failing_since, ?2)",
                (schedule, now.isoformat(), error),
            )
            row = connection.execute("SELECT failures FROM watches WHERE schedule = ?", (schedule,))
            failures: int = row.fetchone()[0]
            return failures

    def cursor(self, schedule: str, since: str) -> Cursor | None:
        """What was seen of a folder since the schedule was enabled; None: nothing yet.

        `since`: the instant and the folder. A cursor of that folder that was carried here is gone
        on from as well.
        """
        known = self.kept_cursor(schedule)
        if known is None:
            return None
        of, cursor = known
        if of == since or (cursor.since is not None and of == since.partition(" ")[2]):
            return cursor
        return None

    def kept_cursor(self, schedule: str) -> tuple[str, Cursor] | None:
        """What a cursor belongs to, and it: an instant and a folder; of one that was carried here
        the folder. None: there is none.
        """
        known = self.database.read(
            "SELECT since, failures FROM watches WHERE schedule = ? AND since != ''", (schedule,)
        )
        if not known:
            return None
        of, failures = known[0]
        kind, _, rest = of.partition(" ")
        moment = None
        if kind in (_CARRIED, _UNLISTED):
            moment, _, of = rest.partition(" ")
        rows = self.database.read(
            "SELECT path, stamp, digest FROM watched_files WHERE schedule = ?", (schedule,)
        )
        seen = {row[0]: Seen(row[1], row[2]) for row in rows}
        since = datetime.fromisoformat(moment) if moment is not None else None
        return of, Cursor(None if kind == _UNLISTED else seen, failures, since)

    def carry_in(
        self,
        schedule: str,
        folder: str,
        since: datetime,
        seen: Mapping[str, Seen] | None,
        now: datetime,
    ) -> None:
        """Keep a cursor of a folder that comes from elsewhere, for the next look."""
        kind = _UNLISTED if seen is None else _CARRIED
        with self.database.writing() as connection:
            connection.execute("DELETE FROM watched_files WHERE schedule = ?", (schedule,))
            connection.executemany(
                "INSERT INTO watched_files VALUES (?, ?, ?, ?)",
                [(schedule, path, one.stamp, one.digest) for path, one in (seen or {}).items()],
            )
            connection.execute(
                "INSERT OR REPLACE INTO watches VALUES (?, ?, ?, 0, NULL, NULL)",
                (schedule, f"{kind} {since.isoformat()} {folder}", now.isoformat()),
            )

    def failing(self) -> list[Watch]:
        """Enabled schedules whose folders cannot be looked at."""
        rows = self.database.read(
            "SELECT w.schedule, error, failures, failing_since, looked_at FROM watches w"
            " JOIN schedules s ON s.name = w.schedule AND s.enabled"
            " WHERE failures > 0 ORDER BY w.schedule"
        )
        when = datetime.fromisoformat
        return [Watch(r[0], r[1], r[2], when(r[3]), when(r[4])) for r in rows]

    def fires(self, schedule: str, limit: int = 50) -> list[FireRow]:
        """The fires of a schedule as recorded, the last due first."""
        rows = self.database.read(
            "SELECT schedule, key, due_at, recorded_at, outcome, run, number FROM fires"
            " WHERE schedule = ? ORDER BY due_at DESC, key DESC LIMIT ?",
            (schedule, limit),
        )
        when = datetime.fromisoformat
        return [FireRow(r[0], r[1], when(r[2]), when(r[3]), *r[4:]) for r in rows]

    def runs_since(self, schedule: str, since: datetime) -> list[tuple[str, datetime, bool]]:
        """Of the fires that were due since then: the name of the run, the instant, and whether it
        was by time (or for a file). Runs that were forgotten since are among them.
        """
        rows = self.database.read(
            "SELECT run, due_at, key = due_at OR key = ? || due_at FROM fires"
            " WHERE schedule = ? AND due_at >= ? AND outcome = 'run' ORDER BY due_at",
            (_BACKFILL, schedule, since.isoformat()),
        )
        return [(row[0], datetime.fromisoformat(row[1]), bool(row[2])) for row in rows]

    def backfill(self, fire: Fire, now: datetime) -> str | None:
        """Record a fire of the past and its run, whose name is given; None: it had its run.

        A fire by time that was missed stays on record as missed: this is another, beside it.
        """
        with self.database.writing() as connection:
            if connection.execute(*_ran(fire)).fetchone() is not None:
                return None
            if _is_by_time(fire):
                fire = replace(fire, key=f"{_BACKFILL}{fire.key}")
            recorded = _record_all(connection, [fire], now)
            return recorded[0][1] if recorded else None

    def has_run(self, fire: Fire) -> bool:
        """Whether a fire, by time or for a file, had its run."""
        return bool(self.database.read(*_ran(fire)))

    def prune(self, now: datetime) -> None:
        """Forget fires that are too old to come again."""
        with self.database.writing() as connection:
            oldest = (now - KEPT).isoformat()
            connection.execute("DELETE FROM fires WHERE recorded_at < ?", (oldest,))


def _is_by_time(fire: Fire) -> bool:
    return fire.key == fire.due_at.isoformat()


def _ran(fire: Fire) -> tuple[str, tuple[str, ...]]:
    """What asks whether there is a run of a fire."""
    of_the_ledger = "SELECT 1 FROM fires WHERE schedule = ? AND key = ? AND outcome != 'missed'"
    if not _is_by_time(fire):
        return of_the_ledger, (fire.schedule, fire.key)
    of_runs = (
        "SELECT 1 FROM runs WHERE schedule = ? AND due_at = ? AND cause IN ('time', 'backfill')"
    )
    return f"{of_the_ledger} UNION ALL {of_runs}", (fire.schedule, fire.key) * 2


def _is_off(connection: sqlite3.Connection, schedule: str) -> bool:
    row = connection.execute("SELECT 1 FROM schedules WHERE name = ? AND enabled", (schedule,))
    return row.fetchone() is None


def _record_all(
    connection: sqlite3.Connection, fires: Iterable[Fire], now: datetime
) -> list[tuple[Fire, str]]:
    runs = RunWriter(connection, now)
    recorded: list[tuple[Fire, str]] = []
    recorded_at = now.isoformat()
    for fire in fires:
        new = fire.run
        stem = new.stem if new is not None else None
        added = connection.execute(
            "INSERT INTO fires VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                fire.schedule,
                fire.key,
                fire.due_at.isoformat(),
                recorded_at,
                "missed" if new is None else "run",
                stem,
                fire.number,
            ),
        )
        if added.rowcount == 0 or new is None:
            continue
        run = runs.add(new)
        if run != stem:  # numbered, for the stem is another run's
            _set_run(connection, fire, run)
        recorded.append((fire, run))
    return recorded


def _set_run(connection: sqlite3.Connection, fire: Fire, run: str | None) -> None:
    connection.execute(
        "UPDATE fires SET run = ? WHERE schedule = ? AND key = ?", (run, fire.schedule, fire.key)
    )


def _record_due(
    connection: sqlite3.Connection, instant: datetime, schedules: Sequence[str], now: datetime
) -> Sequence[str]:
    """Record the fires of one instant without their runs; the schedules for which it was new."""
    key, recorded_at, names = instant.isoformat(), now.isoformat(), json.dumps(schedules)
    added = connection.execute(
        "INSERT INTO fires SELECT value, ?1, ?1, ?2, 'due', value || ?3, 1 FROM json_each(?4)"
        " WHERE true ON CONFLICT DO NOTHING",
        (key, recorded_at, f"-{run_stamp(instant)}", names),
    )
    if added.rowcount == len(schedules):
        return schedules
    rows = connection.execute(
        "SELECT value FROM json_each(?) JOIN fires ON schedule = value"
        " WHERE fires.key = ? AND recorded_at = ? AND outcome = 'due'",
        (names, key, recorded_at),
    )
    return [row[0] for row in rows]
