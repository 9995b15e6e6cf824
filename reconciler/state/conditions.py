"""How each target stands, in the state database."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from reconciler.state.database import Database, Transaction, from_micros, to_micros, to_text
from reconciler.state.lease import Lease
from reconciler.state.records import Condition, Conditions

_TYPES = ("Ready", "Reconciling", "Stalled")
_STATUS = {True: "True", False: "False", None: "Unknown"}
_READ = {word: status for status, word in _STATUS.items()}


class ConditionStore:
    """The conditions of every target. Every method raises StateError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, target: str) -> Conditions | None:
        """None: no loop has looked at it yet."""
        rows = self._database.read(
            "SELECT c.type, c.status, c.reason, c.message, c.since, t.attempted, t.applied"
            " FROM conditions c JOIN targets t ON t.name = c.target WHERE c.target = ?",
            (target,),
        )
        return _conditions(rows) if rows else None

    def all(self) -> dict[str, Conditions]:
        """Those of every target that a loop has looked at, by its name."""
        rows = self._database.read(
            "SELECT c.type, c.status, c.reason, c.message, c.since, t.attempted, t.applied,"
            " c.target FROM conditions c JOIN targets t ON t.name = c.target ORDER BY c.target"
        )
        found = groupby(rows, key=lambda row: row[7])
        return {target: _conditions([row[:7] for row in group]) for target, group in found}

    def set(self, target: str, conditions: Conditions, lease: Lease | None = None) -> None:
        """Replace them; `since` moves only where the status does. LeaseLost."""
        given = (conditions.ready, conditions.reconciling, conditions.stalled)
        with self._database.writing() as transaction:
            if lease is not None:
                lease.fence(transaction)
            for kind, condition in zip(_TYPES, given, strict=True):
                transaction.execute(
                    "INSERT INTO conditions VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (target, type) DO UPDATE SET status = excluded.status,"
                    " reason = excluded.reason, message = excluded.message,"
                    " since = CASE WHEN conditions.status = excluded.status"
                    " THEN conditions.since ELSE excluded.since END",
                    (
                        target,
                        kind,
                        _STATUS[condition.status],
                        condition.reason,
                        to_text(condition.message),
                        to_micros(condition.since),
                    ),
                )
            _upsert(transaction, target, "attempted", conditions.attempted)
            _upsert(transaction, target, "applied", conditions.applied)

    def good_revision(self, target: str) -> str | None:
        """The last revision of its declarations that was whole; None: none yet."""
        rows = self._database.read("SELECT good FROM targets WHERE name = ?", (target,))
        return rows[0][0] if rows else None

    def set_good_revision(self, target: str, revision: str, lease: Lease | None = None) -> None:
        """Remember it. LeaseLost."""
        with self._database.writing() as transaction:
            if lease is not None:
                lease.fence(transaction)
            _upsert(transaction, target, "good", revision)


def _conditions(rows: Sequence[Sequence[Any]]) -> Conditions:
    by_type = {
        kind: Condition(_READ[status], reason, message, from_micros(since))
        for kind, status, reason, message, since, _, _ in rows
    }
    ready, reconciling, stalled = (by_type[kind] for kind in _TYPES)
    return Conditions(ready, reconciling, stalled, *rows[0][5:])


def _upsert(transaction: Transaction, target: str, column: str, value: str | None) -> None:
    transaction.execute(
        f"INSERT INTO targets (name, {column}) VALUES (?, ?)"
        f" ON CONFLICT (name) DO UPDATE SET {column} = excluded.{column}",
        (target, value),
    )
