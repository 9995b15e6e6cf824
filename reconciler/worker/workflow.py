"""A run as a workflow of Temporal: decided from its history alone, so that it can go on anywhere.

Whether its instant is a fire is asked in a local activity, and so is the version that began it:
what they answer is in the history, and stays as it was when time zones or this program are newer.
The plan of the steps is made here, again at each replay; it is no part of the history but for the
names of the steps and what they were told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    CancelledError,
    FailureError,
    TimeoutType,
    is_cancelled_exception,
)
from temporalio.exceptions import TimeoutError as TimedOut

from reconciler.providers.temporal.payload import WORKFLOW, Payload, read_payload
from reconciler.providers.temporal.queues.names import compute_of, queue_of
from reconciler.worker.book import Book, StepEnd, needs_of
from reconciler.worker.naming import run_name
from reconciler.worker.orders import (
    LOST_AFTER_SECONDS,
    Begun,
    StepOrder,
    StepResult,
    order_of,
    placeholder_of,
)
from reconciler.worker.run_data import KnownData, PlannedData
from reconciler.workspace.execution.run_inputs import Context, JobError
from reconciler.workspace.execution.steps import RunPlan, plan_run

_LONGEST_STEP = timedelta(days=365)
_CANCELED = "canceled"
_LONGEST_REASON = 200
_ONCE = RetryPolicy(maximum_attempts=1)
"""A step that may have begun is never begun again."""
_SCHEDULED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name=WORKFLOW)
class ReconcilerRun:
    """One run. Its result, or what it fails with, has every step."""

    def __init__(self) -> None:
        self._book: Book | None = None
        self._versions: set[str] = set()
        self._lost_after = LOST_AFTER_SECONDS

    @workflow.query
    def steps(self) -> list[dict[str, Any]]:
        """How far each step is."""
        return [] if self._book is None else self._book.document()

    @workflow.run
    async def run(self, payload: dict[str, Any], extra: dict[str, Any] | None = None) -> Any:
        """`extra`: of a run that no time started: `inputs` over those of the schedule; `at`: the
        instant that it is for; `file`: what it is for, and then it is called as its workflow is.
        """
        try:
            return await self._run(payload, extra or {})
        except (JobError, ValueError) as error:
            raise self._broken(str(error), "JobError") from error
        except FailureError:
            raise
        except Exception as error:  # else Temporal would try it again for ever, and say nothing
            raise self._broken(f"it broke: {error!r}", "Bug") from error

    def _broken(self, why: str, kind: str) -> ApplicationError:
        """Of a run that has no steps to tell of."""
        workflow.upsert_memo({"run": {"status": "Failed", "message": why, "steps": []}})
        return ApplicationError(why, type=kind, non_retryable=True)

    async def _run(self, given: Mapping[str, Any], extra: Mapping[str, Any]) -> Any:
        info = workflow.info()
        payload, _ = read_payload(given)
        scheduled = info.typed_search_attributes.get(_SCHEDULED)
        asked = datetime.fromisoformat(extra["at"]) if "at" in extra else None
        at = (asked or scheduled or workflow.now()).astimezone(UTC).replace(microsecond=0)
        begun = await workflow.execute_local_activity(
            "begin",
            args=[payload.schedule, payload.created.isoformat(), at.isoformat(), payload.asks],
            result_type=Begun,
            start_to_close_timeout=timedelta(seconds=60),
        )
        if scheduled is not None and begun.verdict == "wake":
            return {"verdict": "wake"}
        self._versions.add(begun.version)
        self._lost_after = begun.lost_after
        named = None if "file" in extra else asked or scheduled
        run = run_name(str(payload.schedule["name"]), info.workflow_id, named)
        placeholder = placeholder_of(info.run_id)
        plan = _plan(payload, extra, run, at, placeholder, begun.data)
        self._book = Book.of(needs_of(plan.steps), go_on=plan.continue_on_step_failure)
        await self._work(plan, payload, run, placeholder)
        return self._end(self._book)

    async def _work(self, plan: RunPlan, payload: Payload, run: str, placeholder: str) -> None:
        """Until no step runs any more, and none can begin."""
        book = self._book
        assert book is not None
        steps = {step.name: step for step in plan.steps}
        running: dict[str, asyncio.Task[StepResult]] = {}
        while True:
            for name in book.ready(workflow.now()):
                order = order_of(steps[name], plan, run, placeholder, payload.pipeline.code)
                queue = queue_of(workflow.info().task_queue, _compute(payload, name))
                running[name] = asyncio.create_task(_step(order, queue, self._lost_after))
            if not running:
                return
            told = book.stopped is not None
            try:
                await workflow.wait(list(running.values()), return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                book.cancel(_why_canceled())
            for name in [name for name, task in running.items() if task.done()]:
                result = running.pop(name).result()
                if result.version is not None:
                    self._versions.add(result.version)
                book.ended(name, _end_of(result), workflow.now())
            if book.stopped is not None and not told:
                for task in running.values():
                    task.cancel()

    def _end(self, book: Book) -> Any:
        status, message = book.outcome()
        steps = book.document()
        said: dict[str, Any] = {"status": status, "message": message, "steps": steps}
        if len(self._versions) > 1:
            said["note"] = f"its workers differ: reconciler {', '.join(sorted(self._versions))}"
        workflow.upsert_memo({"run": said})
        if status == "Failed":
            raise ApplicationError(message or "", said, type="StepFailed", non_retryable=True)
        if status == "Canceled":
            raise asyncio.CancelledError(message)
        return said


def _why_canceled() -> str:
    """With who did, where whoever asked said so: our own commands do."""
    said = (workflow.cancellation_reason() or "")[:_LONGEST_REASON]
    return said if said.startswith(_CANCELED) else f"{_CANCELED}: {said}" if said else _CANCELED


def _plan(
    payload: Payload,
    extra: Mapping[str, Any],
    run: str,
    at: datetime,
    placeholder: str,
    data: KnownData | None,
) -> RunPlan:
    job = payload.schedule["create_job"]
    settings = job.get("settings") or {}
    return plan_run(
        payload.pipeline.document,
        {**(job.get("inputs") or {}), **(extra.get("inputs") or {})},
        Context(run, at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        placeholder,
        continue_on_step_failure=settings.get("continue_on_step_failure"),
        data=PlannedData(data) if data is not None else None,
        held=payload.pipeline.held,
    )


def _compute(payload: Payload, step: str) -> str | None:
    return compute_of(
        payload.pipeline.document, step, payload.schedule["create_job"].get("compute")
    )


async def _step(order: StepOrder, queue: str, lost_after: float) -> StepResult:
    """One step, on whichever machine takes it; what can go wrong with it is its result."""
    # What a worker does beside the step, and may take its time for: code, outputs, the grace time.
    limit = _LONGEST_STEP if order.timeout is None else timedelta(seconds=order.timeout, hours=24)
    try:
        result: StepResult = await workflow.execute_activity(
            "run_step",
            order,
            task_queue=queue,
            result_type=StepResult,
            start_to_close_timeout=limit,
            heartbeat_timeout=timedelta(seconds=lost_after),
            retry_policy=_ONCE,
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=order.step,
        )
        return result
    except asyncio.CancelledError:  # before a worker had it
        return StepResult(None, _CANCELED, canceled=True)
    except ActivityError as error:
        if is_cancelled_exception(error):
            return StepResult(None, _CANCELED, canceled=True)
        return StepResult(None, _why(error, lost_after))


def _why(error: ActivityError, lost_after: float) -> str:
    cause = error.cause
    if isinstance(cause, TimedOut):
        if cause.type is TimeoutType.HEARTBEAT:
            return f"its worker was lost: nothing was heard of it for {lost_after:g} s"
        return "it did not end in time"
    if isinstance(cause, CancelledError):
        return _CANCELED
    return f"it could not be run: {cause}"


def _end_of(result: StepResult) -> StepEnd:
    return StepEnd(
        result.exit_code, result.reason, result.canceled, result.worker, tuple(result.notes)
    )
