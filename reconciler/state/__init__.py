"""What the loop remembers: leases, history, conditions, the last good revision.

`open_state` gives a State: over a SQLite file (`sqlite.py`), or over PostgreSQL (`postgres.py`)
where several machines share it. `database.py` is what both have in common, `schema.py` the tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from reconciler.errors import ConfigError, LeaseLost, StateError
from reconciler.state.conditions import ConditionStore
from reconciler.state.data_cursors import DataCursors
from reconciler.state.database import Database
from reconciler.state.history import KEEP, HistoryStore
from reconciler.state.lease import Lease
from reconciler.state.sqlite import SQLiteDatabase
from reconciler.state.standings import StandingStore
from reconciler.state.suspensions import SuspensionStore
from reconciler.system.file_access import ReadableBy

__all__ = ["FILE", "KEEP", "DataCursors", "Lease", "LeaseLost", "State", "StateError", "open_state"]

FILE = "state.db"
_POSTGRES = ("postgresql://", "postgres://")


class State:
    """A state database. Any thread may use it; every method raises StateError."""

    def __init__(self, database: Database, *, keep: timedelta = KEEP) -> None:
        self._database = database
        self.history = HistoryStore(database, keep)
        self.conditions = ConditionStore(database)
        self.suspensions = SuspensionStore(database)
        self.data_cursors = DataCursors(database)
        self.standings = StandingStore(database)

    def lease(
        self,
        name: str,
        holder: str,
        ttl: timedelta,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> Lease:
        """The lease of that name, not taken yet."""
        return Lease(self._database, name, holder, ttl, steady=steady)

    def good_revision(self, target: str) -> str | None:
        """The last revision of its declarations that was whole; None: none yet."""
        return self.conditions.good_revision(target)

    def set_good_revision(self, target: str, revision: str, lease: Lease | None = None) -> None:
        """Remember it. LeaseLost."""
        self.conditions.set_good_revision(target, revision, lease)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()


def open_state(
    address: str | None,
    folder: Path,
    *,
    readonly: bool = False,
    keep: timedelta = KEEP,
    readable_by: ReadableBy = "owner",
) -> State:
    """The state at `address`: postgresql://..., or a file, relative to `folder`; None: the
    file FILE there. It is made when something is first written to it. ConfigError where the
    address is none. `readable_by`: who may read the file.
    """
    if address is None or not address.startswith(_POSTGRES):
        if address is not None and "://" in address:
            raise ConfigError("the state: write a file, or postgresql://USER@HOST/DATABASE")
        file = folder / (address or FILE)
        return State(SQLiteDatabase(file, readonly=readonly, readable_by=readable_by), keep=keep)
    try:
        from reconciler.state.postgres import PostgresDatabase
    except ImportError as error:
        raise ConfigError(
            "the state is in PostgreSQL, and psycopg is not installed",
            hint="pip install 'schedule-reconciler[postgres]'",
        ) from error
    return State(PostgresDatabase(address, readonly=readonly), keep=keep)
