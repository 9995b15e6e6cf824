"""A worker: its connections to the task queues of a target, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.providers.temporal.connection import Connection
from reconciler.providers.temporal.queues.names import looks_queue_of, queue_of
from reconciler.worker.orders import LOST_AFTER_SECONDS
from reconciler.worker.run_data import KnownData

if TYPE_CHECKING:
    from reconciler.worker.activities import Machine
    from reconciler.worker.looking import Looker

_LOOKS = 32
"""Looks at folders at the same time, on whatever datastores."""
_BEATS = timedelta(seconds=1)
"""A step hears with its next heartbeat that it is to end; the client would wait for 8 s with it."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What one worker takes on."""

    task_queue: str
    computes: tuple[str, ...] = ()
    """The computes whose steps it runs; none: those of the steps that name none."""
    max_steps: int = 4
    """Steps at the same time."""
    lost_after: float = LOST_AFTER_SECONDS
    """Seconds without a word of a worker, after which its steps are lost; of runs begun here."""
    data: KnownData = field(default_factory=KnownData)
    """What the target names; of runs begun here."""


class Serving:
    """One worker. `run` is for the loop that the connection lives in."""

    def __init__(
        self, connection: Connection, machine: Machine, looker: Looker, settings: WorkerSettings
    ) -> None:
        self._connection = connection
        self._machine = machine
        self._looker = looker
        self._settings = settings
        self._stopped = asyncio.Event()
        self._asked = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def queues(self) -> Sequence[str]:
        """Whose steps it runs."""
        computes = self._settings.computes or (None,)
        return [queue_of(self._settings.task_queue, one) for one in computes]

    async def run(self, began: Callable[[], None]) -> None:
        """Work until stopped; `began` is called once it does. ProviderError."""
        from temporalio.worker import UnsandboxedWorkflowRunner, Worker

        from reconciler.worker.activities import Decider
        from reconciler.worker.look_workflow import ReconcilerLook
        from reconciler.worker.workflow import ReconcilerRun

        self._loop = asyncio.get_running_loop()
        if self._asked:
            return
        client = await self._connection.client()
        settings, run_step = self._settings, self._machine.run_step
        begin = Decider(settings.lost_after, settings.data).begin
        identity = f"reconciler {__version__} {client.identity}"
        async with AsyncExitStack() as workers:
            # The workflow plans steps from its input alone; a sandbox, which loads all modules
            # anew for each run, would hold back nothing that tests of replay do not.
            both = not settings.computes
            decides = Worker(
                client,
                task_queue=settings.task_queue,
                workflows=[ReconcilerRun, ReconcilerLook],
                activities=[begin, run_step] if both else [begin],
                no_remote_activities=not both,
                workflow_runner=UnsandboxedWorkflowRunner(),
                max_concurrent_activities=settings.max_steps if both else None,
                identity=identity,
                graceful_shutdown_timeout=timedelta(0),
                max_heartbeat_throttle_interval=_BEATS,
            )
            await workers.enter_async_context(decides)
            looks = Worker(
                client,
                task_queue=looks_queue_of(settings.task_queue),
                activities=[self._looker.look],
                max_concurrent_activities=_LOOKS,
                identity=identity,
                graceful_shutdown_timeout=timedelta(0),
            )
            await workers.enter_async_context(looks)
            for queue in self.queues if settings.computes else ():
                worker = Worker(
                    client,
                    task_queue=queue,
                    activities=[run_step],
                    max_concurrent_activities=settings.max_steps,
                    identity=identity,
                    graceful_shutdown_timeout=timedelta(0),
                    max_heartbeat_throttle_interval=_BEATS,
                )
                await workers.enter_async_context(worker)
            began()
            await self._stopped.wait()

    def stop(self) -> None:
        """End it; steps that run are told to end. From any thread."""
        self._asked = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
