"""The steps of one run -> processes, in the order of what they need.

Independent steps run at once. When one fails, those that need it are skipped; the others go on
only if the run is to continue on a step's failure, else they are canceled, as in Azure.
"""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from reconciler.system.file_access import ReadableBy, make_folder
from reconciler.workspace.execution.data import DataError, TargetData
from reconciler.workspace.execution.run_bindings import FOLDERS_OF_STEPS, STEPS
from reconciler.workspace.execution.run_code import CodeError, RunCode
from reconciler.workspace.execution.step_process import GRACE_SECONDS, Ended, StepProcess
from reconciler.workspace.execution.steps import RunPlan, Step
from reconciler.workspace.store.records import RunReport, Status, StepReport

FINAL: tuple[Status, ...] = ("Completed", "Failed", "Canceled", "Skipped")

_BROKEN: frozenset[Status] = frozenset({"Failed", "Canceled", "Skipped"})
"""What those that need a step cannot run after."""


Report = Callable[[StepReport | RunReport], None]


class Run:
    """One run. `execute` blocks until it has ended; `cancel` may be called from another thread."""

    def __init__(
        self,
        name: str,
        plan: RunPlan,
        folder: Path,
        *,
        environment: Mapping[str, str],
        report: Report,
        code: RunCode | None = None,
        data: TargetData | None = None,
        grace: float = GRACE_SECONDS,
        readable_by: ReadableBy = "owner",
    ) -> None:
        """`code`: what the steps run, if any has code; `data`: where its addresses lead.
        `environment`: what steps inherit.
        `report` is called from the threads of the run.
        """
        self.name = name
        self.plan = plan
        self.folder = folder
        self._environment = dict(environment)
        self._report = report
        self._code = code
        self._data = data
        self._grace = grace
        self._readable_by: ReadableBy = readable_by
        self._ended: queue.SimpleQueue[tuple[Step, Ended]] = queue.SimpleQueue()
        self._processes: dict[str, StepProcess] = {}
        self._statuses: dict[str, Status] = {}
        self._lock = threading.Lock()
        self._bringing = threading.Lock()
        self._brought: set[str] = set()
        self._canceled: str | None = None
        self._stopped: str | None = None
        """Why no step is started any more, and those that run are ended."""
        self._failed: list[str] = []
        self._cut_short = False

    def execute(self) -> RunReport:
        """Run every step that can be run; the report of the whole is returned and reported."""
        self._statuses = {step.name: "NotStarted" for step in self.plan.steps}
        running = 0
        while True:
            running += self._start_ready()
            if not running:
                break
            step, ended = self._ended.get()
            running -= 1
            self._finish(step, ended)
        done = self._outcome()
        self._report(done)
        return done

    def cancel(self, reason: str) -> None:
        """End the steps that run, and start no others."""
        with self._lock:
            self._canceled = self._canceled or reason
        self._stop(reason)

    def _stop(self, reason: str) -> None:
        with self._lock:
            self._stopped = self._stopped or reason
            processes = list(self._processes.values())
        for process in processes:
            process.end(reason)

    # ---------------------------------------------------------------------------------- steps

    def _start_ready(self) -> int:
        """Start what can be; skip what never can be. How many were started."""
        started = 0
        settled = False
        while not settled:
            settled = True
            for step in self.plan.steps:
                if self._statuses[step.name] != "NotStarted":
                    continue
                needed = {self._statuses[name] for name in step.needs}
                if self._stopped is not None or needed & _BROKEN:
                    self._set(step, "Skipped", message=self._why_skipped(step))
                    settled = False  # those that need it are skipped as well
                elif needed <= {"Completed"}:
                    self._start(step)
                    started += 1
        return started

    def _why_skipped(self, step: Step) -> str:
        broken = [name for name in sorted(step.needs) if self._statuses[name] in _BROKEN]
        failed = any(self._statuses[name] == "Failed" for name in broken)
        if self._canceled is not None and not failed:
            self._cut_short = True
            return self._canceled
        return f"it needs {', '.join(broken)}" if broken else f"{self._failed[0]} failed"

    def _start(self, step: Step) -> None:
        self._set(step, "Running")
        threading.Thread(
            target=self._run_step, args=(step,), name=f"{self.name}/{step.name}", daemon=True
        ).start()

    def _run_step(self, step: Step) -> None:
        # A bug must not leave the run waiting for ever; its traceback is shown by the thread.
        ended = Ended(None, "it could not be run, by an error of reconciler")
        try:
            ended = self._run_process(step)
        finally:
            self._ended.put((step, ended))

    def _run_process(self, step: Step) -> Ended:
        try:
            if self._data is not None:
                for fetch in step.fetches:
                    self._data.fetch(fetch)
            self._bring(step)
            folder = self._prepare(step)
        except (CodeError, DataError) as error:
            return Ended(None, str(error))
        except (OSError, ValueError) as error:
            return Ended(None, f"its folder cannot be made: {_words(error)}")
        process = StepProcess(
            step.script,
            folder=folder,
            log=log_path(self.folder, step.name),
            environment={**self._environment, **step.environment},
            timeout=step.timeout,
            grace=self._grace,
            readable_by=self._readable_by,
        )
        with self._lock:
            if self._stopped is not None:
                return Ended(None, self._stopped)
            self._processes[step.name] = process
        try:
            return self._sent(step, process.run())
        finally:
            with self._lock:
                del self._processes[step.name]

    def _bring(self, step: Step) -> None:
        """Have the local data of the version there, once for all steps."""
        if self._code is None:
            return
        with self._bringing:
            for wanted in step.brings:
                if wanted.folder not in self._brought:
                    self._code.copy(wanted.key, Path(wanted.folder))
                    self._brought.add(wanted.folder)

    def _sent(self, step: Step, ended: Ended) -> Ended:
        """What a step made is where it was declared; else it has failed."""
        if ended.exit_code != 0 or ended.reason is not None or self._data is None:
            return ended
        try:
            for send in step.sends:
                self._data.send(send)
        except DataError as error:
            return replace(ended, reason=str(error))
        return ended

    def _prepare(self, step: Step) -> Path:
        """The folder that the step runs in, with a copy of its code; and those of its outputs."""
        make_folder(self.folder, self._readable_by)
        folder = self.folder / STEPS / step.name
        make_folder(folder, self._readable_by)
        if step.code is not None and self._code is not None:
            self._code.copy(step.code, folder)
        for name in FOLDERS_OF_STEPS:
            make_folder(folder / name, self._readable_by)
        make_folder(log_path(self.folder, step.name).parent, self._readable_by)
        for name, path in step.outputs.items():
            output = Path(path)
            made = output.parent if name in step.output_files else output
            if made.is_relative_to(self.folder):
                make_folder(made, self._readable_by)
            else:
                made.mkdir(parents=True, exist_ok=True)
        return folder

    def _finish(self, step: Step, ended: Ended) -> None:
        status: Status
        message = (
            "; ".join(note for note in (ended.reason or ended.log_note, ended.left_note) if note)
            or None
        )
        if ended.exit_code == 0 and ended.reason is None:
            status = "Completed"
        elif ended.reason is not None and ended.reason in (self._canceled, _OTHER_FAILED):
            status = "Canceled"
            self._cut_short = self._cut_short or ended.reason == self._canceled
        else:
            status = "Failed"
            self._failed.append(step.name)
            if ended.reason is None and ended.exit_code is not None:
                notes = (exit_words(ended.exit_code), ended.log_note, ended.left_note)
                message = "; ".join(note for note in notes if note)
        self._set(step, status, ended.exit_code, message)
        if status == "Failed" and not self.plan.continue_on_step_failure:
            self._stop(_OTHER_FAILED)

    def _set(
        self,
        step: Step,
        status: Status,
        exit_code: int | None = None,
        message: str | None = None,
    ) -> None:
        self._statuses[step.name] = status
        self._report(
            StepReport(self.name, step.name, status, datetime.now(UTC), exit_code, message)
        )

    def _outcome(self) -> RunReport:
        now = datetime.now(UTC)
        if self._cut_short:
            return RunReport(self.name, "Canceled", now, self._canceled)
        if self._failed:
            return RunReport(self.name, "Failed", now, f"failed: {', '.join(self._failed)}")
        return RunReport(self.name, "Completed", now)


_OTHER_FAILED = "canceled: another step failed"


def exit_words(code: int) -> str:
    """How a step ended that did not succeed; negative: by that signal."""
    if code < 0:
        return f"ended by signal {-code}"
    meaning = {126: " (the command cannot be run)", 127: " (the command was not found)"}
    return f"exit code {code}{meaning.get(code, '')}"


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, shutil.Error):
        source, _, why = error.args[0][0]
        return f"{why} ({source})"
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)


def log_path(folder: Path, step: str) -> Path:
    """Where the output of a step is kept."""
    return folder / "logs" / f"{step}.log"


def remove_run(folder: Path) -> None:
    """Remove what a run has kept; nothing if it kept nothing."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
