"""The agent of one target: looks at the folders that its schedules follow, and submits their jobs.

A turn reads the schedules afresh, lists the folders that are due, and submits what is owed, the
oldest first. Everything that is decided is in the state before it is done: a crash between the two
is made good by the next turn, of this process or another, and jobs that are there already are left.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from reconciler.agent.lookers import Lookers
from reconciler.agent.watching import followed, next_look, taken_over
from reconciler.errors import ProviderError, ReconcilerError, Rejected
from reconciler.providers.capabilities import DataWatch, FollowsFolders
from reconciler.state import DataCursors, Lease
from reconciler.state.data_cursors import FolderCursor, Submission
from reconciler.workspace.datastores.changes import SETTLE, Listed, changes
from reconciler.workspace.datastores.datastore import WatchError

Log = Callable[..., None]
KEEP = timedelta(days=30)
"""How long a job that was submitted is remembered."""
TURN = timedelta(minutes=1)
"""How long one turn submits before the schedules are read again."""
HANGS = timedelta(minutes=2)
"""A turn that has nothing else to do waits so long for the next look that ends."""
_BATCH = 100
_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(hours=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Turn:
    """What a turn did, and how things stand after it."""

    watches: int = 0
    disabled: int = 0
    submitted: Counter[str] = field(default_factory=Counter)
    """By schedule."""
    refused: dict[str, str] = field(default_factory=dict)
    """By schedule, why its first job was not taken."""
    pending: int = 0
    failing: dict[str, str] = field(default_factory=dict)
    """By schedule, why its folder cannot be listed."""
    trouble: str | None = None
    """Why the turn ended early; it is made again."""


class Agent:
    """Of one target, whose lease the caller holds and renews."""

    def __init__(
        self,
        target: str,
        provider: FollowsFolders,
        cursors: DataCursors,
        lease: Lease,
        *,
        clock: Callable[[], datetime],
        log: Log,
        stopping: threading.Event | None = None,
    ) -> None:
        self.target = target
        self._provider = provider
        self._cursors = cursors
        self._lease = lease
        self._clock = clock
        self._log = log
        self._stopping = stopping or threading.Event()
        self._lookers = Lookers()
        self._tried: dict[str, datetime] = {}
        self._unsettled: dict[str, datetime] = {}

    def close(self) -> None:
        """Look no more."""
        self._lookers.close()

    def turn(self, *, patience: timedelta = TURN) -> Turn:
        """Make one. ProviderError where the schedules cannot be read, LeaseLost, StateError."""
        now = self._clock()
        end = now + patience
        turn = Turn()
        watches = {watch.name: watch for watch in self._provider.data_watches()}
        cursors = self._followed(watches, now)
        turn.watches = len(watches)
        turn.disabled = sum(not watch.enabled for watch in watches.values())
        self._look(watches, cursors, now)
        while True:
            self._look_again(watches)
            # Before it is asked what is owed: what a look finds is owed when it has ended.
            looking = bool(self._lookers.in_hand or self._unsettled)
            more = turn.trouble is None and self._submit(watches, turn)
            if self._stopping.is_set() or self._clock() >= end or not (more or looking):
                break
            if not more and self._lookers.hang_for(HANGS.total_seconds()):
                break
            self._lookers.wait(0.0 if more else 0.2)
        self._cursors.prune(self.target, self._clock() - KEEP, self._lease)
        stand = self._cursors.cursors(self.target)
        turn.failing = {
            name: one.problem for name, one in stand.items() if one.problem and not one.disabled
        }
        backlog = self._cursors.backlog(self.target)
        turn.pending = sum(one.pending for one in backlog.values())
        turn.refused = {name: one.problem for name, one in backlog.items() if one.problem}
        return turn

    # ------------------------------------------------------------------------------------ looking

    def _followed(self, watches: dict[str, DataWatch], now: datetime) -> dict[str, FolderCursor]:
        before = self._cursors.cursors(self.target)
        for name, (old, cursor) in taken_over(watches.values(), before).items():
            self._cursors.take_over(self.target, old, name, cursor, self._lease)
            self._log("renamed", target=self.target, schedule=name, before=old)
            before[name] = cursor
            del before[old]
        changed = followed(watches.values(), before, now)
        if changed:
            self._cursors.put(self.target, changed, self._lease)
        gone = sorted(before.keys() - watches.keys())
        if gone:
            self._cursors.forget(self.target, gone, self._lease)
        for name in changed:
            self._tried.pop(name, None)
        return before | changed

    def _look(
        self, watches: dict[str, DataWatch], cursors: dict[str, FolderCursor], now: datetime
    ) -> None:
        """Start the looks that are due."""
        in_hand = self._lookers.in_hand
        for name, watch in watches.items():
            if not watch.enabled or name in in_hand:
                continue
            cursor = cursors[name]
            due = next_look(watch, cursor, self._tried.get(name), cursor.failures)
            if due is None or due <= now:
                self._tried[name] = now
                self._start(watch, cursor)

    def _start(self, watch: DataWatch, cursor: FolderCursor) -> None:
        self._lookers.start(watch.trigger.datastore, watch.name, partial(self._one, watch, cursor))

    def _look_again(self, watches: dict[str, DataWatch]) -> None:
        """At folders in which a file was still being written."""
        now = self._clock()
        due = [name for name, at in list(self._unsettled.items()) if at <= now]
        if due:
            cursors = self._cursors.cursors(self.target)
            for name in due:
                del self._unsettled[name]
                watch, cursor = watches.get(name), cursors.get(name)
                if watch is None or cursor is None or not watch.enabled:
                    continue
                if name not in self._lookers.in_hand:
                    self._start(watch, cursor)

    def _one(self, watch: DataWatch, cursor: FolderCursor) -> None:
        """List a folder and record what is new there. In a thread of its datastore."""
        name = watch.name
        try:
            try:
                self._compare(watch, cursor)
            except WatchError as error:
                problem = str(error)
            except ProviderError as error:
                problem = error.message
            else:
                if cursor.failures:
                    self._log("look_works_again", target=self.target, schedule=name)
                return
            self._log("look_failed", target=self.target, schedule=name, error=problem)
            self._cursors.look_failed(self.target, name, problem, self._lease)
        except ReconcilerError as error:  # the state, or the lease: the next turn sees to it
            self._log("look_not_recorded", target=self.target, schedule=name, error=error.message)

    def _compare(self, watch: DataWatch, cursor: FolderCursor) -> None:
        name, trigger = watch.name, watch.trigger
        datastore = self._provider.datastore(trigger.datastore)
        now = self._clock()  # before it is listed: what is written meanwhile is newer
        listed = datastore.list(trigger.path_on_datastore)
        found = changes(
            listed,
            self._cursors.files(self.target, name) if cursor.seen else None,
            since=cursor.since,
            now=now,
            settle=datastore.is_local,
            digest_of=datastore.digest,
        )
        jobs = [self._submission(watch, file, now) for file in sorted(found.fired, key=_age)]
        if not self._cursors.settle(self.target, name, cursor, found, jobs, self._lease, now):
            return
        if found.is_first:
            self._log("watching", target=self.target, schedule=name, files=len(listed))
        if found.unsettled:
            self._unsettled[name] = now + SETTLE
        if jobs:
            self._log("found", target=self.target, schedule=name, files=len(jobs))

    def _submission(self, watch: DataWatch, file: Listed, now: datetime) -> Submission:
        address = self._provider.address(watch, file.key.rpartition("/")[2])
        job = self._provider.job_name(watch, address, file.stamp)
        return Submission(job, watch.name, address, now)

    # --------------------------------------------------------------------------------- submitting

    def _submit(self, watches: dict[str, DataWatch], turn: Turn) -> bool:
        """Submit some of what is owed; whether there may be more."""
        owed = self._cursors.pending(self.target, self._clock(), _BATCH)
        blocked: set[str] = set()
        for one in owed:
            if self._stopping.is_set():
                return False
            watch = watches.get(one.schedule)
            if watch is None or not watch.enabled or one.schedule in blocked:
                continue
            try:
                self._provider.submit(watch, one.job, one.address, one.due_at)
            except Rejected as error:
                blocked.add(one.schedule)
                self._not_taken(one, error.message)
                continue
            except ProviderError as error:
                turn.trouble = error.message
                self._log("submit_failed", target=self.target, job=one.job, error=error.message)
                return False
            self._cursors.submitted(self.target, [one.job], self._lease, self._clock())
            turn.submitted[one.schedule] += 1
            self._log(
                "submitted",
                target=self.target,
                schedule=one.schedule,
                job=one.job,
                path=one.address,
            )
        return len(owed) == _BATCH

    def _not_taken(self, one: Submission, problem: str) -> None:
        again = self._clock() + min(_RETRY * 2 ** min(one.tries, 10), _LONGEST_RETRY)
        self._cursors.not_taken(self.target, one, problem, again, self._lease)
        self._log(
            "submit_refused",
            target=self.target,
            schedule=one.schedule,
            job=one.job,
            error=problem,
            tries=one.tries + 1,
        )


def _age(file: Listed) -> tuple[datetime, str]:
    return (file.modified or _LONG_AGO, file.path)
