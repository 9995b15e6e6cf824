"""What Azure's clients sent along with schedules: code, components, environments, jobs.

A version never changes once it is there, as in Azure: its name is made from its content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.workspace.store.database import Database, Refused, translated

_COLUMNS = "name, version, properties, upload"


@dataclass(frozen=True, slots=True)
class SentAsset:
    """One version of an asset."""

    name: str
    version: str
    properties: Mapping[str, Any]
    upload: str | None
    """Of code: the upload that its files came by."""


class SentAssets:
    """The assets of one workspace, by kind (codes, components, environments, jobs)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, kind: str, name: str, version: str) -> SentAsset | None:
        """One version."""
        return next(iter(self._read("name = ? AND version = ?", kind, name, version)), None)

    def versions(self, kind: str, name: str) -> list[SentAsset]:
        """The versions of an asset, the newest first."""
        return self._read("name = ?", kind, name)

    def by_digest(self, digest: str) -> list[SentAsset]:
        """The code with a content, as its client tells contents apart."""
        return self._read("digest = ?", "codes", digest)

    def put(
        self,
        kind: str,
        name: str,
        version: str,
        properties: Mapping[str, Any],
        now: datetime,
        *,
        digest: str | None = None,
        upload: str | None = None,
    ) -> bool:
        """Keep a version; False if it was there. Refused where it is there with other content."""
        text = json.dumps(properties, sort_keys=True)
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT properties FROM sent_assets WHERE kind = ? AND name = ? AND version = ?",
                (kind, name, version),
            ).fetchone()
            if row is not None:
                if row[0] != text:
                    raise Refused(f"{kind}/{name}/versions/{version} is there with other content")
                return False
            connection.execute(
                "INSERT INTO sent_assets VALUES (?, ?, ?, ?, ?, ?, ?)",
                (kind, name, version, text, digest, upload, now.isoformat()),
            )
        return True

    def _read(self, where: str, kind: str, *values: str) -> list[SentAsset]:
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM sent_assets WHERE kind = ? AND {where}"
            " ORDER BY created_at DESC, rowid DESC",
            (kind, *values),
        )
        with translated(self._database.path):
            return [SentAsset(row[0], row[1], json.loads(row[2]), row[3]) for row in rows]
