"""The engine: fires what is due, looks at datastores, starts runs, records all of it.

One thread decides and writes; runs and looks have threads of their own and tell it what became of
them. It sleeps until something is due or somebody tells it something; whether another process has
written to the file it asks SQLite twice a second, which costs microseconds.

A tick is: take what is due, write fires, runs and "settled up to now" in one transaction, and only
then start anything. So what a crash interrupts was either recorded, and is started once when the
engine is back, or was not, and is recorded as missed.
"""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.document import schedule_from_document
from reconciler.model import DatastoreChange, Key, Schedule, data_path_of
from reconciler.workspace.database import Refused, StoreError
from reconciler.workspace.jobs import Context, JobError, plan_run
from reconciler.workspace.ledger import Cause, Fire, Ledger, NewRun, RunRow
from reconciler.workspace.orphans import end_orphans
from reconciler.workspace.process import GRACE_SECONDS
from reconciler.workspace.references import split_reference
from reconciler.workspace.runner import Report, Run, RunReport, StepReport
from reconciler.workspace.store import ScheduleRow, Store
from reconciler.workspace.timetable import Due, Timed, Timetable
from reconciler.workspace.watch import Changes, Datastore, Listed, Seen, WatchError, changes

Log = Callable[..., None]
"""(event, **fields): one structured line for each decision."""

CHECK_SECONDS = 0.5
"""How often the engine asks whether another process has written to the file."""
SETTLE_SECONDS = 60.0
"""How often an idle engine records that all is settled."""
RESETTLE_SECONDS = 2.0
"""How soon a folder is looked at again in which a file is still being written."""
RETRY_SECONDS = 5.0
"""How long the engine waits after its file could not be written."""
LONGEST_BACKOFF = timedelta(hours=1)
NEVER = datetime.max.replace(tzinfo=UTC)
BACK = timedelta(seconds=1)
"""A clock that goes back by more than this was set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How an engine runs."""

    max_runs: int = 4
    """Runs at the same time; further ones wait."""
    grace: float = GRACE_SECONDS
    """Seconds that running steps have when the engine stops."""


@dataclass(slots=True)
class _Watched:
    """A schedule that fires on changes."""

    schedule: Schedule
    since: datetime
    next_look: datetime
    failures: int = 0


class Engine:
    """The engine of one workspace; `run` blocks until `stop` is called."""

    def __init__(
        self,
        store: Store,
        *,
        runs_folder: Path,
        base: Path,
        datastores: Mapping[str, Datastore],
        environment: Mapping[str, str],
        log: Log,
        settings: Settings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`base`: what published paths are relative to. `environment`: what steps inherit."""
        self._store = store
        self._ledger = Ledger(store.database)
        self._runs_folder = runs_folder
        self._base = base
        self._datastores = datastores
        self._environment = dict(environment)
        self._log = log
        self._settings = settings or Settings()
        self._clock = clock
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._timetable = Timetable()
        self._watched: dict[str, _Watched] = {}
        self._looks: list[tuple[datetime, str]] = []
        self._known: dict[str, tuple[str, str]] = {}
        self._schedules: dict[str, Schedule] = {}
        self._running: dict[str, Run] = {}
        self._reports: list[StepReport | RunReport] = []
        self._lookers = ThreadPoolExecutor(4, thread_name_prefix="look")
        self._last = self._settled_at = clock()
        self._fired_at: datetime | None = None
        self._data_version = -2

    # ------------------------------------------------------------------------------------ the loop

    def run(self) -> None:
        """Fire, until `stop`; then wait for what runs, for the grace time, and end it."""
        self.start()
        while not self._stopping.is_set():
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
        self._stopping.set()
        self._inbox.put(None)

    def start(self) -> None:
        """Settle what an engine before this one left behind, and read the schedules."""
        now = self._clock()
        ended = end_orphans(self._store.path)
        for name in self._ledger.abandon("the engine ended while it ran", now):
            self._log("run_abandoned", run=name, processes_ended=ended)
        self._data_version = self._store.database.version_of_data()
        self._fired_at = self._ledger.handled_until()
        self._load()
        self._log("started", schedules=len(self._timetable), watched=len(self._watched))

    def tick(self) -> None:
        """One look at everything: messages, changes in the file, what is due, what can start."""
        self._take_messages()
        now = self._clock()
        self._notice_clock(now)
        self._notice_changes()
        self._fire(now)
        self._look(now)
        self._start_runs(now)

    def _pause(self) -> float:
        """Seconds until something is due, at most until the file is to be asked again."""
        now = self._clock()
        instants = [self._timetable.next_at(), self._looks[0][0] if self._looks else None]
        due = [(instant - now).total_seconds() for instant in instants if instant is not None]
        return max(0.0, min([CHECK_SECONDS, *due]))

    def _wait(self, seconds: float) -> None:
        """Sleep, or until somebody says something."""
        try:
            message = self._inbox.get(timeout=seconds) if seconds else self._inbox.get_nowait()
        except queue.Empty:
            return
        if message is not None:
            message()

    def _take_messages(self) -> None:
        while True:
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                break
            if message is not None:
                message()
        if self._reports:
            # Taken out only once they are written, for writing may fail and be tried again.
            self._ledger.report(self._reports)
            self._reports.clear()

    # ------------------------------------------------------------------------------- the schedules

    def _notice_changes(self) -> None:
        """What another process wrote: schedules that changed, runs to start or to cancel."""
        version = self._store.database.version_of_data()
        if version == self._data_version:
            return
        self._load()
        for name, reason in self._ledger.canceled().items():
            if name in self._running:
                self._log("run_canceled", run=name, reason=reason)
                self._running[name].cancel(reason)
        self._data_version = version

    def _load(self) -> None:
        """Bring what is known up to the file: read what changed, forget what is gone."""
        marks = self._store.marks()
        for name in [name for name in self._known if name not in marks]:
            self._forget(name)
            del self._known[name]
        changed = [name for name, mark in marks.items() if self._known.get(name) != mark]
        running = bool(self._known)
        for row in self._store.schedules(changed if running else None):
            before = self._known.get(row.name)
            self._forget(row.name)
            if row.document.get("is_enabled"):
                # One that begins while the engine runs may have begun before the last tick and
                # been written after it: nothing of it is settled yet.
                begins = running and (before is None or before[1] != row.since.isoformat())
                self._put(row, None if begins else self._fired_at)
            self._known[row.name] = marks.get(row.name, ("", ""))

    def _put(self, row: ScheduleRow, settled_until: datetime | None) -> None:
        schedule = schedule_from_document(row.document, Key("", row.name))
        self._schedules[row.name] = schedule
        trigger = schedule.trigger
        if isinstance(trigger, DatastoreChange):
            watched = self._watched[row.name] = _Watched(schedule, row.since, row.since)
            self._look_again(row.name, watched, row.since)
            return
        since = row.since
        if since == row.created_at:
            # An interval counts from whole seconds, and its first fire is at the creation.
            since = since.replace(microsecond=0)
        timed = Timed(row.name, trigger, row.created_at, since)
        self._timetable.put(timed, settled_until or datetime.min.replace(tzinfo=UTC))

    def _forget(self, name: str) -> None:
        self._schedules.pop(name, None)
        self._watched.pop(name, None)
        self._timetable.remove(name)

    # ---------------------------------------------------------------------------------------- time

    def _notice_clock(self, now: datetime) -> None:
        if now < self._last - BACK:
            self._log("clock_went_back", seconds=(self._last - now).total_seconds())
            # Fires that come again are recorded already, under the same instant.
            self._timetable.rewind(now)
            self._settled_at = self._fired_at = now
        self._last = now

    def _fire(self, now: datetime) -> None:
        """Record what is due by time, in one transaction."""
        due = self._timetable.due(now)
        idle = (now - self._settled_at).total_seconds()
        if not due and idle < SETTLE_SECONDS:
            self._fired_at = now
            return
        fires = [fire for one in due for fire in self._fires_of(one)]
        try:
            names = self._ledger.settle(fires, until=now, now=now)
        except StoreError:
            self._undo(due)
            raise
        self._settled_at = self._fired_at = now
        for one in due:
            if one.missed is not None:
                self._log(
                    "missed",
                    schedule=one.name,
                    number=one.missed.count,
                    first=one.missed.first.isoformat(),
                    last=one.missed.last.isoformat(),
                )
        for name in names:
            self._log("fired", run=name)

    def _fires_of(self, due: Due) -> list[Fire]:
        fires: list[Fire] = []
        if due.missed is not None:
            missed = due.missed
            fires.append(Fire(due.name, missed.first.isoformat(), missed.first, None, missed.count))
        for instant in due.fires:
            run = self._new_run(due.name, instant, "time")
            fires.append(Fire(due.name, instant.isoformat(), instant, run))
        return fires

    def _undo(self, due: list[Due]) -> None:
        """What could not be recorded is due again."""
        for one in due:
            first = one.missed.first if one.missed is not None else one.fires[0]
            self._timetable.owe(one.name, first)

    def _new_run(
        self, name: str, due_at: datetime, cause: Cause, file: Listed | None = None
    ) -> NewRun:
        schedule = self._schedules[name]
        job = schedule.job
        pipeline, version = split_reference(job.reference)
        inputs = dict(job.inputs)
        data_path = data_path_of(schedule.trigger)
        if file is not None and data_path is not None:
            inputs[data_path] = file.path
        return NewRun(
            schedule=name,
            experiment=job.experiment_name or name,
            pipeline=pipeline,
            version=version,
            cause=cause,
            due_at=due_at,
            inputs=inputs,
            go_on=job.continue_on_step_failure,
            data_path=file.path if file is not None else None,
        )

    # ------------------------------------------------------------------------------------ the data

    def _look(self, now: datetime) -> None:
        """Start the looks at datastores that are due."""
        while self._looks and self._looks[0][0] <= now:
            at, name = heapq.heappop(self._looks)
            watched = self._watched.get(name)
            if watched is not None and watched.next_look == at:
                watched.next_look = NEVER  # until this look has ended
                self._lookers.submit(self._look_at, name, watched)

    def _look_again(self, name: str, watched: _Watched, at: datetime) -> None:
        watched.next_look = at
        heapq.heappush(self._looks, (at, name))

    def _look_at(self, name: str, watched: _Watched) -> None:
        """In a thread of its own: list the folder, and hand what was found to the engine."""
        trigger = watched.schedule.trigger
        assert isinstance(trigger, DatastoreChange)
        datastore = self._datastores.get(trigger.datastore)
        try:
            if datastore is None:
                raise WatchError(f'there is no datastore "{trigger.datastore}" in this target')
            listed = datastore.list(trigger.path_on_datastore)
        except WatchError as error:
            problem = str(error)
            self._inbox.put(lambda: self._look_failed(name, watched, problem))
            return
        self._inbox.put(lambda: self._looked(name, watched, datastore, listed))

    def _looked(
        self, name: str, watched: _Watched, datastore: Datastore, listed: list[Listed]
    ) -> None:
        if self._watched.get(name) is not watched:
            return  # disabled or changed meanwhile
        now = self._clock()
        trigger = watched.schedule.trigger
        assert isinstance(trigger, DatastoreChange)
        pause = timedelta(minutes=trigger.polling_interval)
        since = _watch_key(watched)
        try:
            cursor = self._ledger.cursor(name, since)
            found = changes(
                listed,
                cursor,
                since=watched.since,
                now=now,
                settle=datastore.is_local,
                digest_of=datastore.digest,
            )
            self._settle_look(name, since, found, cursor, now)
            watched.failures = 0
        except StoreError as error:
            self._log("workspace_failed", error=str(error), retry_seconds=RETRY_SECONDS)
            pause = timedelta(seconds=RETRY_SECONDS)
        else:
            if found.unsettled:
                pause = min(pause, timedelta(seconds=RESETTLE_SECONDS))
        self._look_again(name, watched, now + pause)

    def _settle_look(
        self,
        name: str,
        since: str,
        found: Changes,
        cursor: Mapping[str, Seen] | None,
        now: datetime,
    ) -> None:
        fires = [
            Fire(
                name,
                f"{file.path}\n{file.stamp}",
                now,
                self._new_run(name, now, "data", file),
            )
            for file in found.fired
        ]
        names = self._ledger.settle_look(name, since, fires, found.cursor, now=now)
        if cursor is None:
            self._log("watching", schedule=name, files=len(found.cursor))
        for run, file in zip(names, found.fired, strict=False):
            self._log("fired", run=run, schedule=name, path=file.path)

    def _look_failed(self, name: str, watched: _Watched, problem: str) -> None:
        if self._watched.get(name) is not watched:
            return
        now = self._clock()
        trigger = watched.schedule.trigger
        assert isinstance(trigger, DatastoreChange)
        try:
            watched.failures = self._ledger.look_failed(name, problem, now)
        except StoreError as error:
            self._log("workspace_failed", error=str(error))
            watched.failures += 1
        interval = timedelta(minutes=trigger.polling_interval)
        pause = max(interval, min(interval * 2 ** min(watched.failures - 1, 10), LONGEST_BACKOFF))
        self._log(
            "look_failed",
            schedule=name,
            error=problem,
            failures=watched.failures,
            again_in_seconds=pause.total_seconds(),
        )
        self._look_again(name, watched, now + pause)

    # ------------------------------------------------------------------------------------ the runs

    def _start_runs(self, now: datetime) -> None:
        free = self._settings.max_runs - len(self._running)
        if free <= 0 or self._stopping.is_set():
            return
        for row in self._ledger.waiting(free):
            if self._ledger.begin(row.name, now):
                self._start_run(row)

    def _start_run(self, row: RunRow) -> None:
        folder = self.folder_of(row.name)
        try:
            run = self._prepare(row, folder)
        except (JobError, OSError, ValueError) as error:
            what = str(error) if not isinstance(error, OSError) else f"{error.strerror}: {folder}"
            self._log("run_failed", run=row.name, error=what)
            self._reports.append(RunReport(row.name, "Failed", self._clock(), what))
            self._inbox.put(None)
            return
        self._running[row.name] = run
        self._log("run_started", run=row.name, cause=row.cause)
        thread = threading.Thread(target=run.execute, name=row.name, daemon=True)
        thread.start()

    def _prepare(self, row: RunRow, folder: Path) -> Run:
        found = self._store.version(row.pipeline, row.version)
        if found is None:
            raise JobError(f'the pipeline "{row.pipeline}" has no version "{row.version}"')
        context = Context(row.name, row.due_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        plan = plan_run(
            found.document,
            row.inputs,
            context,
            str(folder),
            continue_on_step_failure=row.go_on,
        )
        folder.mkdir(parents=True, exist_ok=True)
        return Run(
            row.name,
            plan,
            folder,
            environment={
                **self._environment,
                "RECONCILER_RUN": row.name,
                "RECONCILER_WORKSPACE": str(self._store.path.resolve()),
            },
            report=self._reporter(),
            code_folder=(self._base / found.path).parent,
            grace=self._settings.grace,
        )

    def _reporter(self) -> Report:
        """Called from the threads of runs: hands each report to the engine's own."""

        def report(what: StepReport | RunReport) -> None:
            self._inbox.put(lambda: self._reported(what))

        return report

    def _reported(self, what: StepReport | RunReport) -> None:
        self._reports.append(what)
        if isinstance(what, RunReport):
            self._running.pop(what.run, None)
            self._log("run_ended", run=what.run, status=what.status, message=what.message)
        elif what.status in ("Failed", "Canceled"):
            self._log(
                "step_ended",
                run=what.run,
                step=what.step,
                status=what.status,
                message=what.message,
            )

    def folder_of(self, run: str) -> Path:
        """Where a run keeps its files."""
        return run_folder(self._runs_folder, run)

    def _shut_down(self) -> None:
        """Tell running steps to end, wait for them, and record what became of them."""
        self._log("stopping", running=len(self._running))
        for run in self._running.values():
            run.cancel("the engine was stopped")
        self._lookers.shutdown(wait=False, cancel_futures=True)
        deadline = datetime.now(UTC) + timedelta(seconds=self._settings.grace * 2 + 5)
        while self._running and datetime.now(UTC) < deadline:
            self._wait(1.0)
        try:
            self._take_messages()
            self._ledger.settle([], until=self._clock(), now=self._clock())
        except (StoreError, Refused) as error:
            self._log("workspace_failed", error=str(error))
        self._log("stopped")


def run_folder(runs: Path, name: str) -> Path:
    """The folder of a run. A file's name has at most 255 bytes, a run's may have more."""
    if len(name) <= 200:
        return runs / name
    import hashlib

    return runs / f"{name[:150]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _watch_key(watched: _Watched) -> str:
    """What a cursor belongs to: another datastore, path or enabling begins a new one."""
    trigger = watched.schedule.trigger
    assert isinstance(trigger, DatastoreChange)
    return f"{watched.since.isoformat()} {trigger.datastore}/{trigger.path_on_datastore}"
