"""The embedded workspace's SQLite file: pipelines and schedules. All of its SQL is here.

Several processes may use one file at once: WAL lets readers go on while one writes, every write
is one IMMEDIATE transaction that first looks at what is there, and waits its turn. A process that
is killed leaves the file as it was before or after a transaction, never between.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.workspace.schema import APPLICATION_ID, MIGRATIONS

BUSY_SECONDS = 30.0
"""How long a write waits for another process before it gives up."""


class StoreError(Exception):
    """The file cannot be used: locked too long, not a workspace, damaged, of a later version."""

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


class Refused(Exception):
    """The store understood and said no; the message says why."""


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


@dataclass(frozen=True, slots=True)
class Publication:
    """A pipeline version to publish along with a schedule."""

    name: str
    digest: str
    document: str
    path: str

    @property
    def version(self) -> str:
        """What it is referred to by."""
        return short_version(self.digest)


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A schedule to store."""

    name: str
    owner: str | None
    document: Mapping[str, Any]
    pipeline: str
    source_path: str | None = None
    source_line: int | None = None

    @property
    def text(self) -> str:
        """The document as it is stored."""
        return json.dumps(self.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

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
    """A workspace file. It is made when something is first written to it."""

    def __init__(self, path: Path, *, actor: str | None = None) -> None:
        self.path = path
        self.actor = actor
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # ----------------------------------------------------------------------------------- reading

    def schedules(self) -> list[ScheduleRow]:
        """Every schedule, by name."""
        rows = self._read(
            "SELECT name, owner, document, fingerprint, source_path, source_line,"
            " created_at, modified_at, modified_by FROM schedules ORDER BY name"
        )
        return [_schedule(row) for row in rows]

    def pipelines(self) -> list[PipelineRow]:
        """Every pipeline with its newest version, by name."""
        rows = self._read(
            "SELECT p.name, p.enabled, v.version, v.digest, v.document, v.path, v.published_at,"
            " v.published_by, v.number,"
            " (SELECT count(*) FROM schedules s WHERE s.pipeline = p.name AND s.enabled)"
            " FROM pipelines p JOIN pipeline_versions v ON v.name = p.name AND v.number ="
            " (SELECT max(number) FROM pipeline_versions WHERE name = p.name) ORDER BY p.name"
        )
        return [
            PipelineRow(
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
            for row in rows
        ]

    def versions(self, name: str) -> list[VersionRow]:
        """The versions of a pipeline, newest first; none if there is no such pipeline."""
        rows = self._read(
            "SELECT version, digest, document, path, published_at, published_by, number"
            " FROM pipeline_versions WHERE name = ? ORDER BY number DESC",
            (name,),
        )
        return [
            VersionRow(row[0], row[1], _json(row[2]), row[3], _time(row[4]), row[5], row[6])
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
    ) -> None:
        """Create a schedule (`expected` None) or replace the one with that fingerprint.

        Done again it changes nothing. Refused where something else stands there meanwhile, or an
        enabled schedule would run a disabled pipeline.
        """
        with self._writing() as connection:
            if publication is not None:
                self._publish(connection, publication, now)
            current = connection.execute(
                "SELECT owner, fingerprint, created_at FROM schedules WHERE name = ?", (new.name,)
            ).fetchone()
            if current is not None and current[1] == new.fingerprint:
                return
            _check_unchanged(current, expected, new.owner)
            if new.document["is_enabled"]:
                _check_pipeline_enabled(connection, new.pipeline)
            connection.execute(
                "INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    new.name,
                    new.owner,
                    int(new.document["is_enabled"]),
                    new.text,
                    new.fingerprint,
                    new.pipeline,
                    new.source_path,
                    new.source_line,
                    current[2] if current is not None else now.isoformat(),
                    now.isoformat(),
                    self.actor,
                ),
            )

    def disable_schedule(self, name: str, *, expected: str, now: datetime) -> None:
        """Stop it firing. Done again it changes nothing."""
        with self._writing() as connection:
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
            document = {**_json(current[2]), "is_enabled": False}
            disabled = NewSchedule(name, current[0], document, "")
            connection.execute(
                "UPDATE schedules SET enabled = 0, document = ?, fingerprint = ?,"
                " modified_at = ?, modified_by = ? WHERE name = ?",
                (disabled.text, disabled.fingerprint, now.isoformat(), self.actor, name),
            )

    def publish(self, publication: Publication, now: datetime) -> bool:
        """Publish a pipeline version; False if it was there already, and is the newest."""
        with self._writing() as connection:
            return self._publish(connection, publication, now)

    def set_pipeline_enabled(self, name: str, enabled: bool) -> None:
        """Enable or disable a pipeline; Refused while an enabled schedule runs it."""
        with self._writing() as connection:
            known = connection.execute("SELECT 1 FROM pipelines WHERE name = ?", (name,))
            if known.fetchone() is None:
                raise Refused(f'there is no pipeline "{name}"')
            if not enabled:
                users = connection.execute(
                    "SELECT name FROM schedules WHERE pipeline = ? AND enabled ORDER BY name",
                    (name,),
                ).fetchall()
                if users:
                    named = ", ".join(row[0] for row in users[:5])
                    more = f" and {len(users) - 5} more" if len(users) > 5 else ""
                    raise Refused(f"enabled schedules run it: {named}{more}; disable them first")
            connection.execute(
                "UPDATE pipelines SET enabled = ? WHERE name = ?", (int(enabled), name)
            )

    def _publish(
        self, connection: sqlite3.Connection, publication: Publication, now: datetime
    ) -> bool:
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
            "INSERT OR REPLACE INTO pipeline_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
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

    # -------------------------------------------------------------------------------- connection

    def _read(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """Rows of one SELECT, which is one consistent view; none where there is no file yet."""
        with _translated(self.path):
            if self._connection is None and not self.path.exists():
                return []
            return self._connect().execute(sql, parameters).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its first statement: what it reads
        cannot change before it writes.
        """
        with _translated(self.path):
            connection = self._connect(create=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self, *, create: bool = False) -> sqlite3.Connection:
        if self._connection is None:
            if create:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                # A commit survives the end of the process; after a loss of power the last ones
                # may be gone, the file is whole, and the next apply makes them again.
                connection.execute("PRAGMA synchronous = NORMAL")
                _migrate(connection, self.path)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def check_integrity(self) -> str:
        """What SQLite's own check says: "ok", or what is damaged."""
        rows = self._read("PRAGMA integrity_check")
        return "; ".join(row[0] for row in rows) or "ok"


def _check_unchanged(current: Any, expected: str | None, owner: str | None) -> None:
    """What stands there must be what the plan saw; but our own, made meanwhile by an apply of the
    same repository, may be replaced by a create.
    """
    if current is None:
        if expected is not None:
            raise Refused("it does not exist any more")
    elif expected is None:
        if current[0] != owner:
            whose = f'managed by "{current[0]}"' if current[0] else "made by hand"
            raise Refused(f"it was made after the plan was made, and is {whose}")
    elif current[1] != expected:
        raise Refused("it was changed after the plan was made")


def _check_pipeline_enabled(connection: sqlite3.Connection, pipeline: str) -> None:
    row = connection.execute("SELECT enabled FROM pipelines WHERE name = ?", (pipeline,)).fetchone()
    if row is None:
        raise Refused(f'the pipeline "{pipeline}" is not published')
    if not row[0]:
        raise Refused(f'the pipeline "{pipeline}" is disabled; enable it first')


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the newest version. Two processes may try at once: the write lock lets
    one do it, and the other then finds it done.
    """
    version = _version(connection, path)
    if version == len(MIGRATIONS):
        return
    if version == 0:
        _use_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[_version(connection, path) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and tables:
        raise StoreError(f"{path} is a SQLite file, but not a workspace")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path} was made by a later version of reconciler"
            f" (format {version}; this one knows {len(MIGRATIONS)})"
        )
    return version


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. The switch needs the file alone, and is not covered by the busy timeout."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with closing(connection.execute("PRAGMA journal_mode = WAL")):
                return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """SQLite's errors, and the file system's, as StoreError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        locked = "locked" in str(error) or "busy" in str(error)
        what = "is in use by another process" if locked else f"cannot be used: {error}"
        raise StoreError(f"{path} {what}", temporary=locked) from error
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be used: {error}") from error
    except OSError as error:
        raise StoreError(f"{path} cannot be used: {error.strerror}") from error


def _schedule(row: Any) -> ScheduleRow:
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
    )


def _json(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
