"""Schedules and pipelines of an embedded workspace, in its SQLite file."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.declare.suspensions import suspension_of, suspension_words
from reconciler.model import Snapshot
from reconciler.system.file_access import ReadableBy
from reconciler.workspace.store.code import CodeStore
from reconciler.workspace.store.database import Database, Refused, translated
from reconciler.workspace.store.history.acts import What, note_act
from reconciler.workspace.store.moving.renames import rename
from reconciler.workspace.store.references import split_reference


@dataclass(frozen=True, slots=True)
class PipelineRow:
    """A published pipeline, with its newest version."""

    name: str
    enabled: bool
    version: str
    digest: str
    document: Mapping[str, Any]
    path: str
    published_at: datetime
    published_by: str | None
    versions: int
    schedules: int
    """How many enabled schedules run it."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a pipeline."""

    version: str
    digest: str
    document: Mapping[str, Any]
    path: str
    published_at: datetime
    published_by: str | None
    number: int
    enabled: bool = True
    """Whether schedules and submissions may run it, if its pipeline may be run."""


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A stored schedule; `document` is a resolved declaration."""

    name: str
    owner: str | None
    document: Mapping[str, Any]
    fingerprint: str
    source_path: str | None
    source_line: int | None
    created_at: datetime
    modified_at: datetime
    modified_by: str | None
    since: datetime
    """Since when it fires as it does: made, enabled again, or its trigger changed."""
    applied: str | None = None
    """The digest of what an apply last made of it."""
    suspended: str | None = None
    """As declare/suspensions.py writes it."""
    repository: str | None = None
    """The identity of the repository that an apply last took it from."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A pipeline version to publish along with a schedule."""

    name: str
    digest: str
    document: str
    path: str
    code: Mapping[str, Snapshot] = field(default_factory=dict)
    """What its steps run, by their `code` in the document."""

    @property
    def version(self) -> str:
        """What it is referred to by."""
        return short_version(self.digest)


_STORED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
"""Made once: `dumps` makes another for each document."""


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A schedule to store."""

    name: str
    owner: str | None
    document: Mapping[str, Any]
    pipeline: str
    source_path: str | None = None
    source_line: int | None = None
    applied: str | None = None
    """The digest of what is applied; None: it is changed by hand, and what was applied stays."""
    repository: str | None = None
    """The identity of the repository that it is declared in; None: as it was."""

    @property
    def text(self) -> str:
        """The document as it is stored."""
        return _STORED.encode(self.document)

    @property
    def fingerprint(self) -> str:
        """What tells this state of the schedule from any other."""
        return _fingerprint(self.owner, self.text)


def short_version(digest: str) -> str:
    """The version that a pipeline with this content has."""
    return digest[:12]


def _fingerprint(owner: str | None, text: str) -> str:
    return hashlib.sha256(f"{owner or ''}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()


class Store:
    """The schedules and pipelines of a workspace file."""

    def __init__(
        self,
        path: Path,
        *,
        actor: str | None = None,
        durable: bool = False,
        busy_seconds: float | None = None,
        readable_by: ReadableBy = "owner",
    ) -> None:
        """`actor`: who is at work. The others: as of Database."""
        self.path = path
        self.actor = actor
        self.database = Database(
            path, durable=durable, busy_seconds=busy_seconds, readable_by=readable_by
        )
        self.code = CodeStore(self.database)

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        self.database.close()

    def check_integrity(self) -> str:
        """What SQLite's own check says: "ok", or what is damaged."""
        return self.database.check_integrity()

    # ----------------------------------------------------------------------------------- reading

    def identity(self) -> str | None:
        """The id that the workspace was given when its file was made; None without a file."""
        rows = self.database.read("SELECT id FROM identity")
        return str(rows[0][0]) if rows else None

    def schedules(self, names: Collection[str] | None = None) -> list[ScheduleRow]:
        """Every schedule, or those of `names`, by name."""
        chosen = ""
        parameters: tuple[str, ...] = ()
        if names is not None:
            chosen = "WHERE name IN (SELECT value FROM json_each(?))"
            parameters = (json.dumps(list(names)),)
        rows = self.database.read(
            f"SELECT {SCHEDULE_COLUMNS} FROM schedules {chosen} ORDER BY name", parameters
        )
        with translated(self.path):
            return [schedule_row(row) for row in rows]

    def marks(self) -> dict[str, tuple[str, str]]:
        """By name, the fingerprint of each schedule and since when it fires as it does."""
        rows = self.database.read("SELECT name, fingerprint, since FROM schedules")
        return {row[0]: (row[1], row[2]) for row in rows}

    def whole_mark(self) -> str:
        """Another text whenever `marks` are others; for thousands it is read in a tenth of the
        time.
        """
        rows = self.database.read(
            "SELECT group_concat(name || ' ' || fingerprint || ' ' || coalesce(since, ''))"
            " FROM schedules"
        )
        return str(rows[0][0] or "") if rows else ""

    def version(self, name: str, version: str | None) -> VersionRow | None:
        """One version of a pipeline; `version` None: the newest."""
        found = self._versions("name = ? AND version = coalesce(?, version)", (name, version), 1)
        return found[0] if found else None

    def pipelines(self) -> list[PipelineRow]:
        """Every pipeline with its newest version, by name."""
        rows = self.database.read(
            "SELECT p.name, p.enabled, v.version, v.digest, v.document, v.path, v.published_at,"
            " v.published_by, v.number,"
            " (SELECT count(*) FROM schedules s WHERE s.pipeline = p.name AND s.enabled)"
            " FROM pipelines p JOIN pipeline_versions v ON v.name = p.name AND v.number ="
            " (SELECT max(number) FROM pipeline_versions WHERE name = p.name) ORDER BY p.name"
        )
        with translated(self.path):
            return [_pipeline(row) for row in rows]

    def versions(self, name: str) -> list[VersionRow]:
        """The versions of a pipeline, newest first; none if there is no such pipeline."""
        return self._versions("name = ?", (name,))

    def _versions(
        self, condition: str, parameters: tuple[str | None, ...], limit: int = -1
    ) -> list[VersionRow]:
        rows = self.database.read(
            "SELECT version, digest, document, path, published_at, published_by, number, enabled"
            f" FROM pipeline_versions WHERE {condition} ORDER BY number DESC LIMIT {limit}",
            parameters,
        )
        with translated(self.path):
            return [
                VersionRow(
                    row[0],
                    row[1],
                    _json(row[2]),
                    row[3],
                    _time(row[4]),
                    row[5],
                    row[6],
                    bool(row[7]),
                )
                for row in rows
            ]

    # ----------------------------------------------------------------------------------- writing

    def put_schedule(
        self,
        new: NewSchedule,
        *,
        expected: str | None,
        publication: Publication | None,
        now: datetime,
        renamed_from: str | None = None,
    ) -> None:
        """Create a schedule (`expected` None) or replace the one with that fingerprint, which may
        have another name: its fires, its runs and its cursor then go with it.

        Done again it changes nothing. Refused where something else stands there meanwhile, or an
        enabled schedule would run a disabled pipeline.
        """
        if publication is not None:
            self.code.prepare(publication.name, publication.version, publication.code)
        text = new.text
        fingerprint = _fingerprint(new.owner, text)
        with self.database.writing() as connection:
            if publication is not None:
                self._publish(connection, publication, now)
            current = _current(connection, new.name)
            if renamed_from is not None and current is None:
                current = _current(connection, renamed_from)
                _check_unchanged(current, expected, new.owner)
                rename(connection, renamed_from, new.name)
                expected = current[1]
            if current is not None and current[1] == fingerprint:
                connection.execute(
                    "UPDATE schedules SET applied = coalesce(?, applied),"
                    " repository = coalesce(?, repository) WHERE name = ?",
                    (new.applied, new.repository, new.name),
                )
                return
            _check_unchanged(current, expected, new.owner)
            if new.document["is_enabled"] and current is not None:
                _check_not_suspended(current[6], now)
            if new.document["is_enabled"]:
                _check_pipeline_enabled(connection, new.pipeline, _version_of(new.document))
            if new.applied is None:
                note_act(
                    connection, now, self.actor, _put_by_hand(current, new), "schedule", new.name
                )
            connection.execute(
                "INSERT OR REPLACE INTO schedules VALUES"
                " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    new.name,
                    new.owner,
                    int(new.document["is_enabled"]),
                    text,
                    fingerprint,
                    new.pipeline,
                    new.source_path,
                    new.source_line,
                    current[2] if current is not None else now.isoformat(),
                    now.isoformat(),
                    self.actor,
                    _since(current, new.document) or now.isoformat(),
                    new.applied or (current[5] if current is not None else None),
                    current[6] if current is not None and not new.document["is_enabled"] else None,
                    new.repository or (current[7] if current is not None else None),
                ),
            )

    def disable_schedule(
        self, name: str, *, expected: str, now: datetime, applied: str | None = None
    ) -> None:
        """Stop it firing. Done again it changes nothing. `applied`: as of NewSchedule."""
        with self.database.writing() as connection:
            current = connection.execute(
                "SELECT owner, fingerprint, document, enabled FROM schedules WHERE name = ?",
                (name,),
            ).fetchone()
            if current is None:
                raise Refused("it does not exist any more")
            if not current[3]:
                return
            if current[1] != expected:
                raise Refused("it was changed after the plan was made")
            if applied is None:
                note_act(connection, now, self.actor, "disable", "schedule", name)
            document = {**_json(current[2]), "is_enabled": False}
            disabled = NewSchedule(name, current[0], document, "")
            connection.execute(
                "UPDATE schedules SET enabled = 0, document = ?, fingerprint = ?,"
                " modified_at = ?, modified_by = ?, applied = coalesce(?, applied) WHERE name = ?",
                (disabled.text, disabled.fingerprint, now.isoformat(), self.actor, applied, name),
            )

    def suspend_schedule(
        self, name: str, *, expected: str, enabled: bool, suspended: str | None, now: datetime
    ) -> None:
        """Note a suspension beside a schedule, or take it away, and switch the schedule."""
        with self.database.writing() as connection:
            current = _current(connection, name)
            if current is None:
                raise Refused("it does not exist any more")
            if current[1] != expected:
                raise Refused("it was changed meanwhile")
            document = {**_json(current[3]), "is_enabled": enabled}
            if enabled:
                job = connection.execute("SELECT pipeline FROM schedules WHERE name = ?", (name,))
                _check_pipeline_enabled(connection, job.fetchone()[0], _version_of(document))
            new = NewSchedule(name, current[0], document, "")
            connection.execute(
                "UPDATE schedules SET enabled = ?, document = ?, fingerprint = ?, modified_at = ?,"
                " modified_by = ?, since = ?, suspended = ? WHERE name = ?",
                (
                    int(enabled),
                    new.text,
                    new.fingerprint,
                    now.isoformat(),
                    self.actor,
                    _since(current, document) or now.isoformat(),
                    suspended,
                    name,
                ),
            )

    def delete_schedule(self, name: str, *, expected: str, now: datetime) -> None:
        """Take a schedule away that is disabled; what it was, who took it and when is kept, and
        so are its fires and runs. Done again it changes nothing.
        """
        with self.database.writing() as connection:
            current = connection.execute(
                "SELECT fingerprint, enabled FROM schedules WHERE name = ?", (name,)
            ).fetchone()
            if current is None:
                return
            if current[0] != expected:
                raise Refused("it was changed meanwhile")
            if current[1]:
                raise Refused("it is enabled; disable it first")
            note_act(connection, now, self.actor, "delete", "schedule", name)
            connection.execute(
                "INSERT INTO deleted_schedules SELECT name, owner, document, created_at, ?, ?"
                " FROM schedules WHERE name = ?",
                (now.isoformat(), self.actor, name),
            )
            connection.execute("DELETE FROM schedules WHERE name = ?", (name,))

    def publish(self, publication: Publication, now: datetime) -> bool:
        """Publish a pipeline version; False if it was there already, and is the newest."""
        self.code.prepare(publication.name, publication.version, publication.code)
        with self.database.writing() as connection:
            return self._publish(connection, publication, now)

    def set_pipeline_enabled(self, name: str, enabled: bool) -> None:
        """Enable a pipeline, with its newest version; or disable it: Refused while an enabled
        schedule runs it.
        """
        with self.database.writing() as connection:
            known = connection.execute("SELECT 1 FROM pipelines WHERE name = ?", (name,))
            if known.fetchone() is None:
                raise Refused(f'there is no pipeline "{name}"')
            if not enabled:
                users = connection.execute(
                    "SELECT name FROM schedules WHERE pipeline = ? AND enabled ORDER BY name",
                    (name,),
                ).fetchall()
                _refuse_users([row[0] for row in users])
            changed = connection.execute(
                "UPDATE pipelines SET enabled = ? WHERE name = ? AND enabled != ?",
                (int(enabled), name, int(enabled)),
            )
            if changed.rowcount:
                what: What = "enable" if enabled else "disable"
                note_act(connection, datetime.now(UTC), self.actor, what, "pipeline", name)
            if enabled:
                connection.execute(
                    "UPDATE pipeline_versions SET enabled = 1 WHERE name = ? AND version = ?",
                    (name, _newest_version(connection, name)),
                )

    def set_version_enabled(self, name: str, version: str, enabled: bool) -> None:
        """Enable a version, and its pipeline; or disable a version alone: Refused while an enabled
        schedule runs it, be it as the newest.
        """
        with self.database.writing() as connection:
            newest = _newest_version(connection, name)
            if not enabled:
                rows = connection.execute(
                    "SELECT name, document FROM schedules WHERE pipeline = ? AND enabled"
                    " ORDER BY name",
                    (name,),
                ).fetchall()
                _refuse_users(
                    [row[0] for row in rows if (_version_of(_json(row[1])) or newest) == version]
                )
            else:
                connection.execute("UPDATE pipelines SET enabled = 1 WHERE name = ?", (name,))
            connection.execute(
                "UPDATE pipeline_versions SET enabled = ? WHERE name = ? AND version = ?",
                (int(enabled), name, version),
            )

    def _publish(
        self, connection: sqlite3.Connection, publication: Publication, now: datetime
    ) -> bool:
        if publication.code:
            self.code.record(connection, publication.name, publication.version, publication.code)
        connection.execute(
            "INSERT OR IGNORE INTO pipelines (name, created_at) VALUES (?, ?)",
            (publication.name, now.isoformat()),
        )
        row = connection.execute(
            "SELECT version, number FROM pipeline_versions WHERE name = ?"
            " ORDER BY number DESC LIMIT 1",
            (publication.name,),
        ).fetchone()
        if row is not None and row[0] == publication.version:
            return False
        # Content that was published before and comes back becomes the newest again.
        connection.execute(
            "INSERT OR REPLACE INTO pipeline_versions (name, version, digest, document, path,"
            " published_at, published_by, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                publication.name,
                publication.version,
                publication.digest,
                publication.document,
                publication.path,
                now.isoformat(),
                self.actor,
                (row[1] if row is not None else 0) + 1,
            ),
        )
        return True


def _current(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(
        "SELECT owner, fingerprint, created_at, document, since, applied, suspended,"
        " repository FROM schedules WHERE name = ?",
        (name,),
    ).fetchone()


def _put_by_hand(current: Any, new: NewSchedule) -> What:
    """What putting `new` over a row of `_current` is, where no apply does it."""
    if current is None:
        return "create"
    before, after = bool(_json(current[3])["is_enabled"]), bool(new.document["is_enabled"])
    if before == after:
        return "change"
    return "enable" if after else "disable"


def _check_not_suspended(text: str | None, now: datetime) -> None:
    """Whatever plan was made before somebody said stop does not start it again."""
    suspension = suspension_of(text)
    if suspension is not None and suspension.until > now:
        raise Refused(f"it is {suspension_words(suspension)}; `reconciler resume` ends that")


def _check_unchanged(current: Any, expected: str | None, owner: str | None) -> None:
    """What stands there must be what the plan saw. One that was made meanwhile is not what anybody
    planned to change, be it our own: an older commit would undo a newer one, and say "created".
    """
    if current is None:
        if expected is not None:
            raise Refused("it does not exist any more")
    elif expected is None:
        whose = f'managed by "{current[0]}"' if current[0] else "made by hand"
        is_other = "is another than this" if current[0] == owner else f"is {whose}"
        raise Refused(f"it was made after the plan was made, and {is_other}")
    elif current[1] != expected:
        raise Refused("it was changed after the plan was made")


def _since(current: Any, document: Mapping[str, Any]) -> str | None:
    """Since when a stored schedule fires as `document` says; None: from now on."""
    if current is None:
        return None
    before = json.loads(current[3])
    same = _timing(before["trigger"]) == _timing(document["trigger"]) and before["is_enabled"]
    return current[4] if same and document["is_enabled"] else None


def _timing(trigger: Mapping[str, Any]) -> dict[str, Any]:
    """What of a trigger makes it another. A folder that is looked at more often, or whose files
    are passed on by another name, is the same: nothing that lands meanwhile is lost.
    """
    how = ("polling_interval", "data_path_parameter_name") if trigger["type"] == "datastore" else ()
    return {key: value for key, value in trigger.items() if key not in how}


def _refuse_users(users: list[str]) -> None:
    if users:
        more = f" and {len(users) - 5} more" if len(users) > 5 else ""
        named = ", ".join(users[:5])
        raise Refused(f"enabled schedules run it: {named}{more}; disable them first")


def _version_of(document: Mapping[str, Any]) -> str | None:
    """The version that a schedule stays with; None: it follows its pipeline."""
    job = document.get("create_job")
    reference = job.get("job") if isinstance(job, Mapping) else job
    return split_reference(str(reference or ""))[1]


def _newest_version(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute(
        "SELECT version FROM pipeline_versions WHERE name = ? ORDER BY number DESC LIMIT 1",
        (name,),
    ).fetchone()
    return row[0] if row is not None else None


def _check_pipeline_enabled(
    connection: sqlite3.Connection, pipeline: str, version: str | None
) -> None:
    row = connection.execute("SELECT enabled FROM pipelines WHERE name = ?", (pipeline,)).fetchone()
    if row is None:
        raise Refused(f'the pipeline "{pipeline}" is not published')
    if not row[0]:
        raise Refused(f'the pipeline "{pipeline}" is disabled; enable it first')
    version = version or _newest_version(connection, pipeline)
    row = connection.execute(
        "SELECT enabled FROM pipeline_versions WHERE name = ? AND version = ?", (pipeline, version)
    ).fetchone()
    if row is not None and not row[0]:
        raise Refused(
            f'the version {version} of the pipeline "{pipeline}" is disabled; enable it first'
        )


def _pipeline(row: Any) -> PipelineRow:
    return PipelineRow(
        name=row[0],
        enabled=bool(row[1]),
        version=row[2],
        digest=row[3],
        document=_json(row[4]),
        path=row[5],
        published_at=_time(row[6]),
        published_by=row[7],
        versions=row[8],
        schedules=row[9],
    )


SCHEDULE_COLUMNS = (
    "name, owner, document, fingerprint, source_path, source_line, created_at, modified_at,"
    " modified_by, since, applied, suspended, repository"
)
"""What `schedule_row` expects."""


def schedule_row(row: Any) -> ScheduleRow:
    """A row of SCHEDULE_COLUMNS."""
    return ScheduleRow(
        name=row[0],
        owner=row[1],
        document=_json(row[2]),
        fingerprint=row[3],
        source_path=row[4],
        source_line=row[5],
        created_at=_time(row[6]),
        modified_at=_time(row[7]),
        modified_by=row[8],
        since=_time(row[9]),
        applied=row[10],
        suspended=row[11],
        repository=row[12],
    )


def _json(text: str) -> dict[str, Any]:
    loaded = json.loads(text)
    if not isinstance(loaded, dict):
        raise ValueError("a stored document is not a mapping")
    return loaded


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
