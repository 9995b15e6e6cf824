"""Runs and their steps in the workspace's file: recorded, started once, ended, forgotten."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.workspace.store.database import Database, Refused
from reconciler.workspace.store.history.acts import note_act
from reconciler.workspace.store.records import (
    Cause,
    NewRun,
    RunReport,
    RunRow,
    StepReport,
    StepRow,
)

RUN_COLUMNS = (
    "name, schedule, experiment, pipeline, version, cause, due_at, data_path, inputs, go_on,"
    " status, cancel, created_at, started_at, ended_at, message, archived, requested_by,"
    " ran_in, files_in"
)
"""What `run_row` expects."""


class Runs:
    """The runs of one workspace file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # ---------------------------------------------------------------------------------- changing

    def add(self, new: NewRun, now: datetime) -> str:
        """Record a run that somebody asked for; its name."""
        with self.database.writing() as connection:
            return RunWriter(connection, now).add(new)

    def begin(self, name: str, now: datetime) -> bool:
        """Mark a run as Running, before anything of it is started; False if it is to be no more."""
        with self.database.writing() as connection:
            done = connection.execute(
                "UPDATE runs SET status = 'Running', started_at = ?"
                " WHERE name = ? AND status = 'NotStarted'",
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
            for (name,) in rows:
                _end_run(connection, RunReport(name, "Failed", now, message))
                connection.execute(
                    "UPDATE steps SET status = 'Failed', ended_at = ?, message = ?"
                    " WHERE run = ? AND status = 'Running'",
                    (now.isoformat(), message, name),
                )
            return [row[0] for row in rows]

    def request_cancel(
        self,
        name: str,
        reason: str,
        *,
        engine_runs: Callable[[], bool],
        now: datetime,
        by: str | None = None,
    ) -> str:
        """Ask for a run's end; what it is then. Without an engine it is ended here and now.
        `by`: who asks.

        `engine_runs` is asked inside the transaction: an engine that starts after it finds the run
        ended, and one that runs finds the request.
        """
        with self.database.writing() as connection:
            row = connection.execute("SELECT status FROM runs WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise Refused(f'there is no run "{name}"')
            if row[0] not in ("NotStarted", "Running"):
                raise Refused(f"it has ended: {row[0]}")
            note_act(connection, now, by, "cancel", "run", name, name)
            if row[0] == "NotStarted" or not engine_runs():
                _end_run(connection, RunReport(name, "Canceled", now, reason))
                return "Canceled"
            connection.execute("UPDATE runs SET cancel = ? WHERE name = ?", (reason, name))
            return "Running"

    def archive(self, name: str, archived: bool) -> None:
        """Leave a run out of lists of Azure's API, or take it in again."""
        with self.database.writing() as connection:
            connection.execute("UPDATE runs SET archived = ? WHERE name = ?", (int(archived), name))

    def forget(self, names: Iterable[str]) -> None:
        """Remove runs that have ended, and their steps. Their fires stay."""
        with self.database.writing() as connection:
            connection.executemany(
                "DELETE FROM runs WHERE name = ? AND status NOT IN ('NotStarted', 'Running')",
                [(name,) for name in names],
            )

    # ----------------------------------------------------------------------------------- reading

    def cancel_requests(self) -> dict[str, str]:
        """Running runs that somebody wants ended: name -> why."""
        rows = self.database.read(
            "SELECT name, cancel FROM runs WHERE status = 'Running' AND cancel IS NOT NULL"
        )
        return dict(rows)

    def waiting(self, limit: int) -> list[RunRow]:
        """Runs that were not started, the oldest first."""
        return self._rows("WHERE status = 'NotStarted' ORDER BY created_at, name LIMIT ?", limit)

    def get(self, name: str) -> RunRow | None:
        """One run."""
        rows = self._rows("WHERE name = ?", name)
        return rows[0] if rows else None

    def newest(
        self,
        *,
        schedule: str | None = None,
        status: str | None = None,
        experiment: str | None = None,
        pipeline: str | None = None,
        version: str | None = None,
        limit: int = 50,
    ) -> list[RunRow]:
        """Runs that match, the newest first."""
        wanted = {
            "schedule": schedule,
            "status": status,
            "experiment": experiment,
            "pipeline": pipeline,
            "version": version,
        }
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given)
        clause = f"WHERE {where} " if where else ""
        return self._rows(
            f"{clause}ORDER BY created_at DESC, name DESC LIMIT ?", *given.values(), limit
        )

    def of_schedule(
        self, schedule: str, since: datetime
    ) -> list[tuple[str, str, Cause, datetime, datetime]]:
        """Its runs that were made here since then, the oldest first: name, status, cause, when due,
        and when begun (or made).
        """
        rows = self.database.read(
            "SELECT name, status, cause, due_at, coalesce(started_at, created_at) FROM runs"
            " WHERE schedule = ? AND created_at >= ? AND ran_in IS NULL ORDER BY created_at, name",
            (schedule, since.isoformat()),
        )
        when = datetime.fromisoformat
        return [(r[0], r[1], r[2], when(r[3]), when(r[4])) for r in rows]

    def files_in(self, name: str) -> tuple[str, Path] | None:
        """Of a run that was brought along from another workspace: the target in which it ran, and
        its folder there.
        """
        rows = self.database.read(
            "SELECT ran_in, files_in FROM runs WHERE name = ? AND ran_in IS NOT NULL", (name,)
        )
        return (rows[0][0], Path(rows[0][1])) if rows else None

    def steps(self, run: str) -> list[StepRow]:
        """The steps of a run that were settled or started, by when."""
        rows = self.database.read(
            "SELECT run, name, status, started_at, ended_at, exit_code, message FROM steps"
            " WHERE run = ? ORDER BY started_at IS NULL, started_at, name",
            (run,),
        )
        return [StepRow(r[0], r[1], r[2], _moment(r[3]), _moment(r[4]), r[5], r[6]) for r in rows]

    def experiments(self) -> list[tuple[str, int, str, datetime]]:
        """By name: how many runs, the status of the newest, and when it was made."""
        rows = self.database.read(
            # SQLite takes the status from the row that has the maximum.
            "SELECT experiment, count(*), status, max(created_at) FROM runs"
            " GROUP BY experiment ORDER BY experiment"
        )
        return [(r[0], r[1], r[2], datetime.fromisoformat(r[3])) for r in rows]

    def ended_beyond(self, keep: int) -> list[str]:
        """All but the newest `keep` ended runs of each schedule."""
        rows = self.database.read(
            "SELECT name FROM (SELECT name, row_number() OVER"
            " (PARTITION BY coalesce(schedule, pipeline) ORDER BY created_at DESC, name DESC)"
            " AS place FROM runs WHERE status NOT IN ('NotStarted', 'Running')) WHERE place > ?",
            (keep,),
        )
        return [row[0] for row in rows]

    def _rows(self, clause: str, *parameters: Any) -> list[RunRow]:
        rows = self.database.read(f"SELECT {RUN_COLUMNS} FROM runs {clause}", parameters)
        return [run_row(row) for row in rows]


class RunWriter:
    """Records runs within one transaction, and remembers what it would look up again for each."""

    def __init__(self, connection: sqlite3.Connection, now: datetime) -> None:
        self._connection = connection
        self._at = now
        self._now = now.isoformat()
        self._numbers: dict[str, int] = {}
        self._newest: dict[str, str] = {}

    def add(self, new: NewRun) -> str:
        """Record a run; its name. Several of one stem, files of one look or a run by hand in the
        same second, are numbered.
        """
        values = (
            new.schedule,
            new.experiment,
            new.pipeline,
            new.version or self._newest_version(new.pipeline),
            new.cause,
            new.due_at.isoformat(),
            new.data_path,
            json.dumps(dict(new.inputs), sort_keys=True) if new.inputs else "{}",
            None if new.go_on is None else int(new.go_on),
            self._now,
        )
        stem = new.stem
        number = self._numbers.get(stem, 0)
        while True:
            number += 1
            name = stem if number == 1 else f"{stem}-{number}"
            added = self._connection.execute(
                f"INSERT INTO runs ({RUN_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                " 'NotStarted', NULL, ?, NULL, NULL, NULL, 0, ?, NULL, NULL)"
                " ON CONFLICT (name) DO NOTHING",
                (name, *values, new.by),
            )
            if added.rowcount == 1:
                self._numbers[stem] = number
                if new.cause == "manual":
                    self._note(new, name)
                return name

    def _note(self, new: NewRun, name: str) -> None:
        """That somebody asked for it."""
        connection, at = self._connection, self._at
        if new.again is not None:
            note_act(connection, at, new.by, "run again", "run", new.again, name)
        elif new.schedule is not None:
            note_act(connection, at, new.by, "trigger", "schedule", new.schedule, name)
        else:
            note_act(connection, at, new.by, "submit", "pipeline", new.pipeline, name)

    def _newest_version(self, pipeline: str) -> str:
        if pipeline not in self._newest:
            row = self._connection.execute(
                "SELECT version FROM pipeline_versions WHERE name = ? ORDER BY number DESC LIMIT 1",
                (pipeline,),
            ).fetchone()
            # A pipeline that is not there fails the run, with these words, and not the engine.
            self._newest[pipeline] = row[0] if row is not None else "(none)"
        return self._newest[pipeline]


def run_row(row: Any) -> RunRow:
    """A row of RUN_COLUMNS."""
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
        archived=bool(row[16]),
        requested_by=row[17],
        ran_in=row[18],
        files_in=row[19],
    )


def _end_run(connection: sqlite3.Connection, report: RunReport) -> None:
    connection.execute(
        "UPDATE runs SET status = ?, ended_at = ?, message = ? WHERE name = ?",
        (report.status, report.at.isoformat(), report.message, report.run),
    )


def _store_step(connection: sqlite3.Connection, report: StepReport) -> None:
    started = report.at.isoformat() if report.status == "Running" else None
    ended = report.at.isoformat() if report.status not in ("Running", "NotStarted") else None
    connection.execute(
        # Of a run that is there: a report must not fail for one that was removed by hand.
        "INSERT INTO steps SELECT name, ?2, ?3, ?4, ?5, ?6, ?7 FROM runs WHERE name = ?1"
        " ON CONFLICT (run, name) DO UPDATE SET"
        " status = excluded.status, started_at = coalesce(steps.started_at, excluded.started_at),"
        " ended_at = excluded.ended_at, exit_code = excluded.exit_code, message = excluded.message",
        (report.run, report.step, report.status, started, ended, report.exit_code, report.message),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
