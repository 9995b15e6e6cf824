"""The tables of the state database, and the migrations that lead to them, for both databases.

Each entry of MIGRATIONS takes a database from its index as version to the next. An entry that was
released is never changed; a new one is added. They are written for SQLite; `for_postgres` words
them for PostgreSQL. Instants are microseconds since 1970 in UTC.
"""

from __future__ import annotations

from reconciler.workspace.store.schema import Schema

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE leases (
            name        TEXT PRIMARY KEY,
            token       INTEGER NOT NULL,  -- grows with every acquisition
            holder      TEXT,              -- NULL: nobody
            acquired_at INTEGER NOT NULL,
            renewed_at  INTEGER NOT NULL,
            ends_at     INTEGER NOT NULL   -- unless it is renewed
        ) STRICT
        """,
        """
        CREATE TABLE targets (
            name      TEXT PRIMARY KEY,
            attempted TEXT,                -- revisions
            applied   TEXT,
            good      TEXT
        ) STRICT
        """,
        """
        CREATE TABLE conditions (
            target  TEXT NOT NULL,
            type    TEXT NOT NULL,         -- Ready, Reconciling, Stalled
            status  TEXT NOT NULL,         -- True, False, Unknown
            reason  TEXT NOT NULL,
            message TEXT NOT NULL,
            since   INTEGER NOT NULL,
            PRIMARY KEY (target, type)
        ) STRICT
        """,
        """
        CREATE TABLE cycles (
            id         INTEGER PRIMARY KEY AUTOINCREMENT,
            target     TEXT NOT NULL,
            cause      TEXT NOT NULL,
            outcome    TEXT NOT NULL,
            reason     TEXT NOT NULL,
            message    TEXT NOT NULL,
            revision   TEXT,
            author     TEXT,
            actor      TEXT,
            started_at INTEGER NOT NULL,   -- of the first
            ended_at   INTEGER NOT NULL,   -- of the last
            times      INTEGER NOT NULL,   -- how often it was repeated, with nothing new
            digest     TEXT NOT NULL,      -- of what a repetition has in common
            durations  TEXT NOT NULL,      -- JSON: seconds by step
            plan       BLOB                -- compressed JSON; NULL: nothing was pending
        ) STRICT
        """,
        "CREATE INDEX cycles_by_target ON cycles (target, id)",
        "CREATE INDEX cycles_by_end ON cycles (ended_at)",
        """
        CREATE TABLE results (
            cycle   INTEGER NOT NULL REFERENCES cycles ON DELETE CASCADE,
            number  INTEGER NOT NULL,
            name    TEXT NOT NULL,         -- of the schedule
            action  TEXT NOT NULL,
            outcome TEXT NOT NULL,
            error   TEXT,
            PRIMARY KEY (cycle, number)
        ) STRICT
        """,
        "CREATE INDEX results_by_name ON results (name, cycle)",
    ),
    (
        """
        CREATE TABLE suspensions (
            target  TEXT PRIMARY KEY,
            ends_at INTEGER NOT NULL,
            actor   TEXT NOT NULL,
            since   INTEGER NOT NULL,
            reason  TEXT
        ) STRICT
        """,
    ),
)

SQLITE = Schema(0x5343_5354, MIGRATIONS, "a state database of reconciler")  # "SCST"

_POSTGRES = (
    ("INTEGER PRIMARY KEY AUTOINCREMENT", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    ("INTEGER", "bigint"),
    ("BLOB", "bytea"),
    (") STRICT", ")"),
)


def for_postgres(statement: str) -> str:
    """A statement of MIGRATIONS in PostgreSQL's words."""
    for ours, theirs in _POSTGRES:
        statement = statement.replace(ours, theirs)
    return statement
