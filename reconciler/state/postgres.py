"""The state in PostgreSQL: several machines, one of which works on a target at a time.

Tables are in the schema `reconciler`. A connection that breaks is opened again by the next call;
what was under way then fails, and is never repeated here: nobody knows whether it was committed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reconciler.errors import StateError
from reconciler.masking import mask_text
from reconciler.state.database import Transaction
from reconciler.state.schema import MIGRATIONS, for_postgres

_CONNECT_SECONDS = 10
_OPTIONS = (
    "SET search_path TO reconciler",
    "SET timezone TO 'UTC'",
    "SET lock_timeout TO '10s'",
    "SET statement_timeout TO '60s'",
    # A connection whose client is gone, or stopped, does not keep a row locked for ever.
    "SET idle_in_transaction_session_timeout TO '30s'",
)
_LOCK = 0x5343_5354
"""Of who migrates."""
_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class PostgresDatabase:
    """One connection, which threads take turns with."""

    locking = " FOR UPDATE"

    def __init__(self, address: str, *, readonly: bool = False) -> None:
        """`address`: postgresql://user@host/database."""
        try:
            conninfo_to_dict(address)
        except psycopg.Error as error:
            raise StateError(f"the state: {mask_text(address)} is no address") from error
        self._address = address
        self._readonly = readonly
        self._lock = threading.RLock()
        self._connection: psycopg.Connection[Any] | None = None

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows of one SELECT; none where there are no tables yet."""
        with self._opened() as connection:
            if connection is None:
                return []
            return connection.execute(_worded(sql), parameters).fetchall()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """One transaction; rows that it reads with FOR UPDATE are its own until it ends."""
        if self._readonly:
            raise StateError("the state was opened to be read")
        with self._opened() as connection:
            assert connection is not None
            with connection.transaction():
                yield _Transaction(connection)

    def clock(self, now: datetime) -> str:
        """The server's: those of its clients differ."""
        return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

    def compact(self) -> None:
        """Nothing: autovacuum does it."""

    def close(self) -> None:
        """Let go of the connection; it is opened again when needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _opened(self) -> Iterator[psycopg.Connection[Any] | None]:
        """The connection; None: the state is only read, and there is none."""
        with self._lock:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                yield self._connection
            except psycopg.Error as error:
                if self._connection is not None and self._connection.broken:
                    self.close()
                raise StateError(f"the state: {_words(error)}") from error

    def _connect(self) -> psycopg.Connection[Any] | None:
        # Without prepared statements a pooler such as PgBouncer may stand between.
        connection = psycopg.connect(
            self._address,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            prepare_threshold=None,
            application_name="reconciler",
            **_KEEPALIVE,  # type: ignore[arg-type]
        )
        try:
            for option in _OPTIONS:
                connection.execute(option)
            version = _version(connection)
            if self._readonly and version == 0:
                connection.close()
                return None
            if version < len(MIGRATIONS) and not self._readonly:
                _migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection


class _Transaction:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        cursor = self._connection.execute(_worded(sql), parameters)
        return cursor.fetchall() if cursor.description else []

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_worded(sql), rows)


def _worded(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()


def _version(connection: psycopg.Connection[Any]) -> int:
    """0: there are no tables."""
    there = connection.execute("SELECT to_regclass('reconciler.version')").fetchone()
    if there is None or there[0] is None:
        return 0
    row = connection.execute("SELECT number FROM version").fetchone()
    version = int(row[0]) if row else 0
    if version > len(MIGRATIONS):
        raise StateError(
            "the state was made by a later version of reconciler"
            f" (format {version}; this one knows {len(MIGRATIONS)})"
        )
    return version


def _migrate(connection: psycopg.Connection[Any]) -> None:
    """Bring the tables to the newest version; several may try at once, and one does it."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        version = _version(connection)
        if version == 0:
            there = connection.execute(
                "SELECT 1 FROM pg_namespace WHERE nspname = 'reconciler'"
            ).fetchone()
            if there is None:  # it may have been made for a role that may make none
                connection.execute("CREATE SCHEMA reconciler")
            connection.execute("CREATE TABLE version (number integer NOT NULL)")
            connection.execute("INSERT INTO version VALUES (0)")
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(for_postgres(statement).encode())
        connection.execute("UPDATE version SET number = %s", (len(MIGRATIONS),))


def _words(error: psycopg.Error) -> str:
    """One line, without what the address holds."""
    text = str(error).strip().splitlines()
    return mask_text(text[0]) if text else type(error).__name__
