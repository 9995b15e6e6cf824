"""What people did by hand, and who: noted in the transaction that does it, by whatever door."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from reconciler.workspace.store.database import Database

What = Literal[
    "create", "change", "enable", "disable", "delete", "trigger", "run again", "submit", "cancel"
]
Kind = Literal["schedule", "pipeline", "run"]
KEPT = timedelta(days=90)
"""How long an act is kept, as lines of the history are."""
_PRUNE_EVERY = 256


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `run`: what came of it, or what it was about."""

    number: int
    at: datetime
    who: str | None
    what: What
    kind: Kind
    name: str
    run: str | None


def note_act(
    connection: sqlite3.Connection,
    now: datetime,
    who: str | None,
    what: What,
    kind: Kind,
    name: str,
    run: str | None = None,
) -> None:
    """Note it, within the transaction that `connection` is in."""
    added = connection.execute(
        "INSERT INTO acts (at, who, what, kind, name, run) VALUES (?, ?, ?, ?, ?, ?)",
        (now.isoformat(), who, what, kind, name, run),
    )
    if (added.lastrowid or 0) % _PRUNE_EVERY == 0:
        connection.execute("DELETE FROM acts WHERE at < ?", ((now - KEPT).isoformat(),))


class Acts:
    """Reads the acts of one workspace file."""

    def __init__(self, database: Database) -> None:
        self._read = database.read

    def newest(
        self,
        *,
        limit: int = 50,
        before: int | None = None,
        kind: Kind | None = None,
        name: str | None = None,
    ) -> list[Act]:
        """The newest first. `before`: those before that number; `kind` and `name`: about that."""
        terms, values = ["true"], list[str | int]()
        if kind is not None and name is not None:
            terms.append("kind = ? AND name = ?")
            values += [kind, name]
        if before is not None:
            terms.append("number < ?")
            values.append(before)
        rows = self._read(
            "SELECT number, at, who, what, kind, name, run FROM acts"
            f" WHERE {' AND '.join(terms)} ORDER BY number DESC LIMIT ?",
            (*values, limit),
        )
        return [Act(row[0], datetime.fromisoformat(row[1]), *row[2:]) for row in rows]
