"""What pages list: schedules, pipelines and runs, searched, counted and paged in SQL."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.workspace.store.database import Database
from reconciler.workspace.store.records import RunRow
from reconciler.workspace.store.runs import RUN_COLUMNS, run_row
from reconciler.workspace.store.schedules import SCHEDULE_COLUMNS, ScheduleRow, schedule_row

KINDS = ("recurrence", "cron", "datastore")
NEVER = "never"
LONGEST_OF = 5_000
STATUSES = ("NotStarted", "Running", "Completed", "Failed", "Canceled")
_LAST = (
    "(SELECT r.{} FROM runs r WHERE r.schedule = schedules.name"
    " ORDER BY r.created_at DESC, r.name DESC LIMIT 1)"
)
SORTS = {
    "name": "name",
    "state": "enabled",
    "last": _LAST.format("status"),
    "ran": "(SELECT max(r.created_at) FROM runs r WHERE r.schedule = schedules.name)",
    "pipeline": "pipeline",
}
"""What schedules are sorted by; those of one value by name."""

PIPELINE_SORTS = {
    "name": "p.name",
    "state": "p.enabled",
    "ran": "(SELECT max(r.created_at) FROM runs r WHERE r.pipeline = p.name)",
    "schedules": "(SELECT count(*) FROM schedules s WHERE s.pipeline = p.name)",
    "published": "v.published_at",
}


@dataclass(frozen=True, slots=True)
class ScheduleQuery:
    """Which schedules: None and empty text are no restriction."""

    text: str = ""
    """Part of the name, of the pipeline's or of the path of the file."""
    enabled: bool | None = None
    owner: str | None = None
    """Empty text: nobody's."""
    kind: str | None = None
    last: str | None = None
    """The status of the last run; NEVER: there is none."""
    sort: str = "name"
    """One of SORTS; with a minus before it the other way round."""
    names: Collection[str] | None = None
    """The only ones that are meant."""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs: empty text and None are no restriction. Instants: when it was made."""

    status: str = ""
    schedule: str = ""
    pipeline: str = ""
    experiment: str = ""
    since: datetime | None = None
    until: datetime | None = None
    longest: bool = False
    """Those that took the longest first, of the newest LONGEST_OF."""


@dataclass(frozen=True, slots=True)
class PipelineLine:
    """One published pipeline in a list."""

    name: str
    enabled: bool
    versions: int
    version: str
    published_at: datetime
    published_by: str | None
    schedules: int
    enabled_schedules: int
    description: str | None
    last_run: str | None
    last_status: str | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class WatchLine:
    """How looking at a schedule's folder stands."""

    looked_at: datetime
    """The last look that found something new, or failed."""
    failures: int
    error: str | None
    failing_since: datetime | None
    files: int
    """How many files are known."""


class PageListings:
    """Reads one workspace file."""

    def __init__(self, database: Database) -> None:
        self._read = database.read

    # --------------------------------------------------------------------------------- schedules

    def schedules(
        self, wanted: ScheduleQuery, *, offset: int = 0, limit: int = 50
    ) -> tuple[int, list[ScheduleRow]]:
        """How many there are, and one page of them, sorted."""
        names = self.schedule_names(wanted)
        chosen = names[offset : offset + limit]
        rows = self._read(
            f"SELECT {SCHEDULE_COLUMNS} FROM schedules"
            " WHERE name IN (SELECT value FROM json_each(?))",
            (json.dumps(chosen),),
        )
        found = {row[0]: row for row in rows}
        return len(names), [schedule_row(found[name]) for name in chosen if name in found]

    def schedule_names(self, wanted: ScheduleQuery) -> list[str]:
        """The names of those that match, sorted."""
        where, values = _where(wanted)
        order = SORTS.get(wanted.sort.removeprefix("-"), "name")
        way = "DESC" if wanted.sort.startswith("-") else "ASC"
        rows = self._read(
            f"SELECT name FROM schedules {where} ORDER BY {order} {way} NULLS LAST, name", values
        )
        return [row[0] for row in rows]

    def owners(self) -> list[tuple[str | None, int]]:
        """Who owns how many; None: nobody."""
        rows = self._read("SELECT owner, count(*) FROM schedules GROUP BY owner ORDER BY owner")
        return [(row[0], row[1]) for row in rows]

    def enabled(self) -> tuple[int, int]:
        """How many schedules are enabled, and how many are not."""
        rows = dict(self._read("SELECT enabled, count(*) FROM schedules GROUP BY enabled"))
        return rows.get(1, 0), rows.get(0, 0)

    def of_pipeline(self, pipeline: str, limit: int = 200) -> list[ScheduleRow]:
        """The schedules that run a pipeline, by name."""
        rows = self._read(
            f"SELECT {SCHEDULE_COLUMNS} FROM schedules WHERE pipeline = ? ORDER BY name LIMIT ?",
            (pipeline, limit),
        )
        return [schedule_row(row) for row in rows]

    def watch(self, schedule: str) -> WatchLine | None:
        """How looking at its folder stands; None: it was never looked at."""
        rows = self._read(
            "SELECT looked_at, failures, error, failing_since,"
            " (SELECT count(*) FROM watched_files f WHERE f.schedule = w.schedule)"
            " FROM watches w WHERE schedule = ?",
            (schedule,),
        )
        if not rows:
            return None
        at, failures, error, since, files = rows[0]
        return WatchLine(datetime.fromisoformat(at), failures, error, _moment(since), files)

    # -------------------------------------------------------------------------------------- fires

    def fire_slots(self, schedule: str, since: datetime) -> list[tuple[datetime, str, int, str]]:
        """The fires of a schedule that were due since then, by ten minutes and what became of them:
        the first of those, `missed`, `due`, the status of their runs or `forgotten`, how many, and
        the run of one.
        """
        rows = self._read(
            "SELECT min(f.due_at), CASE WHEN f.outcome != 'run' THEN f.outcome"
            " ELSE coalesce(lower(r.status), 'forgotten') END AS kind, sum(f.number), max(f.run)"
            " FROM fires f LEFT JOIN runs r ON r.name = f.run"
            " WHERE f.schedule = ? AND f.due_at >= ? GROUP BY substr(f.due_at, 1, 15), kind",
            (schedule, since.isoformat()),
        )
        return [(datetime.fromisoformat(row[0]), *row[1:]) for row in rows]

    # --------------------------------------------------------------------------------------- runs

    def runs(
        self, wanted: RunQuery, *, offset: int = 0, limit: int = 50
    ) -> tuple[bool, list[RunRow]]:
        """One page of runs, the newest first, and whether there are more."""
        where, values = _run_where(wanted)
        newest = "ORDER BY created_at DESC, name DESC"
        # Names first, which are in the indices: what is skipped is not read.
        chosen, order = f"SELECT name FROM runs {where} {newest} LIMIT ? OFFSET ?", newest
        if wanted.longest:
            order = "ORDER BY julianday(ended_at) - julianday(started_at) DESC, name DESC"
            chosen = (
                f"SELECT name FROM (SELECT name, started_at, ended_at FROM runs {where} {newest}"
                f" LIMIT {LONGEST_OF}) {order} LIMIT ? OFFSET ?"
            )
        rows = self._read(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE name IN ({chosen}) {order}",
            (*values, limit + 1, offset),
        )
        return len(rows) > limit, [run_row(row) for row in rows[:limit]]

    def statuses(self, since: datetime) -> dict[str, int]:
        """How many runs that were made since then have each status."""
        return {
            status: int(
                self._read(
                    "SELECT count(*) FROM runs WHERE status = ? AND created_at >= ?",
                    (status, since.isoformat()),
                )[0][0]
            )
            for status in STATUSES
        }

    # ---------------------------------------------------------------------------------- pipelines

    def pipelines(
        self, text: str = "", *, sort: str = "name", offset: int = 0, limit: int = 50
    ) -> tuple[int, list[PipelineLine]]:
        """How many published pipelines there are, and one page of them. `sort`: of PIPELINE_SORTS,
        with a minus before it the other way round.
        """
        where, values = ("WHERE p.name LIKE ? ESCAPE '\\'", (_like(text),)) if text else ("", ())
        total = int(self._read(f"SELECT count(*) FROM pipelines p {where}", values)[0][0])
        order = PIPELINE_SORTS.get(sort.removeprefix("-"), "p.name")
        way = "DESC" if sort.startswith("-") else "ASC"
        rows = self._read(
            "SELECT p.name, p.enabled, v.number, v.version, v.published_at, v.published_by,"
            " (SELECT count(*) FROM schedules s WHERE s.pipeline = p.name),"
            " (SELECT count(*) FROM schedules s WHERE s.pipeline = p.name AND s.enabled),"
            " v.document,"
            " (SELECT json_array(r.name, r.status, r.created_at) FROM runs r"
            "  WHERE r.pipeline = p.name ORDER BY r.created_at DESC LIMIT 1)"
            " FROM pipelines p JOIN pipeline_versions v ON v.name = p.name AND v.number ="
            f" (SELECT max(number) FROM pipeline_versions WHERE name = p.name) {where}"
            f" ORDER BY {order} {way} NULLS LAST, p.name LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return total, [_pipeline(row) for row in rows]

    def is_pipeline_enabled(self, name: str) -> bool | None:
        """None: there is no such pipeline."""
        rows = self._read("SELECT enabled FROM pipelines WHERE name = ?", (name,))
        return bool(rows[0][0]) if rows else None


def _where(wanted: ScheduleQuery) -> tuple[str, tuple[Any, ...]]:
    terms: list[str] = []
    values: list[Any] = []
    if wanted.text:
        columns = ("name", "pipeline", "coalesce(source_path, '')")
        terms.append("(" + " OR ".join(f"{c} LIKE ? ESCAPE '\\'" for c in columns) + ")")
        values += [_like(wanted.text)] * len(columns)
    if wanted.enabled is not None:
        terms.append("enabled = ?")
        values.append(int(wanted.enabled))
    if wanted.owner is not None:
        terms.append("coalesce(owner, '') = ?")
        values.append(wanted.owner)
    if wanted.kind is not None:
        terms.append("json_extract(document, '$.trigger.type') = ?")
        values.append(wanted.kind)
    if wanted.last is not None:
        terms.append(f"coalesce({SORTS['last']}, '{NEVER}') = ?")
        values.append(wanted.last)
    if wanted.names is not None:
        terms.append("name IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(list(wanted.names)))
    return (f"WHERE {' AND '.join(terms)}" if terms else ""), tuple(values)


def _run_where(wanted: RunQuery) -> tuple[str, tuple[Any, ...]]:
    given = {
        "status = ?": wanted.status,
        "schedule = ?": wanted.schedule,
        "pipeline = ?": wanted.pipeline,
        "experiment = ?": wanted.experiment,
        "created_at >= ?": wanted.since and wanted.since.astimezone(UTC).isoformat(),
        "created_at < ?": wanted.until and wanted.until.astimezone(UTC).isoformat(),
    }
    kept = {term: value for term, value in given.items() if value}
    return (f"WHERE {' AND '.join(kept)}" if kept else ""), tuple(kept.values())


def _like(text: str) -> str:
    """A pattern for `text` anywhere, whatever stands in it."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _pipeline(row: Any) -> PipelineLine:
    run, status, at = json.loads(row[9]) if row[9] else (None, None, None)
    description = json.loads(row[8]).get("description")
    return PipelineLine(
        name=row[0],
        enabled=bool(row[1]),
        versions=row[2],
        version=row[3],
        published_at=datetime.fromisoformat(row[4]),
        published_by=row[5],
        schedules=row[6],
        enabled_schedules=row[7],
        description=str(description) if description else None,
        last_run=run,
        last_status=status,
        last_at=_moment(at),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
