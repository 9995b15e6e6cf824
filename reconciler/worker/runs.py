"""The runs of a target of Temporal, in the form that the embedded workspace has its own in.

What is listed is what Temporal's visibility has of their workflows: what each is about stands in
the memo that the schedule gives them, how it ended in one that the run leaves. A wake that was no
fire leaves none, and is no run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack, cast

from temporalio.client import (
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.common import SearchAttributeKey, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reconciler.audit.records import RunRecord, RunStatus
from reconciler.errors import ProviderError, ReconcilerError
from reconciler.model import LiveSchedule, data_path_of
from reconciler.providers.capabilities import PastFire
from reconciler.providers.local_runs import files_within
from reconciler.providers.temporal.connection import Background, translated
from reconciler.providers.temporal.cursors import run_of_file
from reconciler.providers.temporal.payload import ABOUT, WORKFLOW, Payload, about
from reconciler.providers.temporal.store import StoreError
from reconciler.worker.naming import run_name
from reconciler.worker.past_runs import Pruned, by_experiment, ended_beyond, forget
from reconciler.workspace.datastores.changes import Listed
from reconciler.workspace.execution.run_inputs import Context, JobError, run_inputs
from reconciler.workspace.store.records import Cause, RunFilter, RunRow, StepRow, run_stamp

if TYPE_CHECKING:
    from reconciler.providers.temporal.provider import TemporalProvider

_STATUS = {
    WorkflowExecutionStatus.RUNNING: "Running",
    WorkflowExecutionStatus.COMPLETED: "Completed",
    WorkflowExecutionStatus.CANCELED: "Canceled",
    WorkflowExecutionStatus.TERMINATED: "Canceled",
}
"""All others are Failed."""
_QUERIED = {"Running": "Running", "Completed": "Completed", "Failed": "Failed"}
_SCHEDULED_AT = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_SCHEDULED_BY = SearchAttributeKey.for_keyword("TemporalScheduledById")
_STAMPED = re.compile(r"(.+)-(\d{8}T\d{6}Z)", re.DOTALL)
_QUERY_TIME = timedelta(seconds=5)
_MOST_SEEN = 10_000


class TemporalRuns:
    """The runs that schedules of one namespace have started, and those that were by hand."""

    def __init__(self, provider: TemporalProvider, actor: str | None = None) -> None:
        """`actor`: who cancels, which runs say that were."""
        self._provider = provider
        self._actor = actor
        self._known: tuple[datetime, dict[str, list[RunRecord]]] | None = None

    def newest(self, *, limit: int = 50, **wanted: Unpack[RunFilter]) -> list[RunRow]:
        """The newest first. ProviderError."""
        return Background.run(self._newest(wanted, limit))

    def get(self, name: str) -> RunRow | None:
        """A run by its name; None: there is none."""
        found = Background.run(self._find(name))
        return None if found is None else found[0]

    def steps(self, name: str) -> list[StepRow]:
        """Its steps, by when they started; none of one that runs while no worker does, for these
        know them.
        """
        return Background.run(self._steps(name))

    def log(self, name: str, step: str, after: int) -> Iterator[tuple[bytes, int]]:
        """What a step printed after a place, and the place after that; ReconcilerError."""
        files = self._provider.store.files
        folder = f"runs/{name}/logs/{step}"
        try:
            for piece in [one for one in files.names(folder) if one.isdigit()][after:]:
                after += 1
                yield files.read(f"{folder}/{piece}") or b"", after
        except StoreError as error:
            raise ReconcilerError(str(error)) from error

    def place(self, name: str) -> str:
        """Where it keeps its files."""
        return f"{self._provider.store.files.url.rstrip('/')}/runs/{name}"

    def cancel(self, name: str) -> str:
        """Tell it to end; what it is then."""
        return Background.run(self._cancel(name))

    def experiments(self) -> list[tuple[str, int, str, datetime]]:
        """By name: how many runs, the status of the newest, and when it was made."""
        return by_experiment(row for row, _ in Background.run(self._all()))

    def prune(self, keep: int, now: datetime) -> int:
        """Forget ended runs but the newest `keep` of each schedule, with their files; how many."""
        found = Background.run(self._all())
        executions = {row.name: execution for row, execution in found}
        old = ended_beyond([row for row, _ in found], keep)
        pruned = Pruned(self._provider.store.files)
        for row in old:
            # Its files first: what an interruption leaves is still known, and goes the next time.
            with _store_errors():
                pruned.note(row)
            execution = executions[row.name]
            Background.run(forget(self._provider.connection, execution.id, execution.run_id))
        return len(old)

    def idle(self) -> str | None:
        """Temporal starts runs, also where no worker takes their steps."""
        return None

    def no_logs(self, name: str) -> str | None:
        """They are in the store."""
        return None

    def trigger(self, live: LiveSchedule, given: Mapping[str, Any], now: datetime) -> str:
        """Start a run of a schedule, with inputs over its own; its name. ReconcilerError."""
        return Background.run(self._trigger(live, given, now))

    def runs_of(self, schedule: str, since: datetime) -> Sequence[RunRecord]:
        """See KnowsRuns. Read once for all schedules."""
        if self._known is None or since < self._known[0]:
            self._known = since, Background.run(self._since(since))
        found = self._known[1].get(schedule, [])
        with _store_errors():
            names = Pruned(self._provider.store.files).names(schedule)
        known = {one.name for one in found}
        return [*found, *_forgotten(schedule, [name for name in names if name not in known], since)]

    def past_files(self, live: LiveSchedule, since: datetime, until: datetime) -> Sequence[Listed]:
        """See Backfills."""
        return files_within(live.schedule.trigger, self._provider.datastores, since, until)

    def has_run(self, live: LiveSchedule, fire: PastFire) -> bool:
        """See Backfills."""
        name = _name_of(live, fire)
        return self._was_pruned(live, name) or self.get(name) is not None

    def backfill(self, live: LiveSchedule, fire: PastFire, now: datetime) -> str | None:
        """See Backfills. The workflow is called as Temporal would have called it."""
        if self._was_pruned(live, _name_of(live, fire)):
            return None
        return Background.run(self._backfill(live, fire))

    def _was_pruned(self, live: LiveSchedule, name: str) -> bool:
        with _store_errors():
            return self._provider.store.files.has(f"pruned/{live.key.name}/{name}")

    # ------------------------------------------------------------------------------------ in a loop

    async def _since(self, since: datetime) -> dict[str, list[RunRecord]]:
        client = await self._provider.connection.client()
        at = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = f'WorkflowType = "{WORKFLOW}" AND StartTime >= "{at}"'
        found: dict[str, list[RunRecord]] = {}
        try:
            async for one in client.list_workflows(query):
                row = await _row(one)
                if row is None or row.schedule is None:
                    continue
                due = row.due_at if row.cause in ("time", "backfill") else None
                if (due or row.created_at) > since:
                    record = RunRecord(
                        row.name,
                        row.schedule,
                        cast(RunStatus, row.status),
                        row.started_at or row.created_at,
                        due,
                        row.cause,
                    )
                    found.setdefault(row.schedule, []).append(record)
        except RPCError as error:
            raise translated(error, None, "list runs") from error
        return found

    async def _all(self) -> list[tuple[RunRow, WorkflowExecution]]:
        """Every run that Temporal remembers, the newest first."""
        client = await self._provider.connection.client()
        found = []
        try:
            async for one in client.list_workflows(f'WorkflowType = "{WORKFLOW}"'):
                if (row := await _row(one)) is not None:
                    found.append((row, one))
        except RPCError as error:
            raise translated(error, None, "list runs") from error
        return found

    async def _backfill(self, live: LiveSchedule, fire: PastFire) -> str | None:
        payload = await self._payload(live, "backfill")
        client = await self._provider.connection.client()
        at, file = fire.due_at.astimezone(UTC), fire.file
        told = {"due": at.isoformat()}
        extra: dict[str, Any] = {"at": at.isoformat()}
        name = _name_of(live, fire)
        identifier = name if file is not None else f"{live.key.name}-{at:%Y-%m-%dT%H:%M:%SZ}"
        inputs: dict[str, Any] = {}
        if file is not None:
            parameter = data_path_of(live.schedule.trigger)
            inputs = {parameter: file.path} if parameter is not None else {}
            extra |= {"inputs": inputs, "file": file.key}
            told["data"] = file.key
        try:
            await client.start_workflow(
                WORKFLOW,
                args=[json.loads(payload.to_bytes()), extra],
                id=identifier,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                task_queue=self._provider.task_queue,
                memo={ABOUT: about(payload, inputs, **told)},
            )
        except WorkflowAlreadyStartedError:
            return None
        except RPCError as error:
            raise translated(error, live.key, "backfill") from error
        return name

    async def _payload(self, live: LiveSchedule, operation: str) -> Payload:
        read = await self._provider._describe(live.key, operation)
        if read is None or read.payload is None:
            raise ProviderError(live.key, operation, "it is no schedule that can be run")
        return read.payload

    async def _newest(self, wanted: RunFilter, limit: int) -> list[RunRow]:
        schedule, status = wanted.get("schedule"), wanted.get("status")
        experiment = wanted.get("experiment")
        query = f'WorkflowType = "{WORKFLOW}"'
        if status in _QUERIED:
            query += f' AND ExecutionStatus = "{_QUERIED[status]}"'
        if schedule is not None:
            # A run that somebody started has the schedule in nothing but its name and its memo.
            said = json.dumps(schedule), json.dumps(f"{schedule}-")
            query += f" AND (TemporalScheduledById = {said[0]} OR WorkflowId STARTS_WITH {said[1]})"
        client = await self._provider.connection.client()
        rows: list[RunRow] = []
        try:
            async for one in client.list_workflows(query, limit=_MOST_SEEN):
                row = await _row(one)
                if row is None or (schedule is not None and row.schedule != schedule):
                    continue
                if status not in (None, row.status) or experiment not in (None, row.experiment):
                    continue
                rows.append(row)
                if len(rows) == limit:
                    break
        except RPCError as error:
            raise translated(error, None, "list runs") from error
        return rows

    async def _find(self, name: str) -> tuple[RunRow, WorkflowHandle[Any, Any]] | None:
        client = await self._provider.connection.client()
        for identifier in _identifiers(name):
            handle = client.get_workflow_handle(identifier)
            try:
                row = await _row(await handle.describe())
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    continue
                raise translated(error, None, "show a run") from error
            if row is not None and row.name == name:
                return row, handle
        return None

    async def _steps(self, name: str) -> list[StepRow]:
        found = await self._find(name)
        if found is None:
            return []
        row, handle = found
        try:
            if row.status == "Running":
                steps = await handle.query("steps", rpc_timeout=_QUERY_TIME)
            else:
                steps = ((await (await handle.describe()).memo()).get("run") or {}).get("steps")
        except (RPCError, WorkflowQueryFailedError):
            return []
        return by_start(_step(name, one) for one in steps or ())

    async def _cancel(self, name: str) -> str:
        found = await self._find(name)
        if found is None or found[0].status != "Running":
            return found[0].status if found is not None else "unknown"
        try:
            await found[1].cancel(reason=f"canceled by {self._actor}" if self._actor else "")
        except RPCError as error:
            raise translated(error, None, "cancel a run") from error
        return "Running"

    async def _trigger(self, live: LiveSchedule, given: Mapping[str, Any], now: datetime) -> str:
        payload = await self._payload(live, "trigger")
        inputs = {**(payload.schedule["create_job"].get("inputs") or {}), **given}
        try:
            run_inputs(payload.pipeline.document, inputs, Context("", ""))
        except JobError as error:
            raise ReconcilerError(str(error)) from error
        client = await self._provider.connection.client()
        name = stem = f"{live.key.name}-{run_stamp(now.astimezone(UTC))}"
        number = 1
        while True:
            try:
                await client.start_workflow(
                    WORKFLOW,
                    args=[json.loads(payload.to_bytes()), {"inputs": dict(given)}],
                    id=name,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    task_queue=self._provider.task_queue,
                    memo={ABOUT: about(payload, given)},
                )
                return name
            except WorkflowAlreadyStartedError:  # in the same second: numbered, as in the workspace
                number += 1
                name = f"{stem}-{number}"
            except RPCError as error:
                raise translated(error, live.key, "trigger") from error


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise ReconcilerError(str(error)) from error


def _forgotten(schedule: str, names: Sequence[str], since: datetime) -> Iterator[RunRecord]:
    """Runs that were pruned, of instants since then."""
    for name in names:
        match = _STAMPED.fullmatch(name)
        if match is not None:
            due = datetime.strptime(match[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if due > since:
                yield RunRecord(name, schedule, "Forgotten", due, due, "time")


def _name_of(live: LiveSchedule, fire: PastFire) -> str:
    """That of the run for a past fire, whoever asks for it."""
    if fire.file is not None:
        return run_of_file(live.key.name, fire.file.key, fire.file.stamp)
    return f"{live.key.name}-{run_stamp(fire.due_at)}"


def _identifiers(name: str) -> list[str]:
    """What the workflow of a run can be called: as the run, or as Temporal calls it."""
    match = _STAMPED.fullmatch(name)
    if match is None:
        return [name]
    at = datetime.strptime(match[2], "%Y%m%dT%H%M%SZ")
    return [f"{match[1]}-{at:%Y-%m-%dT%H:%M:%SZ}", name]


async def _row(found: WorkflowExecution) -> RunRow | None:
    """A run; None: it is a wake that was no fire, or another's workflow."""
    if found.workflow_type != WORKFLOW:
        return None
    memo = await found.memo()
    said: Mapping[str, Any] = memo.get(ABOUT) or {}
    ended: Mapping[str, Any] | None = memo.get("run")
    status = _STATUS.get(found.status, "Failed") if found.status is not None else "Failed"
    if status == "Completed" and ended is None:
        return None
    scheduled = found.typed_search_attributes.get(_SCHEDULED_AT)
    by = found.typed_search_attributes.get(_SCHEDULED_BY)
    schedule = by or said.get("schedule")
    asked, noticed = (
        datetime.fromisoformat(said[key]) if key in said else None for key in ("due", "found")
    )
    file = said.get("data")
    named = None if file is not None else asked or scheduled
    return RunRow(
        name=run_name(str(schedule), found.id, named),
        schedule=schedule,
        experiment=str(said.get("experiment") or schedule or ""),
        pipeline=str(said.get("pipeline") or ""),
        version=str(said.get("version") or ""),
        cause=_cause(file, asked, by),
        due_at=asked or noticed or scheduled or found.start_time,
        data_path=file,
        inputs=said.get("inputs") or {},
        go_on=None,
        status=status,
        cancel=None,
        created_at=found.start_time,
        started_at=found.execution_time or found.start_time,
        ended_at=found.close_time,
        message=_message(ended),
    )


def _cause(file: str | None, asked: datetime | None, by: str | None) -> Cause:
    if asked is not None:
        return "backfill"
    if file is not None:
        return "data"
    return "time" if by is not None else "manual"


def _message(ended: Mapping[str, Any] | None) -> str | None:
    if ended is None:
        return None
    return "; ".join(filter(None, (ended.get("message"), ended.get("note")))) or None


def by_start(steps: Iterable[StepRow]) -> list[StepRow]:
    """As the workspace lists them: what has not started comes last."""
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(steps, key=lambda one: (one.started_at or never, one.name))


def _step(run: str, said: Mapping[str, Any]) -> StepRow:
    started, ended = (
        datetime.fromisoformat(said[name]) if said.get(name) else None
        for name in ("started_at", "ended_at")
    )
    where = f"on {said['worker']}" if said.get("worker") else None
    message = "; ".join(filter(None, (said.get("message"), where))) or None
    return StepRow(run, said["name"], said["status"], started, ended, said["exit_code"], message)
