"""The calls about the runs of an experiment, and the steps that are their children.

An experiment in an address is not compared with the run's: a run's id says enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from reconciler.masking import mask
from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import bad, not_found
from reconciler.web.v1.history.entities import LOG_FILE, RUN_LOG, details, run_dto, step_dto
from reconciler.web.v1.history.filters import read_filter
from reconciler.web.v1.history.log_links import log_link
from reconciler.web.workspace_view import Workspace, find_step
from reconciler.workspace.store.records import RunRow, StepRow

MOST = 1000
"""Runs of one answer, which has no pages."""


async def get(call: Call) -> Response:
    """A run, or a step."""
    return json_response(await _shown(call, call.last))


async def get_details(call: Call) -> Response:
    """A run, or a step, with where its logs are."""
    identifier = call.rest[-2]
    dto = await _shown(call, identifier)
    if dto["parentRunId"] is not None:
        logs = {LOG_FILE: log_link(call, dto["parentRunId"], dto["name"])}
    else:
        logs = {RUN_LOG: log_link(call, dto["runId"])}
    return json_response(details(dto, logs))


async def data(call: Call) -> Response:
    """What a run left behind, for `MLClient.jobs.download`: that is in no storage of Azure's."""
    raise bad(
        "The logs and outputs of an embedded workspace are files of the run's folder: `reconciler"
        " runs show RUN` says where; `jobs.stream` and `reconciler runs logs RUN` show the logs"
    )


async def children(call: Call) -> Response:
    """The steps of a run that have begun, in the order in which they did."""
    run, steps = await call.services.read(lambda w: find_run(w, call.rest[-2]))
    return json_response({"value": [_seen(call, step_dto(run, step)) for step in steps]})


async def query(call: Call) -> Response:
    """The runs of an experiment that a filter lets through, the newest first, with their steps."""
    asked = await call.json()
    text = asked.get("filter") if isinstance(asked, Mapping) else None
    top = asked.get("top") if isinstance(asked, Mapping) else None
    wanted = read_filter(text)
    name = call.rest[-2]
    found = await call.services.read(lambda w: _all(w, name, wanted))
    most = top if isinstance(top, int) and top > 0 else MOST
    return json_response({"value": [_seen(call, dto) for dto in found[:most]]})


def find_run(workspace: Workspace, identifier: str) -> tuple[RunRow, list[StepRow]]:
    """A run and its steps; V1Error."""
    run = workspace.runs.get(identifier)
    if run is None:
        raise not_found("Run", identifier)
    return run, workspace.runs.steps(identifier)


async def _shown(call: Call, identifier: str) -> dict[str, Any]:
    def read(workspace: Workspace) -> dict[str, Any]:
        run = workspace.runs.get(identifier)
        if run is not None:
            return run_dto(run)
        step = find_step(workspace, identifier)
        if step is None:
            raise not_found("Run", identifier)
        return step_dto(*step)

    return _seen(call, await call.services.read(read))


def _seen(call: Call, dto: dict[str, Any]) -> dict[str, Any]:
    """A run or step as who asks may see it."""
    return mask("", dto) if call.masked else dto


def _all(
    workspace: Workspace, experiment: str, wanted: Callable[[Mapping[str, Any]], bool]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for run in workspace.runs.newest(experiment=experiment, limit=MOST):
        steps = workspace.runs.steps(run.name)
        found += [run_dto(run), *(step_dto(run, step) for step in steps)]
    return [dto for dto in found if wanted(dto)]
