"""The calls about jobs: runs, the pipelines that schedules refer to, and jobs to run at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from reconciler.providers.azureml.ids import Workspace as Place
from reconciler.providers.local_jobs import definition_notes, publication
from reconciler.web.arm.call import PAGE, Call, json_response
from reconciler.web.arm.errors import bad, conflict, not_found
from reconciler.web.arm.jobs import (
    declared_inputs,
    pipeline_resource,
    run_resource,
    step_resource,
)
from reconciler.web.arm.refusals import refuse_bad_job
from reconciler.web.arm.sent_jobs import KIND, read_sent_job
from reconciler.web.services import Services
from reconciler.web.workspace_view import Missing, Workspace, find_step
from reconciler.workspace.datastores.address_check import address_errors
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.records import RunRow

ACTOR = "Azure's API"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


async def get(call: Call) -> Response:
    """A run; or a published pipeline, which is what a schedule's job refers to."""
    name, place, masked = call.name, call.place, call.masked

    def read(workspace: Workspace) -> dict[str, Any] | None:
        run = workspace.runs.get(name)
        if run is not None:
            return shown_run(workspace, run, place, masked=masked)
        step = find_step(workspace, name)
        if step is not None:
            return step_resource(*step, place, masked=masked)
        version = workspace.store.version(name, None)
        return pipeline_resource(name, version, place, masked=masked) if version else None

    found = await call.services.read(read)
    if found is None:
        raise not_found("Job", name)
    return json_response(found)


def shown_run(workspace: Workspace, run: RunRow, place: Place, *, masked: bool) -> dict[str, Any]:
    """A run as GET shows it: with its steps, and the defaults of the inputs that it was not given;
    of a job that was sent whole with what was sent.
    """
    sent = workspace.sent.get(KIND, run.pipeline, run.version)
    steps = workspace.runs.steps(run.name)
    whole = replace(run, inputs=held_inputs(workspace, run))
    return run_resource(whole, steps, place, masked=masked, sent=sent.properties if sent else None)


def held_inputs(workspace: Workspace, run: RunRow) -> Mapping[str, Any]:
    """What a run was given, over the defaults of its job."""
    version = workspace.store.version(run.pipeline, run.version)
    return {**declared_inputs(version.document), **run.inputs} if version else run.inputs


async def put(call: Call) -> Response:
    """Run a job that is sent whole, under the name that its client chose; or archive a run."""
    properties = (await call.body()).get("properties")
    if not isinstance(properties, dict):
        raise bad("The request has no properties")
    name, place, uploads = call.name, call.place, call.services.uploads
    if isinstance(properties.get("isArchived"), bool):
        there = await call.services.read(lambda w: w.runs.get(name))
        if there is not None and there.archived != properties["isArchived"]:
            await archive(call.services, name, properties["isArchived"])
            return await get(call)
    refuse_bad_job(name, properties)
    site = call.services.site

    def write(workspace: Workspace) -> dict[str, Any]:
        if workspace.runs.get(name) is not None:
            raise conflict(f"The job {name} is there already, and a run is not changed")
        limits = workspace.site.code_limits
        experiment = _NOT_IN_NAMES.sub("-", str(properties.get("experimentName") or "Default"))
        job = read_sent_job(
            experiment.strip("-") or "job", properties, place, workspace.sent, uploads, limits
        )
        for note in definition_notes(job.definition):
            if note.kind == "refused":
                raise bad(note.message + (f" ({note.hint})" if note.hint else ""))
        document = json.loads(publication(job.definition).document)
        for _, error in address_errors(document, {}, site.datastores, site.data):
            raise bad(f"{error}" + (f" ({error.hint})" if error.hint else ""))
        workspace.sent.put(KIND, job.pipeline, job.version, job.sent, workspace.clock())
        workspace.store.publish(publication(job.definition), workspace.clock())
        workspace.submit(
            job.pipeline,
            job.version,
            experiment=properties.get("experimentName") or "Default",
            name=name,
        )
        run = workspace.runs.get(name)
        assert run is not None
        return shown_run(workspace, run, place, masked=False)

    try:
        made = await call.services.write(write, by=ACTOR)
    except Refused as error:
        raise bad(str(error)) from error
    return json_response(made, 201)


async def archive(services: Services, name: str, archived: bool) -> None:
    """Leave a run out of lists, or take it in again."""
    await services.write(lambda w: w.runs.archive(name, archived), by=ACTOR)


async def list_page(call: Call) -> Response:
    """A page of runs, the newest first. `scheduleId`: those of a schedule."""
    schedule = call.query.get("scheduleId")
    schedule = schedule.rpartition("/")[2] if schedule else None
    kind = call.query.get("jobType", "Pipeline")
    after, place, masked = call.after(), call.place, call.masked
    view = call.query.get("listViewType", "ActiveOnly").lower()
    archived = {"all": None, "archivedonly": True}.get(view, False)
    if kind.lower() != "pipeline":
        return json_response({"value": []})

    def read(workspace: Workspace) -> tuple[list[dict[str, Any]], bool]:
        runs = workspace.browse.run_page(
            after=after, limit=PAGE + 1, schedule=schedule, archived=archived
        )
        held: dict[tuple[str, str], Mapping[str, Any]] = {}
        sent: dict[tuple[str, str], Mapping[str, Any] | None] = {}
        shown = []
        for run in runs[:PAGE]:
            key = run.pipeline, run.version
            if key not in held:
                held[key] = held_inputs(workspace, replace(run, inputs={}))
                found = workspace.sent.get(KIND, *key)
                sent[key] = found.properties if found is not None else None
            whole = replace(run, inputs={**held[key], **run.inputs})
            shown.append(run_resource(whole, (), place, masked=masked, sent=sent[key]))
        return shown, len(runs) > PAGE

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
