"""The calls about the runs of an experiment, and the steps that are their children.

An experiment in an address is not compared with the run's: a run's id says enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from reconciler.masking import mask
from reconciler.web.arm.call import json_response
from reconciler.web.arm.sent_jobs import KIND, is_command
from reconciler.web.stores.places import named_outputs
from reconciler.web.v1.assets.refusals import refuse
from reconciler.web.v1.call import ACTOR, Call
from reconciler.web.v1.errors import not_found
from reconciler.web.v1.history.entities import (
    LOG_FILE,
    RUN_LOG,
    USER_LOG,
    details,
    run_dto,
    step_dto,
)
from reconciler.web.v1.history.filters import read_filter
from reconciler.web.v1.history.log_links import log_link
from reconciler.web.workspace_view import Workspace, find_step
from reconciler.workspace.store.records import RunRow, StepRow

COMMAND = "command"
"""The only step of a job of one command."""
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
        of_command = await call.services.read(lambda w: _is_sent_command(w, identifier))
        name, step = (USER_LOG, COMMAND) if of_command else (RUN_LOG, "")
        logs = {name: log_link(call, dto["runId"], step)}
    return json_response(details(dto, logs))


def _is_sent_command(workspace: Workspace, identifier: str) -> bool:
    """Whether a run is of one command, as a client of the SDK v2 sent it."""
    run = workspace.runs.get(identifier)
    sent = workspace.sent.get(KIND, run.pipeline, run.version) if run is not None else None
    return sent is not None and is_command(sent.properties)


async def data(call: Call) -> Response:
    """A run and its outputs, for `MLClient.jobs.download`."""
    asked = await call.body()
    identifier = str(asked.get("runId"))

    def read(workspace: Workspace) -> dict[str, str]:
        run = workspace.runs.get(identifier)
        return named_outputs(workspace, run) if run is not None else {}

    dto, outputs = await _shown(call, identifier), await call.services.read(read)
    named = {name: {"assetId": f"{identifier}/{name}", "type": "uri_folder"} for name in outputs}
    return json_response({"runMetadata": {**dto, "outputs": named}})


async def resolved(call: Call) -> Response:
    """Where outputs are that `data` named."""
    asked = (await call.body()).get("values")
    wanted = [one.rpartition("/") for one in asked or () if isinstance(one, str)]

    def read(workspace: Workspace) -> dict[str, dict[str, str]]:
        found = {}
        for identifier, _, name in wanted:
            run = workspace.runs.get(identifier)
            outputs = named_outputs(workspace, run) if run is not None else {}
            if name in outputs:
                found[f"{identifier}/{name}"] = {"uri": outputs[name], "type": "uri_folder"}
        return found

    return json_response({"values": await call.services.read(read)})


async def change(call: Call) -> Response:
    """Archive a run, or bring it back (`hidden`); nothing else of it is changed."""
    asked = await call.body()
    said = {key: value for key, value in asked.items() if value not in (None, {}, [])}
    if set(said) != {"hidden"} or not isinstance(said["hidden"], bool):
        return await refuse("runs")(call)
    name, hidden = call.last, said["hidden"]
    await call.services.read(lambda w: find_run(w, name))
    await call.services.write(lambda w: w.runs.archive(name, hidden), by=ACTOR)
    return json_response(await _shown(call, name))


async def services(call: Call) -> Response:
    """What a step serves while it runs: nothing."""
    await _shown(call, call.rest[1])
    return json_response({"instances": {}})


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
