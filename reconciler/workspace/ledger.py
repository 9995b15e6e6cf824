"""What the engine did: fires, runs, steps and what was seen in datastores, in the workspace's file.

A fire and its run are one transaction, and a fire is keyed by its schedule and its instant (or
path and stamp): whatever stops the engine, a fire is recorded once or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from reconciler.workspace.database import Database, Refused
from reconciler.workspace.runner import RunReport, StepReport
from reconciler.workspace.watch import Seen

Cause = Literal["time", "data", "manual"]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to record, as NotStarted."""

    schedule: str | None
    experiment: str
    pipeline: str
    version: str | None
    """None: the newest when it is recorded."""
    cause: Cause
    due_at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    go_on: bool | None = None
    data_path: str | None = None

    @property
    def stem(self) -> str:
        """Its name, as in Azure: the schedule (or pipeline) and the instant."""
        return f"{self.schedule or self.pipeline}-{self.due_at:%Y%m%dT%H%M%SZ}"


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire to record. `run` None: it was missed, `number` times at least."""

    schedule: str
    key: str
    due_at: datetime
    run: NewRun | None
    number: int = 1


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is recorded."""

    name: str
    schedule: str | None
    experiment: str
    pipeline: str
    version: str
    cause: Cause
    due_at: datetime
    data_path: str | None
    inputs: Mapping[str, Any]
    go_on: bool | None
    status: str
    cancel: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as it is recorded."""

    run: str
    name: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    message: str | None


@dataclass(frozen=True, slots=True)
class FireRow:
    """A fire as it is recorded."""

    schedule: str
    key: str
    due_at: datetime
    recorded_at: datetime
    outcome: str
    run: str | None
    number: int


@dataclass(frozen=True, slots=True)
class Watch:
    """How looking at a datastore's folder stands."""

    schedule: str
    since: str
    looked_at: datetime
    files: int
    failures: int
    error: str | None


_RUN = (
    "name, schedule, experiment, pipeline, version, cause, due_at, data_path, inputs, go_on,"
    " status, cancel, created_at, started_at, ended_at, message"
)


class Ledger:
    """Fires, runs and cursors of one workspace file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ---------------------------------------------------------------------------------- the engine

    def handled_until(self) -> datetime | None:
        """Up to when every fire is settled; None: no engine has run yet."""
        rows = self.database.read("SELECT handled_until FROM engine")
        return datetime.fromisoformat(rows[0][0]) if rows else None

    def settle(self, fires: Iterable[Fire], *, until: datetime, now: datetime) -> list[str]:
        """Record fires and their runs, and that all is settled up to `until`: one transaction.

        The names of the runs that are new. A fire that is recorded already is left as it is.
        """
        with self.database.writing() as connection:
            names = _record_all(connection, fires, now)
            _settled(connection, until)
            return names

    def settle_look(
        self,
        schedule: str,
        since: str,
        fires: Sequence[Fire],
        cursor: Mapping[str, Seen],
        *,
        now: datetime,
    ) -> list[str]:
        """Record what a look at a datastore found, its fires, their runs and the cursor."""
        with self.database.writing() as connection:
            names = _record_all(connection, fires, now)
            _store_cursor(connection, schedule, cursor)
            connection.execute(
                "INSERT OR REPLACE INTO watches VALUES (?, ?, ?, ?, 0, NULL)",
                (schedule, since, now.isoformat(), len(cursor)),
            )
            return names

    def look_failed(self, schedule: str, error: str, now: datetime) -> int:
        """Record that a folder could not be listed; how many times in a row. The cursor stays."""
        with self.database.writing() as connection:
            # A schedule that was never looked at keeps an empty `since`: its first look is to come.
            connection.execute(
                "INSERT INTO watches VALUES (?, '', ?, 0, 1, ?) ON CONFLICT (schedule) DO UPDATE"
                " SET looked_at = excluded.looked_at, failures = failures + 1,"
                " error = excluded.error",
                (schedule, now.isoformat(), error),
            )
            row = connection.execute("SELECT failures FROM watches WHERE schedule = ?", (schedule,))
            failures: int = row.fetchone()[0]
            return failures

    def cursor(self, schedule: str, since: str) -> dict[str, Seen] | None:
        """What was seen of a folder since the schedule was enabled; None: nothing yet."""
        known = self.database.read("SELECT since FROM watches WHERE schedule = ?", (schedule,))
        if not known or known[0][0] != since:
            return None
        rows = self.database.read(
            "SELECT path, stamp, digest FROM watched_files WHERE schedule = ?", (schedule,)
        )
        return {row[0]: Seen(row[1], row[2]) for row in rows}

    def watches(self) -> list[Watch]:
        """How looking stands, by schedule."""
        rows = self.database.read(
            "SELECT schedule, since, looked_at, files, failures, error FROM watches"
            " ORDER BY schedule"
        )
        return [Watch(r[0], r[1], datetime.fromisoformat(r[2]), *r[3:]) for r in rows]

    # ---------------------------------------------------------------------------------------- runs

    def add_run(self, new: NewRun, now: datetime) -> str:
        """Record a run that somebody asked for; its name."""
        with self.database.writing() as connection:
            return _add_run(connection, new, now, {})

    def begin(self, name: str, now: datetime) -> bool:
        """Mark a run as Running, before anything of it is started; False if it is to be no more."""
        with self.database.writing() as connection:
            done = connection.execute(
                "UPDATE runs SET status = 'Running', started_at = ?"
                " WHERE name = ? AND status = 'NotStarted' AND cancel IS NULL",
                (now.isoformat(), name),
            )
            return done.rowcount == 1

    def report(self, reports: Sequence[StepReport | RunReport]) -> None:
        """Record what became of steps and runs, in the order given."""
        with self.database.writing() as connection:
            for report in reports:
                if isinstance(report, RunReport):
                    _end_run(connection, report)
                else:
                    _store_step(connection, report)

    def abandon(self, message: str, now: datetime) -> list[str]:
        """Mark what a dead engine left Running as Failed, its open steps too; their names."""
        with self.database.writing() as connection:
            rows = connection.execute("SELECT name FROM runs WHERE status = 'Running'").fetchall()
            moment = now.isoformat()
            for (name,) in rows:
                _end_run(connection, RunReport(name, "Failed", now, message))
                connection.execute(
                    "UPDATE steps SET status = 'Failed', ended_at = ?, message = ?"
                    " WHERE run = ? AND status = 'Running'",
                    (moment, message, name),
                )
            return [row[0] for row in rows]

    def request_cancel(self, name: str, reason: str, *, engine_runs: bool, now: datetime) -> str:
        """Ask for a run's end; what it is then. Without an engine it is ended here and now."""
        with self.database.writing() as connection:
            row = connection.execute("SELECT status FROM runs WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise Refused(f'there is no run "{name}"')
            if row[0] not in ("NotStarted", "Running"):
                raise Refused(f"it has ended: {row[0]}")
            if row[0] == "NotStarted" or not engine_runs:
                _end_run(connection, RunReport(name, "Canceled", now, reason))
                return "Canceled"
            connection.execute("UPDATE runs SET cancel = ? WHERE name = ?", (reason, name))
            return "Running"

    def canceled(self) -> dict[str, str]:
        """Runs that somebody wants ended: name -> why."""
        rows = self.database.read(
            "SELECT name, cancel FROM runs WHERE status = 'Running' AND cancel IS NOT NULL"
        )
        return dict(rows)

    def waiting(self, limit: int) -> list[RunRow]:
        """Runs that were not started, the oldest first."""
        return self._runs("WHERE status = 'NotStarted' ORDER BY created_at, name LIMIT ?", limit)

    def run(self, name: str) -> RunRow | None:
        """One run."""
        rows = self._runs("WHERE name = ?", name)
        return rows[0] if rows else None

    def runs(
        self,
        *,
        schedule: str | None = None,
        status: str | None = None,
        experiment: str | None = None,
        limit: int = 50,
    ) -> list[RunRow]:
        """Runs that match, the newest first."""
        wanted = {"schedule": schedule, "status": status, "experiment": experiment}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given)
        clause = f"WHERE {where} " if where else ""
        return self._runs(
            f"{clause}ORDER BY created_at DESC, name DESC LIMIT ?", *given.values(), limit
        )

    def steps(self, run: str) -> list[StepRow]:
        """The steps of a run that were settled or started, by when."""
        rows = self.database.read(
            "SELECT run, name, status, started_at, ended_at, exit_code, message FROM steps"
            " WHERE run = ? ORDER BY started_at IS NULL, started_at, name",
            (run,),
        )
        return [StepRow(r[0], r[1], r[2], _moment(r[3]), _moment(r[4]), r[5], r[6]) for r in rows]

    def fires(self, schedule: str | None = None, limit: int = 50) -> list[FireRow]:
        """Fires as recorded, the newest first."""
        where, values = ("WHERE schedule = ?", (schedule,)) if schedule else ("", ())
        rows = self.database.read(
            "SELECT schedule, key, due_at, recorded_at, outcome, run, number FROM fires"
            f" {where} ORDER BY recorded_at DESC, key DESC LIMIT ?",
            (*values, limit),
        )
        when = datetime.fromisoformat
        return [FireRow(r[0], r[1], when(r[2]), when(r[3]), *r[4:]) for r in rows]

    def experiments(self) -> list[tuple[str, int, str, datetime]]:
        """By name: how many runs, the status of the newest, and when it was made."""
        rows = self.database.read(
            "SELECT experiment, count(*), status, max(created_at) FROM runs"
            " GROUP BY experiment ORDER BY experiment"
        )
        return [(r[0], r[1], r[2], datetime.fromisoformat(r[3])) for r in rows]

    def prune(self, keep: int) -> list[str]:
        """Forget all but the newest `keep` ended runs of each schedule; their names.

        Fires stay: they are what keeps anything from being run twice.
        """
        with self.database.writing() as connection:
            rows = connection.execute(
                "SELECT name FROM (SELECT name, row_number() OVER"
                " (PARTITION BY coalesce(schedule, pipeline) ORDER BY created_at DESC, name DESC)"
                " AS place FROM runs WHERE status NOT IN ('NotStarted', 'Running'))"
                " WHERE place > ?",
                (keep,),
            ).fetchall()
            connection.executemany("DELETE FROM runs WHERE name = ?", rows)
            return [row[0] for row in rows]

    def _runs(self, clause: str, *parameters: Any) -> list[RunRow]:
        rows = self.database.read(f"SELECT {_RUN} FROM runs {clause}", parameters)
        return [_run(row) for row in rows]


def _run(row: Any) -> RunRow:
    return RunRow(
        name=row[0],
        schedule=row[1],
        experiment=row[2],
        pipeline=row[3],
        version=row[4],
        cause=row[5],
        due_at=datetime.fromisoformat(row[6]),
        data_path=row[7],
        inputs=json.loads(row[8]),
        go_on=None if row[9] is None else bool(row[9]),
        status=row[10],
        cancel=row[11],
        created_at=datetime.fromisoformat(row[12]),
        started_at=_moment(row[13]),
        ended_at=_moment(row[14]),
        message=row[15],
    )


def _record_all(connection: sqlite3.Connection, fires: Iterable[Fire], now: datetime) -> list[str]:
    numbers: dict[str, int] = {}
    recorded = (_record(connection, fire, now, numbers) for fire in fires)
    return [name for name in recorded if name is not None]


def _record(
    connection: sqlite3.Connection, fire: Fire, now: datetime, numbers: dict[str, int]
) -> str | None:
    """One fire and its run; None if it is recorded already, or was missed."""
    outcome = "missed" if fire.run is None else "run"
    added = connection.execute(
        "INSERT OR IGNORE INTO fires VALUES (?, ?, ?, ?, ?, NULL, ?)",
        (
            fire.schedule,
            fire.key,
            fire.due_at.isoformat(),
            now.isoformat(),
            outcome,
            fire.number,
        ),
    )
    if added.rowcount == 0 or fire.run is None:
        return None
    name = _add_run(connection, fire.run, now, numbers)
    connection.execute(
        "UPDATE fires SET run = ? WHERE schedule = ? AND key = ?", (name, fire.schedule, fire.key)
    )
    return name


def _add_run(
    connection: sqlite3.Connection, new: NewRun, now: datetime, numbers: dict[str, int]
) -> str:
    """Record a run. `numbers`: by stem, how many this transaction has named after it."""
    version = new.version
    if version is None:
        row = connection.execute(
            "SELECT version FROM pipeline_versions WHERE name = ? ORDER BY number DESC LIMIT 1",
            (new.pipeline,),
        ).fetchone()
        # A pipeline that is not there fails the run, with these words, and not the engine.
        version = row[0] if row is not None else "(none)"
    # Several files of one look, or a run by hand in the same second, are numbered.
    number = numbers.get(new.stem, 0) + 1
    name = new.stem if number == 1 else f"{new.stem}-{number}"
    while connection.execute("SELECT 1 FROM runs WHERE name = ?", (name,)).fetchone():
        number += 1
        name = f"{new.stem}-{number}"
    numbers[new.stem] = number
    connection.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'NotStarted', NULL, ?, NULL, NULL,"
        " NULL)",
        (
            name,
            new.schedule,
            new.experiment,
            new.pipeline,
            version,
            new.cause,
            new.due_at.isoformat(),
            new.data_path,
            json.dumps(dict(new.inputs), sort_keys=True),
            None if new.go_on is None else int(new.go_on),
            now.isoformat(),
        ),
    )
    return name


def _settled(connection: sqlite3.Connection, until: datetime) -> None:
    connection.execute("INSERT OR REPLACE INTO engine VALUES (1, ?)", (until.isoformat(),))


def _store_cursor(
    connection: sqlite3.Connection, schedule: str, cursor: Mapping[str, Seen]
) -> None:
    """Write only what differs: a folder may hold 100,000 files."""
    rows = connection.execute(
        "SELECT path, stamp, digest FROM watched_files WHERE schedule = ?", (schedule,)
    )
    known = {row[0]: Seen(row[1], row[2]) for row in rows}
    gone = [(schedule, path) for path in known if path not in cursor]
    new = [
        (schedule, path, seen.stamp, seen.digest)
        for path, seen in cursor.items()
        if known.get(path) != seen
    ]
    connection.executemany("DELETE FROM watched_files WHERE schedule = ? AND path = ?", gone)
    connection.executemany("INSERT OR REPLACE INTO watched_files VALUES (?, ?, ?, ?)", new)


def _end_run(connection: sqlite3.Connection, report: RunReport) -> None:
    connection.execute(
        "UPDATE runs SET status = ?, ended_at = ?, message = ? WHERE name = ?",
        (report.status, report.at.isoformat(), report.message, report.run),
    )


def _store_step(connection: sqlite3.Connection, report: StepReport) -> None:
    started = report.at.isoformat() if report.status == "Running" else None
    ended = report.at.isoformat() if report.status not in ("Running", "NotStarted") else None
    connection.execute(
        "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, name) DO UPDATE SET"
        " status = excluded.status, started_at = coalesce(steps.started_at, excluded.started_at),"
        " ended_at = excluded.ended_at, exit_code = excluded.exit_code, message = excluded.message",
        (report.run, report.step, report.status, started, ended, report.exit_code, report.message),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
