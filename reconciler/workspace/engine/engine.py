"""The engine: fires what is due, looks at datastores, starts runs, records all of it.

One thread decides and writes; runs (executor.py) and looks at folders (folder_polling.py) have
threads of their own and tell it what became of them. It sleeps until something is due or somebody
tells it something; whether another process has written to the file it asks SQLite twice a second,
which costs microseconds.

A tick is: take what is due, write fires, runs and "settled up to now" in one transaction, and only
then start anything. So what a crash interrupts was either recorded, and is started once when the
engine is back, or was not, and is recorded as missed.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from reconciler.document import schedule_from_document
from reconciler.model import DatastoreChange, Key, Schedule
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.engine.batch import Batches, split
from reconciler.workspace.engine.executor import Executor, Settings
from reconciler.workspace.engine.folder_polling import FolderPoller, Log, Message
from reconciler.workspace.engine.timetable import LATE, Due, Timed, Timetable
from reconciler.workspace.execution.orphans import end_orphans
from reconciler.workspace.store.database import StoreError
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.records import Fire, new_run, run_stamp
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import ScheduleRow, Store

CHECK_SECONDS = 0.5
"""How often the engine asks whether another process has written to the file."""
SETTLE_SECONDS = 60.0
"""How often an idle engine records that all is settled."""
RETRY_SECONDS = 5.0
"""How long the engine waits after its file could not be written."""
BACK = timedelta(seconds=1)
"""A clock that goes back by more than this was set."""


class Engine:
    """The engine of one workspace; `run` blocks until `stop` is called.

    Whoever runs it holds the workspace's lease.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        datastores: Mapping[str, Datastore],
        log: Log,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._settings = settings
        self._log = log
        self._clock = clock
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        tell = self._inbox.put
        self._ledger = Ledger(store.database)
        self._poller = FolderPoller(self._ledger, datastores, tell=tell, clock=clock, log=log)
        self._executor = Executor(store, settings, tell=tell, clock=clock, log=log)
        self._timetable = Timetable()
        self._bursts = Batches(self._ledger)
        self._owed: list[tuple[Due, list[Fire]]] = []
        """What was due of schedules that were changed right after that, until it is recorded."""
        self._schedules: dict[str, Schedule] = {}
        self._marks: dict[str, tuple[str, str]] = {}
        self._data_version: int | None = None
        self._stopping = False
        self._up_since = self._last = self._settled_at = clock()
        self._fired_until: datetime | None = None

    # ------------------------------------------------------------------------------------ the loop

    def run(self) -> None:
        """Fire, until `stop`; then wait for what runs, for the grace time, and end it."""
        self.start()
        while not self._stopping:
            try:
                self.tick()
                pause = self._pause()
            except StoreError as error:
                # A full disk, a file in use: nothing is lost, for nothing counts until recorded.
                self._log("workspace_failed", error=str(error), retry_seconds=RETRY_SECONDS)
                pause = RETRY_SECONDS
            self._wait(pause)
        self._shut_down()

    def stop(self) -> None:
        """End `run` soon. May be called from another thread or a signal handler."""
        self._stopping = True
        self._inbox.put(None)

    def start(self) -> None:
        """Settle what an engine before this one left behind, and read the schedules."""
        now = self._clock()
        ended = end_orphans(self._store.path)
        for name in Runs(self._store.database).abandon("the engine ended while it ran", now):
            self._log("run_abandoned", run=name, processes_ended=ended)
        reached = self._ledger.handled_until()
        self._timetable = Timetable(reached)
        # Where the clock was ahead, that engine got further than now.
        self._fired_until = min(reached, now) if reached is not None else None
        version = self._store.database.version_of_data()
        self._load()
        self._data_version = version
        self._bursts.recover(self._schedules)
        self._log("started", schedules=len(self._timetable), watched=len(self._poller))

    def tick(self) -> None:
        """One look at everything: messages, changes in the file, what is due, what can start."""
        while self._wait(0):
            pass
        self._executor.record()
        now = self._clock()
        self._notice_clock(now)
        self._notice_changes()
        self._fire(now)
        self._bursts.record(now)
        self._poller.start(now)
        if not self._stopping:
            self._executor.start(now)

    def _pause(self) -> float:
        """Seconds until something is due, at most until the file is to be asked again."""
        if self._bursts:
            return 0.0
        now = self._clock()
        instants = (self._timetable.next_at(), self._poller.next_at())
        due = [(instant - now).total_seconds() for instant in instants if instant is not None]
        return max(0.0, min([CHECK_SECONDS, *due]))

    def _wait(self, seconds: float) -> bool:
        """Sleep, or until somebody says something; whether somebody did."""
        try:
            message = self._inbox.get(timeout=seconds) if seconds else self._inbox.get_nowait()
        except queue.Empty:
            return False
        if message is not None:
            message()
        return True

    # ------------------------------------------------------------------------------- the schedules

    def _notice_changes(self) -> None:
        """What another process wrote: schedules that changed, runs to start or to cancel."""
        version = self._store.database.version_of_data()
        if version != self._data_version:
            self._load()
            self._executor.cancel_requested()
            self._data_version = version

    def _load(self) -> None:
        """Bring what is known up to the file: read what changed, forget what is gone."""
        marks = self._store.marks()
        running = self._data_version is not None
        changed = [name for name, mark in marks.items() if self._marks.get(name) != mark]
        rows = self._store.schedules(changed if running else None)
        gone = self._marks.keys() - marks.keys()
        # What is gone at once with another that began at the same instant was renamed to that.
        renamed = {self._marks[name][1] for name in gone}
        if running:
            self._take_owed(rows)
        for name in [*gone, *changed]:
            self._forget(name)
        for row in rows:
            before = self._marks.get(row.name)
            if row.document.get("is_enabled"):
                # One that begins while the engine runs may have begun before the last tick and
                # been written after it: nothing of it is settled yet.
                since = row.since.isoformat()
                known = since in renamed if before is None else before[1] == since
                begins = running and not known
                self._put(row, None if begins else self._fired_until)
        self._marks = marks

    def _take_owed(self, rows: Sequence[ScheduleRow]) -> None:
        """Keep what was due before a schedule was changed, and has not been recorded yet."""
        now = self._clock()
        in_time_from = max(now - LATE, self._up_since.replace(microsecond=0))
        for row in rows:
            if row.name in self._schedules:
                owed = self._timetable.take(row.name, min(row.modified_at, now), in_time_from)
                if owed is not None:
                    self._owed.append((owed, self._fires_of(owed)))

    def _put(self, row: ScheduleRow, settled_until: datetime | None) -> None:
        try:
            schedule = schedule_from_document(row.document, Key("", row.name))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self._log("schedule_damaged", schedule=row.name, error=repr(error))
            return
        self._schedules[row.name] = schedule
        trigger, since = schedule.trigger, row.since
        if isinstance(trigger, DatastoreChange):
            self._poller.put(schedule, trigger, since)
            return
        if since == row.created_at:
            # An interval counts from whole seconds, and its first fire is at the creation.
            since = since.replace(microsecond=0)
        self._timetable.put(Timed(row.name, trigger, row.created_at, since), settled_until)

    def _forget(self, name: str) -> None:
        self._schedules.pop(name, None)
        self._poller.remove(name)
        self._timetable.remove(name)

    # ---------------------------------------------------------------------------------------- time

    def _notice_clock(self, now: datetime) -> None:
        if now < self._last - BACK:
            self._log("clock_went_back", seconds=(self._last - now).total_seconds())
            self._timetable.rewind(self._last, now)
            self._poller.rewind(now)
            self._settled_at = self._fired_until = now
            self._up_since = min(self._up_since, now)
        self._last = now

    def _fire(self, now: datetime) -> None:
        """Record what is due by time, in one transaction."""
        due = self._timetable.due(now, self._up_since.replace(microsecond=0))
        if due or self._owed or (now - self._settled_at).total_seconds() >= SETTLE_SECONDS:
            bursts, rest = split(due)
            try:
                fires = [fire for _, fires in self._owed for fire in fires]
                fires += [fire for one in rest for fire in self._fires_of(one)]
                settled = self._ledger.settle(fires, until=now, now=now, bursts=bursts)
            except StoreError:
                for one in due:
                    self._timetable.owe(one)
                raise
            self._settled_at = now
            self._log_missed([*(one for one, _ in self._owed), *rest])
            self._owed.clear()
            for fire, run in settled.recorded:
                self._log("fired", run=run, schedule=fire.schedule)
            for name, instant in settled.due:
                self._log("fired", run=f"{name}-{run_stamp(instant)}", schedule=name)
            self._bursts.add(settled.due, self._schedules)
        self._fired_until = now

    def _fires_of(self, due: Due) -> list[Fire]:
        fires: list[Fire] = []
        if due.missed is not None:
            missed = due.missed
            # A key of its own: should the clock go back, what was missed may still be run.
            key = f"missed {missed.first.isoformat()}"
            fires.append(Fire(due.name, key, missed.first, None, missed.count))
        schedule = self._schedules[due.name]
        for instant in due.fires:
            run = new_run(schedule, "time", instant)
            fires.append(Fire(due.name, instant.isoformat(), instant, run))
        return fires

    def _log_missed(self, due: list[Due]) -> None:
        for one in due:
            if one.missed is not None:
                self._log(
                    "missed",
                    schedule=one.name,
                    number=one.missed.count,
                    first=one.missed.first.isoformat(),
                    last=one.missed.last.isoformat(),
                )

    # ------------------------------------------------------------------------------------ the end

    def _shut_down(self) -> None:
        """Tell running steps to end, wait for them, and record what became of them."""
        self._log("stopping", running=len(self._executor))
        self._poller.close()
        self._executor.cancel_all("the engine was stopped")
        deadline = time.monotonic() + self._settings.grace * 2 + 5
        while len(self._executor) and time.monotonic() < deadline:
            self._wait(1.0)
        try:
            self._executor.record()
            while self._bursts:
                self._bursts.record(self._clock())
            until = self._fired_until
            if until is not None:
                self._ledger.settle([], until=until, now=until)
        except StoreError as error:
            self._log("workspace_failed", error=str(error))
        self._store.close()
        self._log("stopped")
