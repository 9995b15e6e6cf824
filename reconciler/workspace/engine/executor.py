"""Recorded runs -> running ones: started in their order, up to a limit, and reported.

All of it happens in the engine's thread, but for the runs themselves, each in one of its own, which
reads the steps of its job and runs them; they `tell` the engine's what became of them.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.system.file_access import ReadableBy, make_folder
from reconciler.workspace.engine.folder_polling import Log, Message
from reconciler.workspace.engine.published_code import PublishedCode
from reconciler.workspace.execution.data import TargetData
from reconciler.workspace.execution.run_code import WorkingTree
from reconciler.workspace.execution.run_inputs import Context, JobError
from reconciler.workspace.execution.runner import Run
from reconciler.workspace.execution.step_process import GRACE_SECONDS
from reconciler.workspace.execution.steps import plan_run
from reconciler.workspace.store.records import RunReport, RunRow, StepReport
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import Store
from reconciler.workspace.store.stored_version import StoredVersion, fetch_version


@dataclass(frozen=True, slots=True)
class Settings:
    """How runs are run."""

    runs_folder: Path
    """Where they keep their files."""
    base: Path
    """What published paths are relative to."""
    environment: Mapping[str, str]
    """What steps inherit."""
    max_runs: int = 4
    """Runs at the same time; further ones wait."""
    grace: float = GRACE_SECONDS
    """Seconds that running steps have when they are told to end."""
    readable_by: ReadableBy = "owner"
    """Who may read the folders and the logs of runs."""
    data: TargetData | None = None
    """Where addresses of data lead."""


class Executor:
    """The running runs of one workspace."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        tell: Callable[[Message | None], None],
        clock: Callable[[], datetime],
        log: Log,
    ) -> None:
        self._store = store
        self._runs = Runs(store.database)
        self._settings = settings
        self._tell = tell
        self._clock = clock
        self._log = log
        self._running: dict[str, _Started] = {}
        self._reports: list[StepReport | RunReport] = []

    def __len__(self) -> int:
        return len(self._running)

    def start(self, now: datetime) -> None:
        """Start what waits, as far as there is room."""
        free = self._settings.max_runs - len(self._running)
        for row in self._runs.waiting(free) if free > 0 else []:
            found = fetch_version(self._store.database, row.pipeline, row.version)
            if found is None:
                why = f'the pipeline "{row.pipeline}" has no version "{row.version}"'
                self._fail(row, why, now)
            # Marked before anything of it is started: a crash from here on never starts it twice.
            elif self._runs.begin(row.name, now):
                self._start(row, found, now)

    def cancel_requested(self) -> None:
        """Tell runs to end that somebody wants ended."""
        for name, reason in self._runs.cancel_requests().items():
            if name in self._running:
                self._log("run_canceled", run=name, reason=reason)
                self._running[name].cancel(reason)

    def cancel_all(self, reason: str) -> None:
        """Tell every run to end."""
        for run in self._running.values():
            run.cancel(reason)

    def record(self) -> None:
        """Record what runs have told. It is kept until it is written, for that may fail."""
        if self._reports:
            self._runs.report(self._reports)
            self._reports.clear()

    # ------------------------------------------------------------------------------------ starting

    def _start(self, row: RunRow, found: StoredVersion, now: datetime) -> None:
        folder = run_folder(self._settings.runs_folder, row.name)
        started = _Started(lambda: self._run_of(row, found, folder))
        thread = threading.Thread(
            target=self._execute, args=(row, started), name=row.name, daemon=True
        )
        try:
            make_folder(folder, self._settings.readable_by)
            thread.start()
        except OSError as error:
            self._fail(row, f"{folder}: {error.strerror}", now)
        except RuntimeError as error:  # no further thread can be had
            self._fail(row, str(error), now)
        else:
            self._running[row.name] = started
            self._log("run_started", run=row.name, cause=row.cause)

    def _run_of(self, row: RunRow, found: StoredVersion, folder: Path) -> Run:
        """The run with its steps; JobError where there are none. Reading a job takes a while."""
        job_folder = (self._settings.base / found.path).parent
        try:
            document, code = found.parse()
        except ValueError as error:
            why = f'the pipeline "{row.pipeline}" is damaged in its version "{row.version}"'
            raise JobError(why) from error
        plan = plan_run(
            document,
            row.inputs,
            Context(row.name, row.due_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
            str(folder),
            continue_on_step_failure=row.go_on,
            base=str(job_folder),
            data=self._settings.data,
            held={key: one.single_file for key, one in code.items()},
        )
        return Run(
            row.name,
            plan,
            folder,
            environment={
                **self._settings.environment,
                "RECONCILER_RUN": row.name,
                "RECONCILER_WORKSPACE": str(self._store.path.resolve()),
            },
            report=self._hear,
            code=PublishedCode(
                self._store.code, code, WorkingTree(job_folder, self._settings.runs_folder)
            ),
            data=self._settings.data,
            grace=self._settings.grace,
            readable_by=self._settings.readable_by,
        )

    def _fail(self, row: RunRow, why: str, now: datetime) -> None:
        self._log("run_failed", run=row.name, error=why)
        self._runs.report([RunReport(row.name, "Failed", now, why)])

    # ------------------------------------------------------------------------------------- hearing

    def _execute(self, row: RunRow, started: _Started) -> None:
        """In a thread of its own."""
        try:
            run = started.begin()
        except JobError as error:
            why = str(error)
            self._tell(lambda: self._refused(row, why))
            return
        except BaseException as error:
            self._broke(row.name, error)
            raise
        try:
            run.execute()
        except BaseException as error:
            self._broke(row.name, error)
            raise

    def _broke(self, name: str, error: BaseException) -> None:
        """A bug, or no memory: the run must not stay Running for ever."""
        self._hear(RunReport(name, "Failed", self._clock(), f"it broke: {error!r}"))

    def _refused(self, row: RunRow, why: str) -> None:
        self._running.pop(row.name, None)
        self._log("run_failed", run=row.name, error=why)
        self._reports.append(RunReport(row.name, "Failed", self._clock(), why))

    def _hear(self, report: StepReport | RunReport) -> None:
        """Called from the threads of runs."""
        self._tell(lambda: self._reported(report))

    def _reported(self, report: StepReport | RunReport) -> None:
        self._reports.append(report)
        if isinstance(report, RunReport):
            self._running.pop(report.run, None)
            self._log("run_ended", run=report.run, status=report.status, message=report.message)
        elif report.status in ("Failed", "Canceled"):
            self._log(
                "step_ended",
                run=report.run,
                step=report.step,
                status=report.status,
                message=report.message,
            )


class _Started:
    """A run whose thread is at work; its steps may not have been read yet."""

    def __init__(self, make: Callable[[], Run]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._canceled: str | None = None

    def begin(self) -> Run:
        """Read the steps; JobError where it cannot be run. In the run's own thread."""
        run = self._make()
        with self._lock:
            self._run = run
            canceled = self._canceled
        if canceled is not None:
            run.cancel(canceled)
        return run

    def cancel(self, reason: str) -> None:
        """Tell it to end."""
        with self._lock:
            self._canceled = self._canceled or reason
            run = self._run
        if run is not None:
            run.cancel(reason)


_LONGEST_FILE_NAME = 255
"""Bytes, on every usual file system."""


def run_folder(runs: Path, name: str) -> Path:
    """The folder of a run, whose name may be longer than that of a file."""
    encoded = name.encode("utf-8", "surrogatepass")
    if len(name) <= 200 and len(encoded) <= _LONGEST_FILE_NAME:
        return runs / name
    digest = hashlib.sha256(encoded).hexdigest()[:16]
    return runs / f"{encoded[:150].decode('utf-8', 'ignore')}-{digest}"
