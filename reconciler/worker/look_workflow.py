"""A look at a folder as a workflow of Temporal: its schedule wakes it, a worker does it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

from reconciler.providers.temporal.payload import LOOK, read_payload
from reconciler.providers.temporal.queues.names import looks_queue_of

_LONGEST = timedelta(minutes=30)
_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


@workflow.defn(name=LOOK)
class ReconcilerLook:
    """One look. What its runs need is asked when it is made: what the schedule says then counts."""

    @workflow.run
    async def run(self, payload: dict[str, Any]) -> Any:
        """What it came to."""
        known, _ = read_payload(payload)
        return await workflow.execute_activity(
            "look",
            str(known.schedule["name"]),
            task_queue=looks_queue_of(workflow.info().task_queue),
            start_to_close_timeout=_LONGEST,
            schedule_to_close_timeout=_LONGEST * 2,
            heartbeat_timeout=timedelta(seconds=10),
            retry_policy=_AGAIN,
        )
