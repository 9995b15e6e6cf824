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
_SAID = ("description", "tags", "properties", "isArchived", "stage", "provisioningState")
"""What is said about a version, and may change."""


@dataclass(frozen=True, slots=True)
class SentAsset:
    """One version of an asset."""

    name: str
    version: str
    properties: Mapping[str, Any]
    upload: str | None
    """Of code: the upload that its files came by."""


class SentAssets:
    """The assets of one workspace, by kind (codes, components, data, environments, jobs); and the
    time zones of schedules, as they were sent (zones).
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, kind: str, name: str, version: str) -> SentAsset | None:
        """One version."""
        return next(iter(self._read("name = ? AND version = ?", kind, name, version)), None)

    def versions(self, kind: str, name: str) -> list[SentAsset]:
        """The versions of an asset, the newest first."""
        return self._read("name = ?", kind, name)

    def newest(self, kind: str) -> list[SentAsset]:
        """The newest version of each name, in the order of names."""
        found = {one.name: one for one in reversed(self._read("true", kind))}
        return [found[name] for name in sorted(found)]

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
        """Keep a version; False if it was there: then only what is said about it changes. Refused
        where it is there with other content.
        """
        text = json.dumps(properties, sort_keys=True)
        with self._database.writing() as connection:
            row = connection.execute(
                "SELECT properties FROM sent_assets WHERE kind = ? AND name = ? AND version = ?",
                (kind, name, version),
            ).fetchone()
            if row is not None:
                if _content(json.loads(row[0])) != _content(json.loads(text)):
                    raise Refused(f"{kind}/{name}/versions/{version} is there with other content")
                if row[0] != text:
                    connection.execute(
                        "UPDATE sent_assets SET properties = ?"
                        " WHERE kind = ? AND name = ? AND version = ?",
                        (text, kind, name, version),
                    )
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


def _content(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What a version is, without what is said about it, and how a component came about."""
    kept = {k: v for k, v in properties.items() if k not in _SAID and v is not None}
    spec = kept.get("componentSpec")
    if isinstance(spec, dict):
        apart = ("_source", "id", "name", "version")
        kept["componentSpec"] = {k: v for k, v in spec.items() if k not in apart and v is not None}
    return kept
