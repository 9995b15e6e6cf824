"""A published version as it is stored, for a run: fetched at once, parsed when there is time.

The engine fetches it in its own thread, between fires, and the run parses it in its own: a large
job, or one with much code, takes a while.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from reconciler.workspace.store.code import VersionCode, parse_code
from reconciler.workspace.store.database import Database


class StoredVersion(NamedTuple):
    """One version, as text."""

    path: str
    """Where its job file lay, relative to the repository that it came from."""
    document: str
    code: tuple[tuple[str, str, str | None], ...]

    def parse(self) -> tuple[Mapping[str, Any], dict[str, VersionCode]]:
        """Its document, and its code by how that stands in the document; ValueError if what is
        stored is damaged.
        """
        return json.loads(self.document), parse_code(self.code)


def fetch_version(database: Database, name: str, version: str | None) -> StoredVersion | None:
    """None: there is none. StoreError."""
    found = database.read(
        "SELECT path, document FROM pipeline_versions WHERE name = ? AND version = ?",
        (name, version),
    )
    if not found:
        return None
    code = database.read(
        "SELECT v.code, v.path, s.files FROM version_code v"
        " LEFT JOIN snapshots s ON s.digest = v.snapshot WHERE v.name = ? AND v.version = ?",
        (name, version),
    )
    [(path, document)] = found
    return StoredVersion(path, document, tuple(code))
