"""The tables of the embedded workspace, and the migrations that lead to them.

Each entry of MIGRATIONS takes a file from its index as version to the next. An entry that was
released is never changed; a new one is added. A file of a later version is refused.
"""

from __future__ import annotations

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
)
