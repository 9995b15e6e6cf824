"""What a machine does for runs: say whether an instant is a fire, and run steps."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio import activity

from reconciler import __version__
from reconciler.document import trigger_from_document
from reconciler.firing import next_fires
from reconciler.model import DatastoreChange
from reconciler.providers.temporal.specs.lowering import lower
from reconciler.providers.temporal.specs.spec import wakes
from reconciler.providers.temporal.store import CodeStore, Files, StoreError
from reconciler.system.file_access import make_folder
from reconciler.worker.orders import Begun, StepOrder, StepResult
from reconciler.worker.run_data import KnownData
from reconciler.worker.step_files import StepFiles
from reconciler.workspace.engine.executor import run_folder
from reconciler.workspace.execution.data import DataError, TargetData
from reconciler.workspace.execution.step_process import GRACE_SECONDS, Ended, StepProcess

_BEAT_SECONDS = 0.5
_CANCELED = "canceled"
_STOPPED = "its worker was stopped"


def verdict(document: Mapping[str, Any], created: datetime, at: datetime, asks: bool) -> str:
    """Whether a schedule fires at `at`; what is no time of its waking, somebody started."""
    trigger = trigger_from_document(document["trigger"])
    if isinstance(trigger, DatastoreChange) or not asks:
        return "fire"
    if at in next_fires(trigger, at - timedelta(seconds=1), at, created):
        return "fire"
    return "wake" if wakes(lower(trigger, created).spec, at) else "hand"


class Decider:
    """What runs ask of the worker that begins them."""

    def __init__(self, lost_after: float, data: KnownData) -> None:
        """`lost_after`: seconds without a word of a worker. `data`: what the target names."""
        self._lost_after = lost_after
        self._data = data

    @activity.defn(name="begin")
    async def begin(self, schedule: dict[str, Any], created: str, at: str, asks: bool) -> Begun:
        """The first question of a run."""
        instants = datetime.fromisoformat(created), datetime.fromisoformat(at)
        said = verdict(schedule, *instants, asks)
        return Begun(said, __version__, self._lost_after, self._data)


class Machine:
    """The steps that one worker runs."""

    def __init__(
        self,
        folder: Path,
        files: Files,
        environment: Mapping[str, str],
        *,
        grace: float = GRACE_SECONDS,
        name: str | None = None,
        data: TargetData | None = None,
    ) -> None:
        """`folder`: where runs keep their files on this machine. `environment`: what steps
        inherit. `name`: as which it is told of. `data`: where addresses lead.
        """
        self._data = data or TargetData({}, {}, folder)
        self._folder = folder
        self._files = files
        self._code = CodeStore(files)
        self._environment = dict(environment)
        self._grace = grace
        self._name = name or socket.gethostname()

    @activity.defn(name="run_step")
    async def run_step(self, order: StepOrder) -> StepResult:
        """Run it, tell that it lives, and keep what it prints where others can read it."""
        step = StepFiles(
            order, run_folder(self._folder, order.run), self._files, self._code, self._data
        )
        told = _Told()
        beating = asyncio.create_task(_beat())
        try:
            try:
                await told.during(asyncio.to_thread(step.prepare))
            except (StoreError, DataError, OSError, ValueError) as error:
                return self._result(Ended(None, _words(error, "its folder cannot be made")))
            if told.reason is not None:
                return self._kept_none(told.reason)
            process = self._process(order, step)
            told.heard = process.end
            ended = asyncio.create_task(asyncio.to_thread(process.run))
            logs = asyncio.create_task(step.keep_log(ended))
            await told.during(ended)
            await told.during(logs)
            return await self._kept(step, ended.result(), told)
        finally:
            beating.cancel()

    def _kept_none(self, reason: str) -> StepResult:
        """Of a step that was told to end before it began."""
        result = self._result(Ended(None, reason))
        result.canceled = reason == _CANCELED
        return result

    def _process(self, order: StepOrder, step: StepFiles) -> StepProcess:
        make_folder(step.log.parent, "owner")
        return StepProcess(
            order.script,
            folder=step.work,
            log=step.log,
            environment={**self._environment, "RECONCILER_RUN": order.run, **step.environment},
            timeout=order.timeout,
            grace=self._grace,
        )

    async def _kept(self, step: StepFiles, ended: Ended, told: _Told) -> StepResult:
        """What it made is in the store; else it has failed."""
        notes = [note for note in (ended.log_note, ended.left_note, step.log_note) if note]
        result = self._result(ended, notes)
        result.canceled = ended.reason is not None and ended.reason == told.reason == _CANCELED
        if ended.exit_code == 0 and ended.reason is None:
            try:
                await told.during(asyncio.to_thread(step.send))
            except (StoreError, DataError, OSError) as error:
                result.reason = _words(error, "what it made cannot be kept")
        return result

    def _result(self, ended: Ended, notes: list[str] | None = None) -> StepResult:
        return StepResult(
            ended.exit_code,
            ended.reason,
            worker=self._name,
            version=__version__,
            notes=notes or [],
        )


class _Told:
    """Whether a step was told to end: nothing that it does is cut short in the middle."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.heard: Callable[[str], None] = lambda reason: None

    async def during(self, work: Awaitable[Any]) -> Any:
        """The result of `work`; who tells the step to end meanwhile is heard."""
        task = asyncio.ensure_future(work)
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                if task.cancelled():
                    raise
                self.reason = self.reason or _why_told()
                self.heard(self.reason)
            except Exception:
                break  # of the work itself, and said below
        return task.result()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(_BEAT_SECONDS)


def _why_told() -> str:
    details = activity.cancellation_details()
    if details is not None and (details.cancel_requested or details.not_found):
        return _CANCELED
    return _STOPPED


def _words(error: Exception, what: str) -> str:
    if isinstance(error, StoreError | DataError):
        return str(error)
    why = (isinstance(error, OSError) and error.strerror) or str(error)
    return f"{what}: {why}"
