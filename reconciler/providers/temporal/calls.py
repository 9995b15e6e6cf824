"""The calls that schedules take, and how long to wait for what comes after them."""

from __future__ import annotations

import json
import uuid
from typing import Any

from temporalio.api.common.v1 import SearchAttributes, WorkflowExecution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.schedule.v1 import (
    Schedule,
    ScheduleListEntry,
    SchedulePatch,
    TriggerImmediatelyRequest,
)
from temporalio.api.workflowservice.v1 import (
    CreateScheduleRequest,
    DescribeScheduleRequest,
    DescribeScheduleResponse,
    DescribeWorkflowExecutionRequest,
    ListSchedulesRequest,
    PatchScheduleRequest,
    UpdateScheduleRequest,
)
from temporalio.service import RPCError, RPCStatusCode

from reconciler.errors import ProviderError, Rejected
from reconciler.model import Key
from reconciler.providers.temporal.connection import Connection, translated
from reconciler.providers.temporal.patience import patience
from reconciler.providers.temporal.wire import MARKS, OWNER, mark

_PAGE = 1000
_LISTED_SECONDS = 5.0
_LISTED_PAUSE = 0.05
_REGISTER_SECONDS = 90.0
"""A cluster takes up to a minute to know a new search attribute everywhere."""
_IDENTITY = "reconciler"


async def entries(connection: Connection) -> list[ScheduleListEntry]:
    """The list of all schedules, page after page."""
    found: dict[str, ScheduleListEntry] = {}
    token = b""
    while True:
        request = ListSchedulesRequest(
            namespace=connection.namespace, maximum_page_size=_PAGE, next_page_token=token
        )
        page = await connection.call("list_schedules", request)
        found |= {one.schedule_id: one for one in page.schedules}
        token = page.next_page_token
        if not token:
            return list(found.values())


async def describe(
    connection: Connection, key: Key, operation: str
) -> DescribeScheduleResponse | None:
    """One schedule; None: there is none."""
    request = DescribeScheduleRequest(namespace=connection.namespace, schedule_id=key.name)
    try:
        found: DescribeScheduleResponse = await connection.send("describe_schedule", request)
        return found
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise translated(error, key, operation) from error


async def has_workflow(connection: Connection, key: Key, run: str, operation: str) -> bool:
    """Whether Temporal knows a workflow of that name, at work or ended."""
    request = DescribeWorkflowExecutionRequest(
        namespace=connection.namespace, execution=WorkflowExecution(workflow_id=run)
    )
    try:
        await connection.send("describe_workflow_execution", request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise translated(error, key, operation) from error
    return True


async def create(connection: Connection, key: Key, made: Schedule, marks: SearchAttributes) -> bool:
    """Whether it was made; False: one of that name is there."""
    request = CreateScheduleRequest(
        namespace=connection.namespace,
        schedule_id=key.name,
        schedule=made,
        identity=_IDENTITY,
        request_id=uuid.uuid4().hex,
        search_attributes=marks,
    )
    try:
        await _call_with_marks(connection, "create_schedule", request, key)
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return False
        raise translated(error, key, "create") from error
    return True


async def update(
    connection: Connection,
    key: Key,
    operation: str,
    made: Schedule,
    marks: SearchAttributes,
    token: bytes,
) -> None:
    """Write over what had that token. That it was taken does not say that it was done."""
    request = UpdateScheduleRequest(
        namespace=connection.namespace,
        schedule_id=key.name,
        schedule=made,
        conflict_token=token,
        identity=_IDENTITY,
        request_id=uuid.uuid4().hex,
        search_attributes=marks,
    )
    try:
        await _call_with_marks(connection, "update_schedule", request, key)
    except RPCError as error:
        if "conflict token" in str(error):
            reason = "it was changed after the plan was made"
            raise Rejected(key, operation, reason) from error
        raise translated(error, key, operation) from error


async def trigger(connection: Connection, key: Key) -> None:
    """Have a schedule do what it does, now."""
    request = PatchScheduleRequest(
        namespace=connection.namespace,
        schedule_id=key.name,
        patch=SchedulePatch(trigger_immediately=TriggerImmediatelyRequest()),
        identity=_IDENTITY,
        request_id=uuid.uuid4().hex,
    )
    await connection.call("patch_schedule", request, key=key, operation="look")


async def await_listed(connection: Connection, key: Key, operation: str, owner: str | None) -> None:
    """Wait until whoever lists sees it as that owner's: the list is made a little later, of a busy
    server much later, which is not waited for.
    """
    query = f"ScheduleId = {json.dumps(key.name)}"
    request = ListSchedulesRequest(namespace=connection.namespace, maximum_page_size=1, query=query)
    async for more in patience(_LISTED_SECONDS, _LISTED_PAUSE):
        page = await connection.call("list_schedules", request, key=key, operation=operation)
        if any(mark(one.search_attributes, OWNER) == owner for one in page.schedules) or not more:
            return


# ------------------------------------------------------------------------------------------- marks


async def _call_with_marks(connection: Connection, name: str, request: Any, key: Key) -> None:
    """A call that writes marks, again until the namespace knows them. RPCError, ProviderError."""
    registered = False
    async for more in patience(_REGISTER_SECONDS):
        try:
            await connection.send(name, request)
            return
        except RPCError as error:
            if not (_is_about_marks(error) and more):
                raise
        if not registered:
            await register(connection, key)
            registered = True


async def register(connection: Connection, key: Key) -> None:
    """Make the search attributes of our marks known in the namespace. ProviderError."""
    kind = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    request = AddSearchAttributesRequest(
        namespace=connection.namespace, search_attributes=dict.fromkeys(MARKS, kind)
    )
    try:
        await connection.send("add_search_attributes", request)
    except RPCError as error:
        names = " ".join(f"--name {name} --type Keyword" for name in MARKS)
        raise ProviderError(
            key,
            "mark",
            f"the namespace has not all search attributes ({', '.join(MARKS)}), and they cannot"
            f" be registered: {error}",
            hint="have them made, once: temporal operator search-attribute create"
            f" --namespace {connection.namespace} {names}",
        ) from error


def _is_about_marks(error: RPCError) -> bool:
    words = str(error)
    return error.status is RPCStatusCode.INVALID_ARGUMENT and any(name in words for name in MARKS)
