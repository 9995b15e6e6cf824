"""The history in the state database: written by cycles and applies, read page by page.

A cycle that differs from the last one of its target in nothing but its time is counted there, so
that a loop that finds nothing to do for a year leaves one line. What is older than `keep` is
removed as new lines are written; a target's last line stays.
"""

from __future__ import annotations

import hashlib
import json
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from reconciler.state.database import (
    Database,
    Transaction,
    containing,
    from_micros,
    to_micros,
    to_text,
)
from reconciler.state.lease import Lease
from reconciler.state.records import CycleRecord, Entry, ResultRecord

KEEP = timedelta(days=90)
_PRUNE_EVERY = timedelta(hours=1)
_PAGE = 200
_ONCE = ""
"""The digest of what is never counted at another line: no other is like it."""
_COLUMNS = (
    "id, target, cause, outcome, reason, message, revision, author, actor, started_at, ended_at,"
    " times, durations, plan IS NOT NULL"
)
_SEARCHED = (
    "lower(coalesce(revision, '') || ' ' || coalesce(author, '') || ' ' || coalesce(actor, '')"
    " || ' ' || message) LIKE ? ESCAPE '!'"
)
_OLD = (
    "ended_at < ? AND EXISTS"
    " (SELECT 1 FROM cycles later WHERE later.target = cycles.target AND later.id > cycles.id)"
)


class HistoryStore:
    """The history of every target. Every method raises StateError."""

    def __init__(self, database: Database, keep: timedelta = KEEP) -> None:
        """`keep`: how long a line is kept."""
        self._database = database
        self._keep = keep
        self._pruned: datetime | None = None
        self._lock = threading.Lock()

    def record(self, record: CycleRecord, lease: Lease | None = None) -> int:
        """The id of its line. LeaseLost."""
        digest = _ONCE if _is_one_of_its_kind(record) else _digest(record)
        with self._database.writing() as transaction:
            if lease is not None:
                lease.fence(transaction)
            number = _repeat(transaction, record, digest)
            if number is None:
                number = _insert(transaction, record, digest)
            if self._is_time_to_prune(record.ended_at):
                _prune(transaction, record.ended_at - self._keep)
        return number

    def list(
        self,
        target: str | None = None,
        *,
        limit: int = 50,
        before: int | None = None,
        schedule: str | None = None,
        changes: bool = False,
        cycles: bool = False,
        since: datetime | None = None,
        text: str = "",
    ) -> tuple[Entry, ...]:
        """The newest lines first, without plans and results. `before`: an id, for the next page;
        `schedule`: those that changed it; `changes`: those that changed something, or tried to;
        `cycles`: those of the loop alone; `since`: those that ended later;
        `text`: what their revision, author, actor or message must hold, in any case.
        """
        wanted: list[tuple[str, tuple[Any, ...]]] = []
        if target is not None:
            wanted.append(("target = ?", (target,)))
        if before is not None:
            wanted.append(("id < ?", (before,)))
        if schedule is not None:
            wanted.append(("id IN (SELECT cycle FROM results WHERE name = ?)", (schedule,)))
        if changes:
            wanted.append(("EXISTS (SELECT 1 FROM results WHERE cycle = cycles.id)", ()))
        if cycles:
            wanted.append(("cause <> 'apply'", ()))
        if since is not None:
            wanted.append(("ended_at > ?", (to_micros(since),)))
        if text:
            wanted.append((_SEARCHED, (containing(text),)))
        where = f" WHERE {' AND '.join(sql for sql, _ in wanted)}" if wanted else ""
        rows = self._database.read(
            f"SELECT {_COLUMNS} FROM cycles{where} ORDER BY id DESC LIMIT ?",
            (*(value for _, values in wanted for value in values), limit),
        )
        return tuple(_entry(row) for row in rows)

    def show(self, number: int) -> Entry | None:
        """One line with its plan and results; None: there is none of that id."""
        rows = self._database.read(
            f"SELECT {_COLUMNS}, plan FROM cycles WHERE id = ?", (_bounded(number),)
        )
        return self._whole(rows[0]) if rows else None

    def export(self) -> Iterator[Entry]:
        """Every line whole, the oldest first."""
        last = 0
        while rows := self._database.read(
            f"SELECT {_COLUMNS}, plan FROM cycles WHERE id > ? ORDER BY id LIMIT ?", (last, _PAGE)
        ):
            for row in rows:
                yield self._whole(row)
            last = rows[-1][0]

    def prune(self, before: datetime) -> int:
        """Remove what ended before that, but each target's last line; how many there were."""
        with self._database.writing() as transaction:
            count = _prune(transaction, before)
        self._database.compact()
        return count

    def _whole(self, row: Sequence[Any]) -> Entry:
        results = self._database.read(
            "SELECT name, action, outcome, error FROM results WHERE cycle = ? ORDER BY number",
            (row[0],),
        )
        plan = json.loads(zlib.decompress(bytes(row[-1]))) if row[-1] is not None else None
        return _entry(row, plan, tuple(ResultRecord(*each) for each in results))

    def _is_time_to_prune(self, now: datetime) -> bool:
        with self._lock:
            due = self._pruned is None or abs(now - self._pruned) >= _PRUNE_EVERY
            if due:
                self._pruned = now
            return due


def _is_one_of_its_kind(record: CycleRecord) -> bool:
    """Whether it gets a line of its own, whatever the last one says."""
    said = record.cause == "apply" or record.outcome in ("applied", "partial")
    return said or bool(record.changed)


def _repeat(transaction: Transaction, record: CycleRecord, digest: str) -> int | None:
    """Count it at the target's last line if that is alike; its id."""
    if digest == _ONCE:
        return None
    rows = transaction.execute(
        "UPDATE cycles SET ended_at = ?, times = times + 1, durations = ? WHERE digest = ?"
        " AND id = (SELECT max(id) FROM cycles WHERE target = ?) RETURNING id",
        (to_micros(record.ended_at), json.dumps(dict(record.durations)), digest, record.target),
    )
    return rows[0][0] if rows else None


def _insert(transaction: Transaction, record: CycleRecord, digest: str) -> int:
    plan = _compressed(record.plan) if record.plan is not None else None
    ((number,),) = transaction.execute(
        "INSERT INTO cycles (target, cause, outcome, reason, message, revision, author, actor,"
        " started_at, ended_at, times, digest, durations, plan)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) RETURNING id",
        (
            *(record.target, record.cause, record.outcome, record.reason, to_text(record.message)),
            *(record.revision, to_text(record.author), to_text(record.actor)),
            *(to_micros(record.started_at), to_micros(record.ended_at)),
            *(digest, json.dumps(dict(record.durations)), plan),
        ),
    )
    transaction.execute_many(
        "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, index, to_text(one.name), one.action, one.outcome, to_text(one.error))
            for index, one in enumerate(record.results)
        ],
    )
    return int(number)


def _prune(transaction: Transaction, before: datetime) -> int:
    ((count,),) = transaction.execute(
        f"SELECT count(*) FROM cycles WHERE {_OLD}", (to_micros(before),)
    )
    if count:
        transaction.execute(f"DELETE FROM cycles WHERE {_OLD}", (to_micros(before),))
    return int(count)


def _digest(record: CycleRecord) -> str:
    """Of what cycles have in common that repeat each other: not the times, and not what a plan
    does to fires, which is counted from now on.
    """
    common = [
        *(record.target, record.cause == "apply", record.outcome, record.reason, record.message),
        *(record.revision, record.author, record.actor),
        _frame(record.plan, "impact") if record.plan is not None else None,
        [(each.name, each.action, each.outcome, each.error) for each in record.results],
    ]
    made = hashlib.sha256(json.dumps(common).encode())
    for change in record.plan["changes"] if record.plan is not None else ():
        made.update(json.dumps({k: v for k, v in change.items() if k != "impact"}).encode())
    return made.hexdigest()


def _frame(plan: Mapping[str, Any], *without: str) -> dict[str, Any]:
    """What of a plan's document is not its changes."""
    return {k: v for k, v in plan.items() if k not in ("changes", *without)}


def _compressed(plan: Mapping[str, Any]) -> bytes:
    """Its JSON, change by change: whoever made it may make each when it is asked for."""
    made = zlib.compressobj(6)
    parts = [made.compress(_dense(_frame(plan))[:-1] + b',"changes":[')]
    for number, change in enumerate(plan["changes"]):
        parts.append(made.compress((b"," if number else b"") + _dense(change)))
    return b"".join([*parts, made.compress(b"]}"), made.flush()])


_DENSE = json.JSONEncoder(separators=(",", ":"))
"""Made once: `dumps` makes another for each change."""


def _dense(document: Mapping[str, Any]) -> bytes:
    return _DENSE.encode(document).encode()


def _entry(
    row: Sequence[Any],
    plan: Mapping[str, Any] | None = None,
    results: tuple[ResultRecord, ...] = (),
) -> Entry:
    record = CycleRecord(
        target=row[1],
        cause=row[2],
        outcome=row[3],
        reason=row[4],
        message=row[5],
        revision=row[6],
        author=row[7],
        actor=row[8],
        started_at=from_micros(row[9]),
        ended_at=from_micros(row[10]),
        durations=json.loads(row[12]),
        plan=plan,
        results=results,
    )
    return Entry(int(row[0]), record, count=int(row[11]), has_plan=bool(row[13]))


def _bounded(number: int) -> int:
    return min(number, 2**63 - 1)
