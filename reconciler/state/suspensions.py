"""Which targets are suspended, in the state database: nothing is applied to them meanwhile."""

from __future__ import annotations

from datetime import datetime

from reconciler.model import Suspension
from reconciler.state.database import Database, from_micros, to_micros, to_text


class SuspensionStore:
    """The suspensions of targets. Every method raises StateError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, target: str, now: datetime) -> Suspension | None:
        """The one that lasts at `now`."""
        rows = self._database.read(
            "SELECT ends_at, actor, since, reason FROM suspensions"
            " WHERE target = ? AND ends_at > ?",
            (target, to_micros(now)),
        )
        if not rows:
            return None
        until, by, since, reason = rows[0]
        return Suspension(from_micros(until), by, from_micros(since), reason)

    def all(self, now: datetime) -> dict[str, Suspension]:
        """Those that last at `now`, by target."""
        rows = self._database.read(
            "SELECT target, ends_at, actor, since, reason FROM suspensions WHERE ends_at > ?",
            (to_micros(now),),
        )
        return {
            target: Suspension(from_micros(until), by, from_micros(since), reason)
            for target, until, by, since, reason in rows
        }

    def set(self, target: str, suspension: Suspension) -> None:
        """Begin one, in place of an earlier one."""
        with self._database.writing() as transaction:
            transaction.execute(
                "INSERT INTO suspensions (target, ends_at, actor, since, reason)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (target) DO UPDATE SET"
                " ends_at = excluded.ends_at, actor = excluded.actor, since = excluded.since,"
                " reason = excluded.reason",
                (
                    target,
                    to_micros(suspension.until),
                    to_text(suspension.by),
                    to_micros(suspension.since),
                    to_text(suspension.reason) if suspension.reason else None,
                ),
            )

    def end(self, target: str, now: datetime) -> None:
        """End it at `now`; it stays on record as over."""
        with self._database.writing() as transaction:
            transaction.execute(
                "UPDATE suspensions SET ends_at = ? WHERE target = ? AND ends_at > ?",
                (to_micros(now), target, to_micros(now)),
            )
