"""When each watched folder is looked at, and what comes of it.

Listing and comparing happen in threads, a few for each datastore so that one that hangs holds up
no other; all else is in the engine's own thread, to which they `tell` what to do next.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.model import DatastoreChange, Schedule
from reconciler.workspace.datastores.changes import Changes, changes
from reconciler.workspace.datastores.datastore import Datastore, WatchError
from reconciler.workspace.store.database import Database, StoreError
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.records import Cursor, Fire, new_run

Log = Callable[..., None]
"""(event, **fields): one structured line for each decision."""
Message = Callable[[], None]
"""What a thread wants done in the engine's."""

LOOKERS = 2
"""Threads for each datastore."""
RESETTLE = timedelta(seconds=2)
"""How soon a folder is looked at again in which a file is still being written."""
RETRY = timedelta(seconds=5)
"""The same, where what was found could not be recorded."""
LONGEST_BACKOFF = timedelta(minutes=15)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Watch:
    """A schedule that fires on changes."""

    schedule: Schedule
    trigger: DatastoreChange
    since: datetime
    next_look: datetime
    failures: int = 0

    @property
    def name(self) -> str:
        return self.schedule.key.name

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=self.trigger.polling_interval)

    @property
    def cursor_of(self) -> str:
        """What a cursor belongs to: another datastore, path or enabling begins a new one."""
        folder = f"{self.trigger.datastore}/{self.trigger.path_on_datastore}"
        return f"{self.since.isoformat()} {folder}"


class FolderPoller:
    """The watched folders of one workspace."""

    def __init__(
        self,
        ledger: Ledger,
        datastores: Mapping[str, Datastore],
        *,
        tell: Callable[[Message | None], None],
        clock: Callable[[], datetime],
        log: Log,
    ) -> None:
        self._ledger = ledger
        self._datastores = datastores
        self._tell = tell
        self._clock = clock
        self._log = log
        self._watches: dict[str, _Watch] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._jobs: dict[str, queue.SimpleQueue[_Watch | None]] = {}

    def __len__(self) -> int:
        return len(self._watches)

    # ---------------------------------------------------------------------------------------- when

    def put(self, schedule: Schedule, trigger: DatastoreChange, since: datetime) -> None:
        """Add or replace a schedule, enabled at `since`; it is looked for at once."""
        watch = self._watches[schedule.key.name] = _Watch(schedule, trigger, since, since)
        self._again(watch, since)

    def remove(self, name: str) -> None:
        """Forget a schedule; nothing if it is not known."""
        self._watches.pop(name, None)

    def rewind(self, now: datetime) -> None:
        """The clock went back to `now`: what was to be looked at later by then is looked at now."""
        for watch in self._watches.values():
            if now + watch.interval < watch.next_look < NEVER:
                self._again(watch, now)

    def next_at(self) -> datetime | None:
        """When a folder is to be looked at next; None: none."""
        return self._heap[0][0] if self._heap else None

    def start(self, now: datetime) -> None:
        """Start the looks that are due."""
        while self._heap and self._heap[0][0] <= now:
            at, name = heapq.heappop(self._heap)
            watch = self._watches.get(name)
            if watch is not None and watch.next_look == at:
                watch.next_look = NEVER  # until this look has ended
                self._jobs_of(watch.trigger.datastore).put(watch)

    def close(self) -> None:
        """Start no further looks. One that hangs is not waited for: its thread is a daemon."""
        for jobs in self._jobs.values():
            for _ in range(LOOKERS):
                jobs.put(None)

    def _again(self, watch: _Watch, at: datetime) -> None:
        watch.next_look = at
        heapq.heappush(self._heap, (at, watch.name))

    # --------------------------------------------------------------------------------- the threads

    def _jobs_of(self, datastore: str) -> queue.SimpleQueue[_Watch | None]:
        jobs = self._jobs.get(datastore)
        if jobs is None:
            jobs = self._jobs[datastore] = queue.SimpleQueue()
            for _ in range(LOOKERS):
                threading.Thread(
                    target=self._work, args=(jobs,), name=f"look at {datastore}", daemon=True
                ).start()
        return jobs

    def _work(self, jobs: queue.SimpleQueue[_Watch | None]) -> None:
        with closing(
            Database(self._ledger.database.path, readable_by=self._ledger.database.readable_by)
        ) as database:
            own = Ledger(database)
            while (watch := jobs.get()) is not None:
                self._tell(self._look(watch, own))

    def _look(self, watch: _Watch, ledger: Ledger) -> Message:
        """List the folder and compare it with its cursor, which nobody else writes meanwhile."""
        try:
            datastore = self._datastores.get(watch.trigger.datastore)
            if datastore is None:
                raise WatchError(f'the target has no datastore "{watch.trigger.datastore}"')
            now = self._clock()  # before it is listed: what is written meanwhile is newer
            listed = datastore.list(watch.trigger.path_on_datastore)
            cursor = ledger.cursor(watch.name, watch.cursor_of)
            found = changes(
                listed,
                cursor.seen if cursor is not None else None,
                since=(cursor and cursor.since) or watch.since,
                now=now,
                settle=datastore.is_local,
                digest_of=datastore.digest,
            )
        except WatchError as error:
            problem = str(error)
            return lambda: self._failed(watch, problem)
        except StoreError as error:
            problem = str(error)
            return lambda: self._not_recorded(watch, problem)
        return lambda: self._looked(watch, found, cursor)

    # ---------------------------------------------------------------------- in the engine's thread

    def _looked(self, watch: _Watch, found: Changes, cursor: Cursor | None) -> None:
        if self._watches.get(watch.name) is not watch:
            return  # disabled or changed meanwhile
        now = self._clock()
        if found or (cursor is not None and (cursor.failures or cursor.since is not None)):
            try:
                self._record(watch, found, now)
            except StoreError as error:
                self._not_recorded(watch, str(error))
                return
        if watch.failures:
            self._log("look_works_again", schedule=watch.name, failures=watch.failures)
            watch.failures = 0
        pause = min(watch.interval, RESETTLE) if found.unsettled else watch.interval
        self._again(watch, now + pause)

    def _record(self, watch: _Watch, found: Changes, now: datetime) -> None:
        fires = []
        for file in found.fired:
            run = new_run(watch.schedule, "data", now, file)
            fires.append(Fire(watch.name, f"{file.key}\n{file.stamp}", now, run))
        recorded = self._ledger.settle_look(watch.name, watch.cursor_of, fires, found, now=now)
        if found.is_first:
            self._log("watching", schedule=watch.name, files=len(found.remembered))
        for fire, name in recorded:
            path = fire.run.data_path if fire.run is not None else None
            self._log("fired", run=name, schedule=watch.name, path=path)

    def _failed(self, watch: _Watch, problem: str) -> None:
        if self._watches.get(watch.name) is not watch:
            return
        now = self._clock()
        watch.failures += 1
        try:
            watch.failures = self._ledger.look_failed(watch.name, problem, now)
        except StoreError as error:
            self._log("workspace_failed", error=str(error))
        pause = watch.interval * 2 ** min(watch.failures - 1, 10)
        pause = max(watch.interval, min(pause, LONGEST_BACKOFF))
        self._log(
            "look_failed",
            schedule=watch.name,
            error=problem,
            failures=watch.failures,
            again_in_seconds=pause.total_seconds(),
        )
        self._again(watch, now + pause)

    def _not_recorded(self, watch: _Watch, problem: str) -> None:
        """The workspace could not be read or written: the look is made again soon."""
        if self._watches.get(watch.name) is watch:
            retry = RETRY.total_seconds()
            self._log("workspace_failed", error=problem, retry_seconds=retry)
            self._again(watch, self._clock() + RETRY)
