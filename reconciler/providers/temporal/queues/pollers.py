"""Whether workers take what schedules start, and what to start where none does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from reconciler.providers.temporal.connection import Connection
from reconciler.providers.temporal.payload import Payload
from reconciler.providers.temporal.queues.names import compute_of, queue_of

_POLLED = timedelta(seconds=90)
"""A worker asks again after a minute at the latest; Temporal tells of one for five."""
_ONLY_STEP = "command"


@dataclass(frozen=True, slots=True)
class Need:
    """Workers that a schedule needs."""

    compute: str | None
    """Whose steps they take; None: of those that name none."""
    is_run: bool = False
    """Whether it is for deciding runs at all, which any worker does."""
    step: str | None = None
    """One that waits for them."""

    @property
    def about(self) -> tuple[str | None, bool]:
        """Which workers, whoever needs them."""
        return self.compute, self.is_run


def needs_of(payload: Payload) -> Iterator[Need]:
    """The workers that runs of a schedule need, each kind once."""
    yield Need(None, is_run=True)
    document = payload.pipeline.document
    own = payload.schedule["create_job"].get("compute")
    jobs = document.get("jobs")
    steps = list(jobs) if isinstance(jobs, Mapping) else [_ONLY_STEP]
    seen: set[str | None] = set()
    for step in steps:
        if isinstance(jobs, Mapping) and not isinstance(jobs[step], Mapping):
            continue  # a job that somebody edited
        compute = compute_of(document, step, own)
        if compute not in seen:
            seen.add(compute)
            yield Need(compute, step=step)


def words(need: Need, target: str) -> str:
    """What is missing, and which command starts it."""
    command = f"reconciler worker --target {target}"
    if need.is_run:
        return f"no worker runs what its schedules start: they wait until one does, `{command}`"
    if need.compute is None:
        return f"no worker takes steps that name no compute: they wait until one does, `{command}`"
    return (
        f'no worker takes the steps of the compute "{need.compute}": they wait until one does,'
        f" `{command} --compute {need.compute}` on a machine of it"
    )


class Pollers:
    """Who polls the queues of a target, each asked once. ProviderError."""

    def __init__(self, connection: Connection, task_queue: str) -> None:
        self._connection = connection
        self._task_queue = task_queue
        self._known: dict[tuple[str | None, bool], bool] = {}

    async def unserved(self, needs: Iterable[Need]) -> list[Need]:
        """Those that nobody serves. Where nobody decides runs, the others are not asked about."""
        wanted = list(dict.fromkeys(needs))
        kinds = [one for one in {need.about for need in wanted} if one not in self._known]
        found = await asyncio.gather(*(self._is_polled(*kind) for kind in kinds))
        self._known.update(zip(kinds, found, strict=True))
        missing = [need for need in wanted if not self._known[need.about]]
        return [need for need in missing if need.is_run] or missing

    async def _is_polled(self, compute: str | None, is_run: bool) -> bool:
        kind = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
        if is_run:
            kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
        request = DescribeTaskQueueRequest(
            namespace=self._connection.namespace,
            task_queue=TaskQueue(name=queue_of(self._task_queue, compute)),
            task_queue_type=kind,
        )
        found = await self._connection.call(
            "describe_task_queue", request, operation="look for workers"
        )
        latest = datetime.now(UTC) - _POLLED
        return any(one.last_access_time.ToDatetime(tzinfo=UTC) > latest for one in found.pollers)
