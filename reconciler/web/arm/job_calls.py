"""The calls about jobs: runs, and the pipelines that schedules refer to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import PAGE, Call, json_response
from reconciler.web.arm.errors import bad, not_found
from reconciler.web.arm.jobs import (
    declared_inputs,
    pipeline_resource,
    run_resource,
    step_resource,
)
from reconciler.web.workspace_view import Missing, Workspace, find_step
from reconciler.workspace.store.database import Refused

ACTOR = "Azure's API"


async def get(call: Call) -> Response:
    """A run; or a published pipeline, which is what a schedule's job refers to."""
    name, place, masked = call.name, call.place, call.masked

    def read(workspace: Workspace) -> dict[str, Any] | None:
        run = workspace.runs.get(name)
        if run is not None:
            version = workspace.store.version(run.pipeline, run.version)
            held = {**declared_inputs(version.document), **run.inputs} if version else run.inputs
            steps = workspace.runs.steps(name)
            return run_resource(replace(run, inputs=held), steps, place, masked=masked)
        step = find_step(workspace, name)
        if step is not None:
            return step_resource(*step, place, masked=masked)
        version = workspace.store.version(name, None)
        return pipeline_resource(name, version, place, masked=masked) if version else None

    found = await call.services.read(read)
    if found is None:
        raise not_found("Job", name)
    return json_response(found)


async def put(call: Call) -> Response:
    """Refused: a run is not changed, and none is made of what is sent."""
    properties = (await call.body()).get("properties")
    if isinstance(properties, dict) and properties.get("isArchived"):
        raise bad(
            "A run of an embedded workspace cannot be archived: `reconciler runs prune` forgets"
            " runs that have ended"
        )
    raise bad(
        "An embedded workspace does not run what is sent: publish the job file, `reconciler"
        " pipelines publish FILE`, and run it by a schedule, or `reconciler trigger`"
    )


async def list_page(call: Call) -> Response:
    """A page of runs, the newest first. `scheduleId`: those of a schedule."""
    schedule = call.query.get("scheduleId")
    schedule = schedule.rpartition("/")[2] if schedule else None
    kind = call.query.get("jobType", "Pipeline")
    after, place, masked = call.after(), call.place, call.masked
    if kind.lower() != "pipeline" or call.query.get("listViewType") == "ArchivedOnly":
        return json_response({"value": []})

    def read(workspace: Workspace) -> tuple[list[dict[str, Any]], bool]:
        runs = workspace.browse.run_page(after=after, limit=PAGE + 1, schedule=schedule)
        return [run_resource(run, (), place, masked=masked) for run in runs[:PAGE]], len(
            runs
        ) > PAGE

    found, more = await call.services.read(read)
    page: dict[str, Any] = {"value": found}
    if more:
        page["nextLink"] = call.next_link(found[-1]["name"])
    return json_response(page)


async def cancel(call: Call) -> Response:
    """Ask for the end of a run."""
    try:
        await call.services.write(lambda w: w.cancel(call.name), by=ACTOR)
    except Missing as error:
        raise not_found("Job", call.name) from error
    except Refused as error:
        raise bad(str(error)) from error
    return Response(status_code=200)
