"""What fired, and what was seen in datastores, in the workspace's file.

A fire and its run are one transaction, and a fire is keyed by its schedule and its instant (or
path and stamp): whatever stops the engine, a fire is recorded once or not at all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from reconciler.workspace.database import Database
from reconciler.workspace.records import Cursor, Fire, FireRow, Watch
from reconciler.workspace.runs import RunWriter
from reconciler.workspace.watch import Changes, Seen

KEPT = timedelta(days=400)
"""How long a fire is remembered. A clock that goes back by more than this may repeat it."""


class Ledger:
    """Fires and cursors of one workspace file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def handled_until(self) -> datetime | None:
        """Up to when every fire is settled; None: no engine has run yet."""
        rows = self.database.read("SELECT handled_until FROM engine")
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def settle(
        self, fires: Iterable[Fire], *, until: datetime, now: datetime
    ) -> list[tuple[Fire, str]]:
        """Record fires and their runs, and that all is settled up to `until`: one transaction.

        What was new, each with the name of its run. What is recorded already is left as it is.
        """
        with self.database.writing() as connection:
            recorded = _record_all(connection, fires, now)
            connection.execute("INSERT OR REPLACE INTO engine VALUES (1, ?)", (until.isoformat(),))
            return recorded

    def settle_look(
        self, schedule: str, since: str, fires: Sequence[Fire], found: Changes, *, now: datetime
    ) -> list[tuple[Fire, str]]:
        """Record what a look at a datastore found: its fires, their runs and the cursor."""
        with self.database.writing() as connection:
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
        """What was seen of a folder since the schedule was enabled; None: nothing yet."""
        known = self.database.read(
            "SELECT since, failures FROM watches WHERE schedule = ?", (schedule,)
        )
        if not known or known[0][0] != since:
            return None
        rows = self.database.read(
            "SELECT path, stamp, digest FROM watched_files WHERE schedule = ?", (schedule,)
        )
        return Cursor({row[0]: Seen(row[1], row[2]) for row in rows}, known[0][1])

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

    def prune(self, now: datetime) -> None:
        """Forget fires that are too old to come again."""
        with self.database.writing() as connection:
            oldest = (now - KEPT).isoformat()
            connection.execute("DELETE FROM fires WHERE recorded_at < ?", (oldest,))


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
            connection.execute(
                "UPDATE fires SET run = ? WHERE schedule = ? AND key = ?",
                (run, fire.schedule, fire.key),
            )
        recorded.append((fire, run))
    return recorded
