"""What an agent has seen of watched folders, and the jobs that it owes, in the state database.

What is new in a folder and the jobs that follow from it are recorded in one transaction, so that
whoever goes on after a crash submits just what is not submitted yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.state.database import Database, from_micros, to_micros, to_text
from reconciler.state.lease import Lease
from reconciler.workspace.datastores.changes import Changes, Seen

_INSERT = (
    "INSERT INTO watches (target, schedule, folder, since, asked, disabled, seen, looked_at,"
    " failures, problem) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REPLACE = (
    " ON CONFLICT (target, schedule) DO UPDATE SET folder = excluded.folder,"
    " since = excluded.since, asked = excluded.asked, disabled = excluded.disabled,"
    " seen = excluded.seen, looked_at = excluded.looked_at, failures = excluded.failures,"
    " problem = excluded.problem"
)
_PROBLEM = 1000
"""Characters of a problem that are kept."""


@dataclass(frozen=True, slots=True)
class FolderCursor:
    """How looking at the folder of one schedule stands. Instants are aware, in UTC."""

    folder: str
    since: datetime
    asked: datetime
    """`since` as the live schedule said it."""
    disabled: bool = False
    seen: bool = False
    """Whether the folder was listed since `since`."""
    looked_at: datetime | None = None
    failures: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that a changed file asks for."""

    job: str
    schedule: str
    address: str
    due_at: datetime
    tries: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """The jobs of one schedule that are not submitted yet."""

    pending: int
    problem: str | None = None
    """Why the first of them was not taken."""


class DataCursors:
    """The folders of every target. Every method raises StateError; those that take a lease
    LeaseLost, and then nothing is written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---------------------------------------------------------------------------------- reading

    def cursors(self, target: str) -> dict[str, FolderCursor]:
        """By the name of the schedule."""
        rows = self._database.read(
            "SELECT schedule, folder, since, asked, disabled, seen, looked_at, failures, problem"
            " FROM watches WHERE target = ?",
            (target,),
        )
        return {
            name: FolderCursor(
                folder,
                from_micros(since),
                from_micros(asked),
                bool(disabled),
                bool(seen),
                from_micros(looked) if looked is not None else None,
                failures,
                problem,
            )
            for name, folder, since, asked, disabled, seen, looked, failures, problem in rows
        }

    def files(self, target: str, schedule: str) -> dict[str, Seen]:
        """What is remembered of a folder, by the key of each file."""
        rows = self._database.read(
            "SELECT path, stamp, digest FROM watched_files WHERE target = ? AND schedule = ?",
            (target, schedule),
        )
        return {path: Seen(stamp, digest) for path, stamp, digest in rows}

    def pending(self, target: str, now: datetime, limit: int) -> list[Submission]:
        """The oldest jobs that are to be submitted by now, of schedules that are enabled."""
        rows = self._database.read(
            "SELECT job, schedule, address, due_at, tries, problem FROM submissions"
            " WHERE target = ? AND submitted_at IS NULL AND next_at <= ? AND schedule IN"
            " (SELECT schedule FROM watches WHERE target = ? AND disabled = 0)"
            " ORDER BY id LIMIT ?",
            (target, to_micros(now), target, limit),
        )
        return [
            Submission(job, schedule, address, from_micros(due), tries, problem)
            for job, schedule, address, due, tries, problem in rows
        ]

    def backlog(self, target: str) -> dict[str, Backlog]:
        """By schedule, what is not submitted yet."""
        rows = self._database.read(
            "SELECT schedule, COUNT(*), MAX(problem) FROM submissions"
            " WHERE target = ? AND submitted_at IS NULL GROUP BY schedule",
            (target,),
        )
        return {schedule: Backlog(number, problem) for schedule, number, problem in rows}

    # ---------------------------------------------------------------------------------- writing

    def put(self, target: str, cursors: Mapping[str, FolderCursor], lease: Lease) -> None:
        """Record how these stand; the files of one whose `since` or folder is another are
        forgotten.
        """
        with self._database.writing() as transaction:
            lease.fence(transaction)
            for name, one in cursors.items():
                if not one.seen:
                    transaction.execute(
                        "DELETE FROM watched_files WHERE target = ? AND schedule = ?",
                        (target, name),
                    )
                transaction.execute(f"{_INSERT}{_REPLACE}", _row(target, name, one))

    def take_over(
        self, target: str, old: str, new: str, cursor: FolderCursor, lease: Lease
    ) -> None:
        """What was seen, and what is owed, under the name `old` goes on under `new`."""
        with self._database.writing() as transaction:
            lease.fence(transaction)
            for table in ("watched_files", "submissions"):
                pending = " AND submitted_at IS NULL" if table == "submissions" else ""
                transaction.execute(
                    f"UPDATE {table} SET schedule = ? WHERE target = ? AND schedule = ?{pending}",
                    (new, target, old),
                )
            transaction.execute(
                "DELETE FROM watches WHERE target = ? AND schedule IN (?, ?)", (target, old, new)
            )
            transaction.execute(_INSERT, _row(target, new, cursor))

    def forget(self, target: str, schedules: Iterable[str], lease: Lease) -> None:
        """Of schedules that are no watches any more; jobs that they owe are still owed."""
        with self._database.writing() as transaction:
            lease.fence(transaction)
            for name in schedules:
                for table in ("watches", "watched_files"):
                    transaction.execute(
                        f"DELETE FROM {table} WHERE target = ? AND schedule = ?", (target, name)
                    )

    def settle(
        self,
        target: str,
        schedule: str,
        cursor: FolderCursor,
        found: Changes,
        submissions: Sequence[Submission],
        lease: Lease,
        now: datetime,
    ) -> bool:
        """Record a look at a folder, which began at `cursor`: what is to be remembered, and the
        jobs that follow. False, and nothing is recorded, where the schedule was disabled
        meanwhile, or follows another folder, or from another moment on.
        """
        with self._database.writing() as transaction:
            lease.fence(transaction)
            rows = transaction.execute(
                "SELECT folder, since, disabled, seen FROM watches"
                " WHERE target = ? AND schedule = ?",
                (target, schedule),
            )
            began = (to_text(cursor.folder), to_micros(cursor.since), 0, int(cursor.seen))
            if [tuple(row) for row in rows] != [began]:
                return False
            transaction.execute_many(
                "INSERT INTO submissions (target, job, schedule, address, due_at, tries, next_at)"
                " VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT (target, job) DO NOTHING",
                (
                    (target, one.job, schedule, to_text(one.address), to_micros(one.due_at))
                    for one in submissions
                ),
            )
            transaction.execute_many(
                "INSERT INTO watched_files (target, schedule, path, stamp, digest)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT (target, schedule, path) DO UPDATE SET"
                " stamp = excluded.stamp, digest = excluded.digest",
                (
                    (target, schedule, to_text(path), to_text(seen.stamp), to_text(seen.digest))
                    for path, seen in found.remembered.items()
                ),
            )
            transaction.execute_many(
                "DELETE FROM watched_files WHERE target = ? AND schedule = ? AND path = ?",
                ((target, schedule, to_text(path)) for path in found.forgotten),
            )
            transaction.execute(
                "UPDATE watches SET seen = 1, looked_at = ?, failures = 0, problem = NULL"
                " WHERE target = ? AND schedule = ?",
                (to_micros(now), target, schedule),
            )
        return True

    def look_failed(self, target: str, schedule: str, problem: str, lease: Lease) -> None:
        """Record that a folder could not be listed."""
        with self._database.writing() as transaction:
            lease.fence(transaction)
            transaction.execute(
                "UPDATE watches SET failures = failures + 1, problem = ?"
                " WHERE target = ? AND schedule = ?",
                (to_text(problem[:_PROBLEM]), target, schedule),
            )

    def submitted(self, target: str, jobs: Sequence[str], lease: Lease, now: datetime) -> None:
        """Record that the target has these jobs."""
        with self._database.writing() as transaction:
            lease.fence(transaction)
            transaction.execute_many(
                "UPDATE submissions SET submitted_at = ?, problem = NULL"
                " WHERE target = ? AND job = ?",
                ((to_micros(now), target, job) for job in jobs),
            )

    def not_taken(
        self, target: str, one: Submission, problem: str, again: datetime, lease: Lease
    ) -> None:
        """Record that a job was refused: it and what follows it of its schedule wait until then."""
        with self._database.writing() as transaction:
            lease.fence(transaction)
            transaction.execute(
                "UPDATE submissions SET next_at = ? WHERE target = ? AND schedule = ?"
                " AND submitted_at IS NULL",
                (to_micros(again), target, one.schedule),
            )
            transaction.execute(
                "UPDATE submissions SET tries = tries + 1, problem = ?"
                " WHERE target = ? AND job = ?",
                (to_text(problem[:_PROBLEM]), target, one.job),
            )

    def prune(self, target: str, before: datetime, lease: Lease) -> None:
        """Forget jobs that were submitted before an instant; the cursors keep them from coming
        again.
        """
        with self._database.writing() as transaction:
            lease.fence(transaction)
            transaction.execute(
                "DELETE FROM submissions WHERE target = ? AND submitted_at < ?",
                (target, to_micros(before)),
            )


def _row(target: str, name: str, one: FolderCursor) -> tuple[object, ...]:
    return (
        target,
        name,
        to_text(one.folder),
        to_micros(one.since),
        to_micros(one.asked),
        int(one.disabled),
        int(one.seen),
        to_micros(one.looked_at) if one.looked_at is not None else None,
        one.failures,
        to_text(one.problem),
    )
