"""The calls about schedules: get, list, put, delete, trigger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from reconciler.firing.clocks.zones import resolve, windows_name
from reconciler.model import DatastoreChange, Key, Schedule
from reconciler.providers.azureml.ids import Workspace as Place
from reconciler.providers.local_jobs import publication
from reconciler.web.arm.call import PAGE, Call, json_response
from reconciler.web.arm.errors import bad, conflict, not_found
from reconciler.web.arm.long_running import Operation, operation_path
from reconciler.web.arm.refusals import refuse_bad_schedule
from reconciler.web.arm.schedules import as_held, read_schedule, resource, trigger_by_files
from reconciler.web.arm.sent_jobs import KIND, SentJob, is_whole, read_sent_job
from reconciler.web.workspace_view import Missing, Workspace, live_schedule, stored_schedule
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.references import PREFIX, split_reference
from reconciler.workspace.store.schedules import ScheduleRow

VIEWS = {"enabledonly": True, "disabledonly": False, "all": None}
ACTOR = "Azure's API"
SPELLINGS = "zones"
TRIES = 5
"""How often a put is tried again that met another change: the last one stands, as in Azure."""


async def get(call: Call) -> Response:
    """One schedule."""
    place, masked = call.place, call.masked

    def read(workspace: Workspace) -> dict[str, Any] | None:
        row = _row(workspace, call.name)
        return shown(workspace, row, place, masked=masked) if row is not None else None

    found = await call.services.read(read)
    if found is None:
        raise not_found("Trigger", call.name)
    return json_response(found)


async def list_page(call: Call) -> Response:
    """A page of schedules, by name; those that are enabled, if nothing else is asked for."""
    view = call.query.get("listViewType", "EnabledOnly")
    if view.lower() not in VIEWS:
        raise bad(f"The listViewType {view!r} is not supported")
    enabled, after = VIEWS[view.lower()], call.after()
    place, masked = call.place, call.masked

    def read(workspace: Workspace) -> tuple[list[dict[str, Any]], bool]:
        rows = workspace.browse.schedule_page(after=after, limit=PAGE + 1, enabled=enabled)
        page = [shown(workspace, row, place, masked=masked) for row in rows[:PAGE]]
        return page, len(rows) > PAGE

    found, more = await call.services.read(read)
    page: dict[str, Any] = {"value": found}
    if more:
        page["nextLink"] = call.next_link(found[-1]["name"])
    return json_response(page)


async def put(call: Call) -> Response:
    """Create a schedule, or replace it whole."""
    sent = await call.body()
    properties = sent.get("properties")
    now = call.services.clock()
    if isinstance(properties, dict) and properties.get("trigger") is None:
        trigger = await call.services.read(lambda w: _trigger_by_files(w, call.name))
        properties = {**properties, "trigger": trigger}
    refuse_bad_schedule(call.name, properties, now)
    assert isinstance(properties, dict)
    wanted = read_schedule(call.name, properties, call.place)
    definition = properties["action"]["jobDefinition"]
    place, uploads = call.place, call.services.uploads

    def write(workspace: Workspace) -> dict[str, Any]:
        job = None
        if is_whole(definition):
            limits = workspace.site.code_limits
            job = read_sent_job(call.name, definition, place, workspace.sent, uploads, limits)
        row = put_schedule(workspace, wanted, job)
        keep_spellings(workspace, call.name, properties)
        return shown(workspace, row, place, masked=False)

    made = (await call.services.write(write, by=ACTOR))["properties"]
    operation = Operation("put", call.name, now)
    headers = {
        **_pending(call, operation),
        "Location": call.url(f"{call.place.id}/schedules/{call.name}"),
    }
    # As in Azure, of an update too: 201, and the state of something that is being made.
    body = {"properties": {**made, "provisioningState": "Creating"}}
    return json_response(body, 201, headers)


async def delete(call: Call) -> Response:
    """Delete a schedule that is disabled. What it was is kept beside the workspace's history."""
    now = call.services.clock()
    kind = await call.services.write(lambda w: _delete(w, call.name), by=ACTOR)
    if kind is None:
        return Response(status_code=204)
    operation = Operation(kind, call.name, now)
    headers = {
        **_pending(call, operation),
        "Location": call.url(operation_path(call.address, operation, "mfeOperationResults")),
    }
    return json_response(None, 202, headers)


async def trigger(call: Call) -> Response:
    """Run what a schedule runs, now; for the time that is given, if one is."""
    due_at = None
    if await call.request.body():
        given = (await call.body()).get("scheduleTime")
        due_at = _instant(given) if given is not None else None
    try:
        run = await call.services.write(lambda w: w.trigger(call.name, due_at=due_at), by=ACTOR)
    except Missing as error:
        raise not_found("Trigger", call.name) from error
    except Refused as error:
        raise bad(str(error)) from error
    return json_response({"scheduleActionType": "CreateJob", "submissionId": run})


def _instant(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise bad(f"The scheduleTime {str(text)[:80]!r} is not a date and time") from error


# ------------------------------------------------------------------------------------ in a thread


def _row(workspace: Workspace, name: str) -> ScheduleRow | None:
    rows = workspace.store.schedules([name])
    return rows[0] if rows else None


def shown(workspace: Workspace, row: ScheduleRow, place: Place, *, masked: bool) -> dict[str, Any]:
    """A schedule as GET shows it, with the job that was sent with it."""
    name, version = split_reference(row.document["create_job"]["job"])
    sent = workspace.sent.get(KIND, name, version) if version is not None else None
    kept = workspace.sent.get(SPELLINGS, row.name, "sent")
    spelled = kept.properties["properties"] if kept else {}
    return resource(
        row,
        place,
        masked=masked,
        sent=sent.properties if sent else None,
        zone=spelled.get("timeZone"),
        experiment=spelled.get("experimentName"),
    )


def _trigger_by_files(workspace: Workspace, name: str) -> dict[str, Any] | None:
    """The trigger of a schedule that files fire, which Azure's clients cannot read: to disable it,
    they put it without one.
    """
    row = _row(workspace, name)
    schedule = stored_schedule(row, "") if row is not None else None
    if schedule is None or not isinstance(schedule.trigger, DatastoreChange):
        return None
    return trigger_by_files(schedule.trigger)


def keep_spellings(workspace: Workspace, name: str, properties: Mapping[str, Any]) -> None:
    """Remember the name of a time zone as it was sent: two of Windows' are one of IANA's. And an
    experiment that was sent empty, which is shown so; one that was left out is filled in.
    """
    kept: dict[str, Any] = {}
    zone = properties["trigger"].get("timeZone")
    resolved = resolve(zone) if isinstance(zone, str) else None
    if resolved is not None and windows_name(resolved) != zone:
        kept["timeZone"] = zone
    if properties["action"]["jobDefinition"].get("experimentName") == "":
        kept["experimentName"] = ""
    if kept or workspace.sent.get(SPELLINGS, name, "sent") is not None:
        workspace.sent.put(SPELLINGS, name, "sent", {"properties": kept}, workspace.clock())


def put_schedule(workspace: Workspace, wanted: Schedule, job: SentJob | None = None) -> ScheduleRow:
    """Store a schedule over whatever stands there, which keeps its owner; ArmError. `job`: what
    was sent with it, and is published with it.
    """
    wanted = replace(wanted, key=Key(workspace.site.target, wanted.key.name))
    wanted = _as_pipeline(workspace, wanted) if job is None else job.of(wanted)
    for _ in range(TRIES):
        row = _row(workspace, wanted.key.name)
        if row is not None:
            wanted = as_held(wanted, row)
        live = live_schedule(row, workspace.site.target) if row is not None else None
        provider = workspace.provider(live.owner if live is not None else None)
        for note in provider.canonical(wanted, live).notes:
            if note.kind == "refused":
                raise bad(f"{note.path}: {note.message}" + (f" ({note.hint})" if note.hint else ""))
        if job is not None:
            now = workspace.clock()
            workspace.sent.put(KIND, job.pipeline, job.version, job.sent, now)
        new = workspace.new_schedule(wanted, row)
        try:
            workspace.store.put_schedule(
                new,
                expected=row.fingerprint if row is not None else None,
                publication=publication(job.definition) if job is not None else None,
                now=workspace.clock(),
            )
        except Refused as error:
            problem = error
            continue
        return workspace.schedule(wanted.key.name)
    raise conflict(str(problem))


def _delete(workspace: Workspace, name: str) -> str | None:
    """What becomes of a delete: `delete`, `active`; None: there is nothing to delete."""
    for _ in range(TRIES):
        row = _row(workspace, name)
        if row is None:
            return None
        if row.document["is_enabled"]:
            return "active"
        try:
            workspace.store.delete_schedule(name, expected=row.fingerprint, now=workspace.clock())
        except Refused:
            continue
        return "delete"
    raise conflict(f"the schedule {name} is being changed by others")


def _as_pipeline(workspace: Workspace, wanted: Schedule) -> Schedule:
    """A schedule of a run, which in Azure is a job too: of its pipeline, with its inputs."""
    job = wanted.job
    name, version = split_reference(job.reference)
    if version is not None or workspace.store.version(name, None) is not None:
        return wanted
    run = workspace.runs.get(name)
    if run is None:
        return wanted
    inputs = {**run.inputs, **job.inputs}
    reference = f"{PREFIX}{run.pipeline}:{run.version}"
    return replace(wanted, job=replace(job, reference=reference, inputs=inputs))


def _pending(call: Call, operation: Operation) -> dict[str, str]:
    path = operation_path(call.address, operation, "mfeOperationsStatus")
    return {
        "Azure-AsyncOperation": call.url(path),
        "x-ms-async-operation-timeout": "PT30M",
    }
