"""The calls about runs: those of a schedule, and starting one, which an outside event may do."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import ACTOR, Call
from reconciler.web.v1.entities import experiment_entity, run_entity
from reconciler.web.v1.errors import bad, not_found
from reconciler.web.v1.pipelines import find_endpoint, find_version
from reconciler.web.v1.schedule_calls import find_schedule
from reconciler.web.v1.submission import read_submission
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.records import RunRow
from reconciler.workspace.store.schedules import PipelineRow

MOST = 1000
"""Runs of one answer, which has no pages."""


async def of_schedule(call: Call) -> Response:
    """The runs of a schedule, the newest first."""
    runs = await call.services.read(lambda w: _runs(w, call.last, MOST))
    return json_response([_shown(call, run) for run in runs])


async def last_of_schedule(call: Call) -> Response:
    """The newest run of a schedule; nothing, if there is none."""
    runs = await call.services.read(lambda w: _runs(w, call.rest[-2], 1))
    return json_response(_shown(call, runs[0])) if runs else Response(status_code=204)


async def get(call: Call) -> Response:
    """One run."""
    run = await call.services.read(lambda w: w.runs.get(call.last))
    if run is None:
        raise not_found("PipelineRun", call.last)
    return json_response(_shown(call, run))


async def submit(call: Call) -> Response:
    """Run a version of a pipeline now."""

    def choose(workspace: Workspace) -> tuple[PipelineRow, str]:
        row, version = find_version(workspace, call.last)
        return row, version.version

    return await _submit(call, choose)


async def submit_endpoint(call: Call) -> Response:
    """Run a pipeline now: its newest version, or the one that is asked for."""
    number = call.query.get("pipelineVersion")

    def choose(workspace: Workspace) -> tuple[PipelineRow, str]:
        row = find_endpoint(workspace, call.last)
        for version in workspace.store.versions(row.name):
            if number in (None, str(version.number), version.version):
                return row, version.version
        raise not_found("Pipeline version", str(number))

    return await _submit(call, choose)


async def _submit(call: Call, choose: Any) -> Response:
    said = read_submission(await call.body(), call.datastores)

    def write(workspace: Workspace) -> RunRow:
        row, version = choose(workspace)
        if not row.enabled:
            raise bad(f'The pipeline "{row.name}" is disabled')
        try:
            name = workspace.submit(
                row.name,
                version,
                experiment=said.experiment,
                inputs=said.inputs,
                go_on=said.go_on,
            )
        except Refused as error:
            raise bad(str(error)) from error
        run = workspace.runs.get(name)
        assert run is not None
        return run

    return json_response(_shown(call, await call.services.write(write, by=ACTOR)))


async def experiments(call: Call) -> Response:
    """Every experiment that has runs."""
    found = await call.services.read(lambda workspace: workspace.runs.experiments())
    return json_response({"value": [experiment_entity(*one) for one in found]})


async def experiment(call: Call) -> Response:
    """One experiment."""
    found = await call.services.read(lambda workspace: workspace.runs.experiments())
    for one in found:
        if one[0] == call.last:
            return json_response(experiment_entity(*one))
    raise not_found("Experiment", call.last)


async def runs_of_experiment(call: Call) -> Response:
    """The runs of an experiment, the newest first."""
    name = call.rest[-2]
    runs = await call.services.read(lambda w: w.runs.newest(experiment=name, limit=MOST))
    return json_response({"value": [_shown(call, run) for run in runs]})


def _runs(workspace: Workspace, identifier: str, limit: int) -> list[RunRow]:
    row = find_schedule(workspace, identifier)
    return workspace.runs.newest(schedule=row.name, limit=limit)


def _shown(call: Call, run: RunRow) -> dict[str, Any]:
    return run_entity(run, call.datastores, masked=call.masked)
