"""How each target stood after its last cycle, and each of its schedules, in the state database.

Pages over many targets read this alone: they need no access to a target. Of the schedules only
those are written that are another than before, so a cycle that finds nothing new writes one row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from reconciler.state.database import (
    Database,
    Transaction,
    containing,
    from_micros,
    to_micros,
    to_text,
)
from reconciler.state.lease import Lease

Sync = Literal[
    "contended", "failed", "drift", "pending", "not_ours", "suspended", "held", "in_sync", "removed"
]
"""How a schedule stands to its declaration, the worst first. `drift`: it was changed live (or
nobody knows who made it differ); `pending`: the repository was; `failed`: the last change of it
did; `removed`: it is not declared any more, and disabled.
"""
SYNCS: tuple[Sync, ...] = get_args(Sync)
_BATCH = 1000
_SEARCHED = ("description", "job", "owner", "path")
_COLUMNS = (
    "target, cycle_at, next_at, outcome, reason, revision, author, subject, committed_at, wanted,"
    " wanted_at, counts"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A target after its last cycle. Instants are aware, in UTC."""

    target: str
    cycle_at: datetime
    outcome: str
    reason: str
    next_at: datetime | None = None
    revision: str | None = None
    author: str | None = None
    subject: str | None = None
    committed_at: datetime | None = None
    wanted: str | None = None
    wanted_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Schedules by Sync, and `unmanaged` ones."""


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule. `mark`: another whenever the entry is; `entry` is made when it is needed."""

    name: str
    sync: Sync
    mark: str
    entry: Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ScheduleStanding:
    """One schedule as pages show it; `entry` is what `reconciler.standings` made of it."""

    target: str
    name: str
    sync: Sync
    entry: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Audited:
    """The last audit of a target: fires of the day before by verdict; the first missing ones."""

    at: datetime
    counts: Mapping[str, int]
    missing: Sequence[str]


class StandingStore:
    """The standings of every target. Every method raises StateError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(
        self,
        standing: Standing,
        rows: Iterable[ScheduleRow] | None,
        lease: Lease | None = None,
        *,
        began_at: datetime | None = None,
    ) -> None:
        """Replace that of a target. `rows`: all its schedules; None: they are not known, and stay
        as they were. `began_at`: when its cycle began, which answers what was asked until then;
        None: when it ended. LeaseLost.
        """
        counts = standing.counts
        gone = self._replace(standing.target, rows, lease) if rows is not None else ()
        with self._database.writing() as transaction:
            if lease is not None:
                lease.fence(transaction)
            if rows is None:
                counts = _counted(transaction, standing.target) | dict(counts)
            transaction.execute_many(
                "DELETE FROM inventory WHERE target = ? AND name = ?",
                [(standing.target, name) for name in gone],
            )
            transaction.execute("DELETE FROM standings WHERE target = ?", (standing.target,))
            transaction.execute(
                f"INSERT INTO standings ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    standing.target,
                    to_micros(standing.cycle_at),
                    _micros(standing.next_at),
                    standing.outcome,
                    standing.reason,
                    standing.revision,
                    to_text(standing.author),
                    to_text(standing.subject),
                    _micros(standing.committed_at),
                    standing.wanted,
                    _micros(standing.wanted_at),
                    json.dumps(dict(counts)),
                ),
            )
            transaction.execute(
                "DELETE FROM requests WHERE target = ? AND at <= ?",
                (standing.target, to_micros(began_at or standing.cycle_at)),
            )

    def _replace(
        self, target: str, rows: Iterable[ScheduleRow], lease: Lease | None
    ) -> Collection[str]:
        """Write the schedules that are another than before; the names of those that are gone.

        Their entries are made before the database is locked, and few at a time are held: of very
        many that are new they are most of a cycle's memory, and seconds of it.
        """
        known = self.marks(target)
        gone = set(known)
        changed: list[tuple[Any, ...]] = []
        for row in rows:
            name = to_text(row.name) or ""
            gone.discard(name)
            if known.get(name) != row.mark:
                changed.append(_values(target, name, row))
            if len(changed) >= _BATCH:
                self._write(changed, lease)
                changed = []
        if changed:
            self._write(changed, lease)
        return gone

    def _write(self, changed: Iterable[tuple[Any, ...]], lease: Lease | None) -> None:
        with self._database.writing() as transaction:
            if lease is not None:
                lease.fence(transaction)
            transaction.execute_many(
                "INSERT INTO inventory VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (target, name) DO"
                " UPDATE SET sync = excluded.sync, mark = excluded.mark,"
                " search = excluded.search, entry = excluded.entry",
                changed,
            )

    def list(self) -> tuple[Standing, ...]:
        """That of every target, by name."""
        rows = self._database.read(f"SELECT {_COLUMNS} FROM standings ORDER BY target")
        return tuple(_standing(row) for row in rows)

    def get(self, target: str) -> Standing | None:
        """None: no loop has looked at it yet."""
        rows = self._database.read(f"SELECT {_COLUMNS} FROM standings WHERE target = ?", (target,))
        return _standing(rows[0]) if rows else None

    def forget(self, target: str) -> None:
        """Take away what is known of a target that is none any more."""
        with self._database.writing() as transaction:
            for table in ("standings", "inventory", "audits", "requests"):
                transaction.execute(f"DELETE FROM {table} WHERE target = ?", (target,))

    # -------------------------------------------------------------------------------- schedules

    def schedules(
        self,
        target: str | None = None,
        *,
        syncs: Sequence[str] = (),
        text: str = "",
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[int, tuple[ScheduleStanding, ...]]:
        """How many match, and a page of them, by target and name. `text`: what their name,
        description, owner, job or file must hold, in any case.
        """
        where, values = _where(target, syncs, text)
        ((total,),) = self._database.read(f"SELECT count(*) FROM inventory{where}", values) or [
            (0,)
        ]
        rows = self._database.read(
            f"SELECT target, name, sync, entry FROM inventory{where}"
            " ORDER BY target, name LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return int(total), tuple(_schedule(row) for row in rows)

    def schedule(self, target: str, name: str) -> ScheduleStanding | None:
        """One; None: it is in no plan of that target."""
        rows = self._database.read(
            "SELECT target, name, sync, entry FROM inventory WHERE target = ? AND name = ?",
            (target, name),
        )
        return _schedule(rows[0]) if rows else None

    def every_schedule(self, target: str) -> Iterator[ScheduleStanding]:
        """All of a target."""
        for row in self._database.read(
            "SELECT target, name, sync, entry FROM inventory WHERE target = ? ORDER BY name",
            (target,),
        ):
            yield _schedule(row)

    def marks(self, target: str) -> dict[str, str]:
        """By name, another text whenever the row of a schedule is another."""
        return dict(
            self._database.read("SELECT name, mark FROM inventory WHERE target = ?", (target,))
        )

    def cycles(self) -> dict[str, int]:
        """By target, another number whenever a cycle may have written its schedules anew."""
        return dict(self._database.read("SELECT target, cycle_at FROM standings"))

    def version(self) -> str:
        """Another text whenever something was written that pages show."""
        parts = (
            "(SELECT coalesce(max(cycle_at), 0) FROM standings)",
            "(SELECT count(*) FROM standings)",
            "(SELECT coalesce(max(id), 0) FROM cycles)",
            "(SELECT coalesce(max(ends_at), 0) FROM suspensions)",
            "(SELECT coalesce(max(at), 0) FROM requests)",
        )
        rows = self._database.read(f"SELECT {', '.join(parts)}")
        return "-".join(map(str, rows[0])) if rows else ""

    # ------------------------------------------------------------------------ audits and requests

    def set_audit(self, target: str, audited: Audited) -> None:
        """Replace that of a target."""
        values = (
            to_micros(audited.at),
            json.dumps(dict(audited.counts)),
            json.dumps([to_text(one) for one in audited.missing]),
        )
        with self._database.writing() as transaction:
            transaction.execute("DELETE FROM audits WHERE target = ?", (target,))
            transaction.execute("INSERT INTO audits VALUES (?, ?, ?, ?)", (target, *values))

    def audits(self) -> dict[str, Audited]:
        """By target."""
        return {
            target: Audited(from_micros(at), json.loads(counts), json.loads(missing))
            for target, at, counts, missing in self._database.read(
                "SELECT target, at, counts, missing FROM audits"
            )
        }

    def ask(self, target: str, at: datetime, actor: str) -> None:
        """Ask the loop for a cycle of a target, from wherever it runs."""
        with self._database.writing() as transaction:
            transaction.execute("DELETE FROM requests WHERE target = ?", (target,))
            transaction.execute(
                "INSERT INTO requests VALUES (?, ?, ?)", (target, to_micros(at), to_text(actor))
            )

    def asked(self) -> dict[str, datetime]:
        """The cycles that were asked for and not made yet: by target, when."""
        rows = self._database.read("SELECT target, at FROM requests")
        return {target: from_micros(at) for target, at in rows}


def _values(target: str, name: str, row: ScheduleRow) -> tuple[Any, ...]:
    entry = row.entry()
    said = [name, *(str(entry.get(key) or "") for key in _SEARCHED)]
    search = to_text("\n".join(said).lower())
    text = to_text(json.dumps(entry, separators=(",", ":")))
    return (target, name, row.sync, row.mark, search, text)


def _counted(transaction: Transaction, target: str) -> dict[str, int]:
    """The counts that are known of a target, where a cycle came to none."""
    rows = transaction.execute("SELECT counts FROM standings WHERE target = ?", (target,))
    return json.loads(rows[0][0]) if rows else {}


def _where(target: str | None, syncs: Sequence[str], text: str) -> tuple[str, tuple[Any, ...]]:
    parts: list[str] = []
    values: list[Any] = []
    if target is not None:
        parts.append("target = ?")
        values.append(target)
    if syncs:
        parts.append(f"sync IN ({', '.join('?' * len(syncs))})")
        values += syncs
    if text:
        parts.append("search LIKE ? ESCAPE '!'")
        values.append(containing(text))
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), tuple(values)


def _standing(row: Sequence[Any]) -> Standing:
    target, cycle_at, next_at, outcome, reason, revision, author, subject, at, *rest = row
    wanted, wanted_at, counts = rest
    return Standing(
        target,
        from_micros(cycle_at),
        outcome,
        reason,
        _moment(next_at),
        revision,
        author,
        subject,
        _moment(at),
        wanted,
        _moment(wanted_at),
        json.loads(counts),
    )


def _schedule(row: Sequence[Any]) -> ScheduleStanding:
    return ScheduleStanding(row[0], row[1], row[2], json.loads(row[3]))


def _micros(at: datetime | None) -> int | None:
    return to_micros(at) if at is not None else None


def _moment(stored: int | None) -> datetime | None:
    return from_micros(stored) if stored is not None else None
