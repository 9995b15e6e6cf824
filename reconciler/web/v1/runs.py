"""The calls about runs: those of a schedule, and starting one, which an outside event may do."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import ACTOR, Call
from reconciler.web.v1.entities import run_entity
from reconciler.web.v1.errors import bad, not_found
from reconciler.web.v1.pipelines import find_endpoint, find_version
from reconciler.web.v1.schedule_calls import find_schedule
from reconciler.web.v1.submission import read_submission
from reconciler.web.workspace_view import Missing, Workspace
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.records import RunRow
from reconciler.workspace.store.schedules import PipelineRow, VersionRow

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


async def of_pipeline(call: Call) -> Response:
    """The runs of one version of a pipeline, the newest first."""

    def read(workspace: Workspace) -> list[RunRow]:
        row, version = find_version(workspace, call.last)
        return workspace.runs.newest(pipeline=row.name, version=version.version, limit=MOST)

    runs = await call.services.read(read)
    return json_response([_shown(call, run) for run in runs])


async def cancel(call: Call) -> Response:
    """Ask for the end of a run; one that has ended is refused."""
    try:
        await call.services.write(lambda w: w.cancel(call.rest[1]), by=ACTOR)
    except Missing as error:
        raise not_found("PipelineRun", call.rest[1]) from error
    except Refused as error:
        raise bad(str(error)) from error
    return Response(status_code=200)


async def get(call: Call) -> Response:
    """One run."""
    run = await call.services.read(lambda w: w.runs.get(call.last))
    if run is None:
        raise not_found("PipelineRun", call.last)
    return json_response(_shown(call, run))


async def submit(call: Call) -> Response:
    """Run a version of a pipeline now."""

    def choose(workspace: Workspace) -> tuple[PipelineRow, VersionRow]:
        return find_version(workspace, call.last)

    return await _submit(call, choose)


async def submit_endpoint(call: Call) -> Response:
    """Run a pipeline now: its newest version, or the one that is asked for."""
    number = call.query.get("pipelineVersion") or (call.rest[4] if len(call.rest) > 4 else None)

    def choose(workspace: Workspace) -> tuple[PipelineRow, VersionRow]:
        row = find_endpoint(workspace, call.rest[3])
        for version in workspace.store.versions(row.name):
            if number in (None, str(version.number), version.version):
                return row, version
        raise not_found("Pipeline version", str(number))

    return await _submit(call, choose)


async def _submit(call: Call, choose: Any) -> Response:
    said = read_submission(await call.body(), call.datastores)

    def write(workspace: Workspace) -> RunRow:
        row, version = choose(workspace)
        if not row.enabled or not version.enabled:
            raise bad(f'The pipeline "{row.name}" is disabled')
        try:
            name = workspace.submit(
                row.name,
                version.version,
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
