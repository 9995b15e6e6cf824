"""The calls about one step of a run, by which `StepRun` asks how it stands and what it printed.

A step is named by a `node_id_path` of one: its name. They are asked by POST, and change nothing.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import PlainTextResponse, Response

from reconciler.web.arm.call import json_response
from reconciler.web.log_files import read_log
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import bad, not_found
from reconciler.web.v1.history.entities import step_code, step_id
from reconciler.web.v1.history.runs import find_run
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.records import StepRow


async def status_code(call: Call) -> Response:
    """How a step stands, as a number in a text."""
    return json_response(step_code((await _step(call)).status))


async def status(call: Call) -> Response:
    """How a step stands, and since when."""
    step = await _step(call)
    return json_response(_status(step))


async def all_statuses(call: Call) -> Response:
    """The same of every step of a run that has begun, by name."""
    _, steps = await call.services.read(lambda w: find_run(w, call.rest[1]))
    return json_response({step.name: _status(step) for step in steps})


async def stdout(call: Call) -> Response:
    """What a step printed, to either stream: they share a log."""
    step = await _step(call)
    text = await call.services.read(lambda w: read_log(w, step.run, step.name))
    return PlainTextResponse(text)


async def stderr(call: Call) -> Response:
    """Nothing: it is in what `stdout` gives, at its place."""
    await _step(call)
    return PlainTextResponse("")


async def job_log(call: Call) -> Response:
    """What the engine says of a step: why it failed, mostly."""
    return PlainTextResponse((await _step(call)).message or "")


async def outputs(call: Call) -> Response:
    """None that the SDK could read: they are files of the run's folder."""
    await _step(call)
    return json_response({})


async def _step(call: Call) -> StepRow:
    path = await call.json()
    if not isinstance(path, list) or len(path) != 1 or not isinstance(path[0], str):
        raise bad("The body is not a node_id_path of one step")
    run, name = call.rest[1], path[0]

    def read(workspace: Workspace) -> StepRow:
        for step in find_run(workspace, run)[1]:
            if step.name == name:
                return step
        raise not_found("Step", step_id(run, name))

    return await call.services.read(read)


def _status(step: StepRow) -> dict[str, Any]:
    began = step.started_at.isoformat() if step.started_at else None
    return {
        "StatusCode": step_code(step.status),
        "StatusDetail": step.message,
        "CreationTime": began,
        "ScheduleTime": began,
        "StartTime": began,
        "EndTime": step.ended_at.isoformat() if step.ended_at else None,
        "RunId": step_id(step.run, step.name),
        "HasWarnings": False,
    }
