"""The tables of the embedded workspace, and the migrations that lead to them.

Each entry of MIGRATIONS takes a file from its index as version to the next. An entry that was
released is never changed; a new one is added. A file of a later version is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.workspace.store.tables.history import STATEMENTS as HISTORY

APPLICATION_ID = 0x5343_4844  # "SCHD": tells a workspace from any other SQLite file

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE pipelines (
            name       TEXT PRIMARY KEY,
            enabled    INTEGER NOT NULL DEFAULT 1,
            created_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE pipeline_versions (
            name         TEXT NOT NULL REFERENCES pipelines,
            version      TEXT NOT NULL,  -- the first 12 digits of the digest
            digest       TEXT NOT NULL,  -- SHA-256 of document
            document     TEXT NOT NULL,  -- canonical JSON of the job file
            path         TEXT NOT NULL,  -- where it was published from
            published_at TEXT NOT NULL,
            published_by TEXT,
            number       INTEGER NOT NULL,  -- 1, 2, 3 ... in the order of publishing
            PRIMARY KEY (name, version)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE schedules (
            name        TEXT PRIMARY KEY,
            owner       TEXT,            -- NULL: made by hand
            enabled     INTEGER NOT NULL,
            document    TEXT NOT NULL,   -- canonical JSON, in the words of a declaration
            fingerprint TEXT NOT NULL,   -- SHA-256 of owner and document
            pipeline    TEXT NOT NULL,   -- the name of the pipeline that it runs
            source_path TEXT,
            source_line INTEGER,
            created_at  TEXT NOT NULL,
            modified_at TEXT NOT NULL,
            modified_by TEXT
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX schedules_by_pipeline ON schedules (pipeline, enabled)",
    ),
    (
        # Since when a schedule fires as it does: made, enabled again, or its trigger changed.
        "ALTER TABLE schedules ADD COLUMN since TEXT NOT NULL DEFAULT ''",
        "UPDATE schedules SET since = modified_at",
        """
        CREATE TABLE runs (
            name         TEXT PRIMARY KEY,
            schedule     TEXT,            -- NULL: a pipeline that was run by hand
            experiment   TEXT NOT NULL,
            pipeline     TEXT NOT NULL,
            version      TEXT NOT NULL,
            cause        TEXT NOT NULL,   -- time, data, manual
            due_at       TEXT NOT NULL,
            data_path    TEXT,
            inputs       TEXT NOT NULL,   -- JSON: what the schedule gave
            go_on        INTEGER,         -- continue_on_step_failure of the schedule
            status       TEXT NOT NULL,   -- NotStarted, Running, Completed, Failed, Canceled
            cancel       TEXT,            -- why it is to be canceled
            created_at   TEXT NOT NULL,
            started_at   TEXT,
            ended_at     TEXT,
            message      TEXT
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX runs_by_creation ON runs (created_at, name)",
        "CREATE INDEX runs_by_status ON runs (status, created_at)",
        "CREATE INDEX runs_by_schedule ON runs (schedule, created_at)",
        "CREATE INDEX runs_by_experiment ON runs (experiment, created_at)",
        """
        CREATE TABLE steps (
            run        TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
            name       TEXT NOT NULL,
            status     TEXT NOT NULL,
            started_at TEXT,
            ended_at   TEXT,
            exit_code  INTEGER,
            message    TEXT,
            PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE fires (
            schedule    TEXT NOT NULL,
            key         TEXT NOT NULL,    -- the instant, or the path and its stamp; missed ...
            due_at      TEXT NOT NULL,
            recorded_at TEXT NOT NULL,
            outcome     TEXT NOT NULL,    -- run, missed
            run         TEXT,
            number      INTEGER NOT NULL DEFAULT 1,  -- how many were missed, at least
            PRIMARY KEY (schedule, key)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE watches (
            schedule  TEXT PRIMARY KEY,
            since     TEXT NOT NULL,      -- of the schedule, when the cursor was begun
            looked_at TEXT NOT NULL,      -- and recorded: a look that finds nothing new is not
            failures  INTEGER NOT NULL DEFAULT 0,  -- in a row
            error     TEXT,
            failing_since TEXT
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE watched_files (
            schedule TEXT NOT NULL,
            path     TEXT NOT NULL,
            stamp    TEXT NOT NULL,
            digest   TEXT NOT NULL,
            PRIMARY KEY (schedule, path)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE engine (
            one           INTEGER PRIMARY KEY CHECK (one = 1),
            handled_until TEXT NOT NULL   -- every fire up to here is settled
        ) STRICT
        """,
    ),
    (
        """
        CREATE TABLE identity (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            id  TEXT NOT NULL             -- tells this workspace from every other
        ) STRICT
        """,
        "INSERT INTO identity VALUES (1, lower(hex(randomblob(16))))",
    ),
    ("CREATE INDEX runs_by_pipeline ON runs (pipeline, created_at)",),
    # The digest of what an apply last made of it; NULL: of nothing that is known.
    ("ALTER TABLE schedules ADD COLUMN applied TEXT",),
    (
        """
        CREATE TABLE deleted_schedules (
            name       TEXT NOT NULL,
            owner      TEXT,
            document   TEXT NOT NULL,
            created_at TEXT NOT NULL,
            deleted_at TEXT NOT NULL,
            deleted_by TEXT
        ) STRICT
        """,
        "CREATE INDEX deleted_schedules_by_name ON deleted_schedules (name, deleted_at)",
    ),
    (
        """
        CREATE TABLE snapshots (
            digest TEXT PRIMARY KEY,
            files  TEXT NOT NULL          -- JSON: [[path, size, digest], ...]
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE version_code (
            name     TEXT NOT NULL,
            version  TEXT NOT NULL,
            code     TEXT NOT NULL,       -- as it stands in the document of the version
            path     TEXT NOT NULL,       -- relative to the repository that it came from
            snapshot TEXT REFERENCES snapshots,  -- NULL: it was dropped
            PRIMARY KEY (name, version, code)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX version_code_by_snapshot ON version_code (snapshot)",
    ),
    # A version has a status of its own, beside that of its pipeline.
    ("ALTER TABLE pipeline_versions ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1",),
    # JSON: who stopped it, until when, why, and the repository that it is declared in.
    (
        "ALTER TABLE schedules ADD COLUMN suspended TEXT",
        "ALTER TABLE schedules ADD COLUMN repository TEXT",
    ),
    (
        """
        CREATE TABLE sent_assets (
            kind       TEXT NOT NULL,     -- codes, components, environments, jobs
            name       TEXT NOT NULL,
            version    TEXT NOT NULL,
            properties TEXT NOT NULL,     -- JSON, as it was sent
            digest     TEXT,              -- of code: what its client found it to be
            upload     TEXT,              -- of code: the folder of its files
            created_at TEXT NOT NULL,
            PRIMARY KEY (kind, name, version)
        ) STRICT
        """,
        "CREATE INDEX sent_assets_by_digest ON sent_assets (digest) WHERE digest IS NOT NULL",
    ),
    # Left out of lists by clients of Azure's API, until somebody brings it back.
    ("ALTER TABLE runs ADD COLUMN archived INTEGER NOT NULL DEFAULT 0",),
    HISTORY,
    (
        # Of a run that was brought along from another workspace: the target, and its folder there.
        "ALTER TABLE runs ADD COLUMN ran_in TEXT",
        "ALTER TABLE runs ADD COLUMN files_in TEXT",
        """
        CREATE TABLE brought_runs (
            workspace TEXT NOT NULL,      -- the identity of the one that it ran in
            name      TEXT NOT NULL,      -- that it had there
            run       TEXT NOT NULL,      -- its name here; it may be forgotten
            PRIMARY KEY (workspace, name)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX brought_runs_by_run ON brought_runs (run)",
    ),
)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a SQLite file of ours holds, and how it got there."""

    application_id: int
    """Tells its kind of file from every other."""
    migrations: tuple[tuple[str, ...], ...]
    what: str
    """Such as "a workspace", for messages."""


WORKSPACE = Schema(APPLICATION_ID, MIGRATIONS, "a workspace")
