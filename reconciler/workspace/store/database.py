"""The connection to a SQLite file of ours: opened, migrated, its errors translated.

Several processes may use one file at once: WAL lets readers go on while one writes, every write
is one IMMEDIATE transaction that first looks at what is there, and waits its turn. A process that
is killed leaves the file as it was before or after a transaction, never between.
"""

from __future__ import annotations

import atexit
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from reconciler.system.file_access import ReadableBy, tighten_database
from reconciler.workspace.store.schema import WORKSPACE, Schema

BUSY_SECONDS = 30.0
"""How long a write waits for another process before it gives up."""


class StoreError(Exception):
    """The file cannot be used: locked too long, not a workspace, damaged, of a later version."""

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.temporary = temporary


_OPEN: WeakSet[Database] = WeakSet()


@atexit.register
def _close_all() -> None:
    """What a command wrote goes from the log into the file, which is whole by itself then: whoever
    copies it copies all of it. SQLite does so when the last one closes.
    """
    for database in list(_OPEN):
        with suppress(sqlite3.Error):
            database.close()


class Refused(Exception):
    """The store understood and said no; the message says why."""


class Database:
    """A workspace file. It is made when something is first written to it.

    One instance is used by one thread at a time; other threads and processes open their own.
    """

    def __init__(
        self,
        path: Path,
        *,
        durable: bool = False,
        busy_seconds: float | None = None,
        schema: Schema = WORKSPACE,
        readable_by: ReadableBy = "owner",
    ) -> None:
        """`durable`: a commit is on the disk when it returns, and survives a loss of power.
        `busy_seconds`: how long a write waits for another process; None: BUSY_SECONDS.
        `readable_by`: who else may read the file, and those that SQLite keeps beside it.
        """
        self.path = path
        self._schema = schema
        self._durable = durable
        self.readable_by: ReadableBy = readable_by
        self._busy_seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._times_opened = 0

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            _OPEN.discard(self)

    def __del__(self) -> None:
        # A connection that nobody closed lets go of the file without bringing it up to date.
        with suppress(sqlite3.Error, AttributeError):
            self.close()

    def read(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """Rows of one SELECT, which is one consistent view; none where there is no file yet."""
        with translated(self.path):
            self._let_go_of_another()
            if self._connection is None and not self._is_there():
                return []
            return self._connect().execute(sql, parameters).fetchall()

    def _is_there(self) -> bool:
        """Whether there is a file; OSError where that cannot be known, which is not "no"."""
        return self._on_disk() is not None

    def _on_disk(self) -> tuple[int, int] | None:
        """What tells the file at the path from every other; None: there is none. OSError."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _let_go_of_another(self) -> None:
        """A file that was removed or replaced would go on to be read and written by us alone."""
        connection = self._connection
        if connection is None or connection.in_transaction:
            return
        if self._on_disk() != self._file:
            self.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its first statement: what it reads
        cannot change before it writes.
        """
        with translated(self.path):
            self._let_go_of_another()
            connection = self._connect(create=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.commit()  # on a full disk this fails, and may leave it open
            except BaseException:
                connection.rollback()
                raise

    def _connect(self, *, create: bool = False) -> sqlite3.Connection:
        if self._connection is None:
            tighten_database(self.path, self.readable_by, create=create)
            connection = sqlite3.connect(
                self.path,
                timeout=self._busy_seconds,
                isolation_level=None,
                check_same_thread=False,  # what one thread opened another may use later, or close
            )
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                # NORMAL: a commit survives the end of the process; after a loss of power the last
                # ones may be gone, the file is whole, and the next apply makes them again.
                level = "FULL" if self._durable else "NORMAL"
                connection.execute(f"PRAGMA synchronous = {level}")
                _migrate(connection, self.path, self._schema)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            _OPEN.add(self)
            self._file = self._on_disk()
            self._times_opened += 1
        return self._connection

    def version_of_data(self) -> int:
        """A number that changes when another connection has written, or the file is another one;
        -1 without a file.
        """
        rows = self.read("PRAGMA data_version")
        return (self._times_opened << 32) + int(rows[0][0]) if rows else -1

    def check_integrity(self) -> str:
        """What SQLite's own check says: "ok", or what is damaged."""
        rows = self.read("PRAGMA integrity_check")
        return "; ".join(row[0] for row in rows) or "ok"


def _migrate(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Bring the file to the newest version. Two processes may try at once: the write lock lets
    one do it, and the other then finds it done.
    """
    newest = len(schema.migrations)
    version = _version(connection, path, schema)
    if version == newest:
        return
    if version == 0:
        _use_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in schema.migrations[_version(connection, path, schema) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.application_id}")
        connection.execute(f"PRAGMA user_version = {newest}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _version(connection: sqlite3.Connection, path: Path, schema: Schema) -> int:
    # Tables first: another process that makes the file between two of these shows its mark with
    # its tables, never tables without the mark.
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != schema.application_id and (tables or application):
        raise StoreError(f"{path} is a SQLite file, but not {schema.what}")
    if version > len(schema.migrations):
        raise StoreError(
            f"{path} was made by a later version of reconciler"
            f" (format {version}; this one knows {len(schema.migrations)})"
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
def translated(path: Path) -> Iterator[None]:
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
    except UnicodeEncodeError as error:
        raise StoreError("it holds text that is not valid Unicode") from error
    except ValueError as error:
        raise StoreError(f"{path} cannot be used: {error}") from error
