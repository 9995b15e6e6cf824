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
    (
        """
        CREATE TABLE watches (             -- schedules of a target whose folders an agent lists
            target    TEXT NOT NULL,
            schedule  TEXT NOT NULL,
            folder    TEXT NOT NULL,
            since     INTEGER NOT NULL,    -- what was there before is not run
            asked     INTEGER NOT NULL,    -- `since` as the live schedule says it
            disabled  INTEGER NOT NULL,    -- 1: it was when it was last seen
            seen      INTEGER NOT NULL,    -- 1: its folder was listed since `since`
            looked_at INTEGER,             -- the last time that the folder was listed
            failures  INTEGER NOT NULL,    -- since then
            problem   TEXT,
            PRIMARY KEY (target, schedule)
        ) STRICT
        """,
        """
        CREATE TABLE watched_files (
            target   TEXT NOT NULL,
            schedule TEXT NOT NULL,
            path     TEXT NOT NULL,
            stamp    TEXT NOT NULL,
            digest   TEXT NOT NULL,
            PRIMARY KEY (target, schedule, path)
        ) STRICT
        """,
        """
        CREATE TABLE submissions (         -- jobs that changed files ask for
            id           INTEGER PRIMARY KEY AUTOINCREMENT,
            target       TEXT NOT NULL,
            job          TEXT NOT NULL,    -- its name there
            schedule     TEXT NOT NULL,
            address      TEXT NOT NULL,    -- of the file
            due_at       INTEGER NOT NULL, -- when it was found
            tries        INTEGER NOT NULL,
            next_at      INTEGER NOT NULL, -- not to be tried before
            submitted_at INTEGER,          -- NULL: not yet
            problem      TEXT,
            UNIQUE (target, job)
        ) STRICT
        """,
        "CREATE INDEX submissions_pending ON submissions (target, submitted_at, id)",
    ),
    (
        """
        CREATE TABLE standings (           -- of each target, after its last cycle
            target       TEXT PRIMARY KEY,
            cycle_at     INTEGER NOT NULL, -- its end
            next_at      INTEGER,          -- of the next one, as it was expected then
            outcome      TEXT NOT NULL,
            reason       TEXT NOT NULL,
            revision     TEXT,
            author       TEXT,
            subject      TEXT,             -- the first line of the commit's message
            committed_at INTEGER,
            wanted       TEXT,             -- the newest revision, where it is not in force
            wanted_at    INTEGER,
            counts       TEXT NOT NULL     -- JSON: schedules by how they stand
        ) STRICT
        """,
        """
        CREATE TABLE inventory (           -- every schedule of a target's plan
            target  TEXT NOT NULL,
            name    TEXT NOT NULL,
            sync    TEXT NOT NULL,
            mark    TEXT NOT NULL,         -- of what the entry is made of
            search  TEXT NOT NULL,         -- in lower case
            entry   TEXT NOT NULL,         -- JSON
            PRIMARY KEY (target, name)
        ) STRICT
        """,
        "CREATE INDEX inventory_by_sync ON inventory (sync, target, name)",
        "CREATE INDEX inventory_by_name ON inventory (name, target)",
        """
        CREATE TABLE audits (              -- the last one of each target
            target  TEXT PRIMARY KEY,
            at      INTEGER NOT NULL,
            counts  TEXT NOT NULL,         -- JSON: fires by verdict
            missing TEXT NOT NULL          -- JSON: the first of them, in words
        ) STRICT
        """,
        """
        CREATE TABLE requests (            -- cycles that somebody asked for
            target TEXT PRIMARY KEY,
            at     INTEGER NOT NULL,
            actor  TEXT NOT NULL
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
