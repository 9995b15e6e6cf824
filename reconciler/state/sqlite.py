"""The state in a SQLite file: the processes of one machine."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.errors import StateError
from reconciler.state.database import Transaction, to_micros
from reconciler.state.schema import SQLITE
from reconciler.system.file_access import ReadableBy
from reconciler.workspace.store.database import Database as File
from reconciler.workspace.store.database import StoreError

_BUSY_SECONDS = 10.0


class SQLiteDatabase:
    """One connection, which threads take turns with: what is done with it takes milliseconds."""

    locking = ""  # a transaction that writes has the file to itself from its first statement

    def __init__(
        self, path: Path, *, readonly: bool = False, readable_by: ReadableBy = "owner"
    ) -> None:
        self._file = File(
            path,
            durable=True,
            busy_seconds=_BUSY_SECONDS,
            schema=SQLITE,
            readable_by=readable_by,
        )
        self._readonly = readonly
        self._lock = threading.RLock()

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows of one SELECT; none where there is no file yet."""
        with self._lock, _translated():
            return self._file.read(sql, tuple(parameters))

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One transaction; the file is made for it if need be."""
        if self._readonly:
            raise StateError(f"{self._file.path} was opened to be read")
        with self._lock, _translated(), self._file.writing() as connection:
            yield _Transaction(connection)

    def clock(self, now: datetime) -> str:
        """All who use the file are on one machine, and have its clock."""
        return str(to_micros(now))

    def compact(self) -> None:
        """Rewrite the file without what was deleted."""
        with self._lock, _translated():
            self._file.read("VACUUM")

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        with self._lock:
            self._file.close()


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        return self._connection.execute(sql, parameters).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, rows)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise StateError(f"the state: {error}") from error
