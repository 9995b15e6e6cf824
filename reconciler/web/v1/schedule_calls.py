"""The calls about schedules."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from reconciler.firing.rules.recurrence import has_open_start
from reconciler.model import Job, Key, LiveSchedule, Recurrence, Schedule, Trigger
from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import ACTOR, Call
from reconciler.web.v1.entities import schedule_entity
from reconciler.web.v1.enums import ENTITY_STATUS, read_enum
from reconciler.web.v1.errors import V1Error, bad, not_found
from reconciler.web.v1.ids import find
from reconciler.web.v1.pipelines import reference_of
from reconciler.web.v1.submission import Submission, read_submission
from reconciler.web.v1.triggers import read_trigger
from reconciler.web.workspace_view import Workspace, live_schedule
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.references import split_reference
from reconciler.workspace.store.schedules import ScheduleRow

TRIES = 5
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]+")


async def list_all(call: Call) -> Response:
    """Every schedule; those that are active, if nothing else is asked for."""
    active = call.flag("activeOnly", default=True)
    return await _listed(call, lambda row: not active or bool(row.document["is_enabled"]))


async def of_pipeline(call: Call) -> Response:
    """The schedules that stay with one version of a pipeline."""
    return await _listed_of(call, "PipelineId")


async def of_endpoint(call: Call) -> Response:
    """The schedules that follow a pipeline."""
    return await _listed_of(call, "PipelineEndpointId")


async def get(call: Call) -> Response:
    """One schedule."""
    row = await call.services.read(lambda workspace: find_schedule(workspace, call.last))
    return json_response(schedule_entity(row, call.datastores, masked=call.masked))


async def create(call: Call) -> Response:
    """A new schedule. Names are labels in v1: one that is taken gets a number."""
    body = await call.body()

    def write(workspace: Workspace) -> ScheduleRow:
        label = body.get("Name")
        if not isinstance(label, str) or not label.strip():
            raise bad("Value cannot be null. (Parameter 'Name')")
        submission = read_submission(body.get("PipelineSubmissionInfo"), call.datastores)
        reference = reference_of(workspace, body)
        if reference is None:
            raise bad("Give a PipelineId or a PipelineEndpointId")
        name = _new_name(label, workspace.browse.schedule_names())
        job = _job(Job(reference), submission)
        wanted = Schedule(
            Key(workspace.site.target, name),
            read_trigger(body, None),
            job,
            display_name=label if label != name else None,
            description=submission.description or None,
            tags=submission.tags or {},
            properties=submission.properties or {},
        )
        row = _store(workspace, name, lambda live: wanted)
        if isinstance(wanted.trigger, Recurrence) and has_open_start(wanted.trigger):
            # v1 runs it at once, then by its pattern. What has no pattern the engine fires now.
            workspace.first_run(name)
        return row

    row = await call.services.write(write, by=ACTOR)
    return json_response(schedule_entity(row, call.datastores, masked=False))


async def put(call: Call) -> Response:
    """Change a schedule: the whole entity is sent, and what it leaves out stays."""
    body = await call.body()

    def write(workspace: Workspace) -> ScheduleRow:
        row = find_schedule(workspace, call.last)
        return _store(workspace, row.name, lambda live: _changed(workspace, call, body, live))

    row = await call.services.write(write, by=ACTOR)
    return json_response(schedule_entity(row, call.datastores, masked=False))


# ------------------------------------------------------------------------------------ in a thread


def find_schedule(workspace: Workspace, identifier: str) -> ScheduleRow:
    """The schedule with an id, or a name; V1Error."""
    name = find("schedule", identifier, workspace.browse.schedule_names())
    rows = workspace.store.schedules([name]) if name is not None else []
    if not rows:
        raise not_found("Schedule", identifier)
    return rows[0]


def _changed(
    workspace: Workspace, call: Call, body: Mapping[str, Any], live: LiveSchedule | None
) -> Schedule:
    if live is None:
        raise not_found("Schedule", call.last)
    before = live.schedule
    trigger: Trigger = read_trigger(body, before.trigger)
    status = body.get("EntityStatus")
    enabled = before.enabled
    if status is not None:
        enabled = read_enum(ENTITY_STATUS, status, "EntityStatus") == "Active"
    changed = replace(before, trigger=trigger, enabled=enabled)
    label = body.get("Name")
    if not isinstance(label, str | None):
        raise bad("The member Name is not a text")
    if label and label != (before.display_name or before.key.name):
        changed = replace(changed, display_name=label if label != before.key.name else None)
    info = body.get("PipelineSubmissionInfo")
    if info is not None:
        said = read_submission(info, call.datastores, before.job.inputs)
        kept = before.description if said.description is None else said.description or None
        changed = replace(
            changed,
            job=_job(changed.job, said),
            description=kept,
            tags=before.tags if said.tags is None else said.tags,
            properties=before.properties if said.properties is None else said.properties,
        )
    reference = reference_of(workspace, body)
    if reference is not None and split_reference(reference) != split_reference(
        changed.job.reference
    ):
        changed = replace(changed, job=replace(changed.job, reference=reference))
    return changed


def _job(job: Job, said: Submission) -> Job:
    return replace(
        job,
        experiment_name=said.experiment or job.experiment_name,
        inputs=job.inputs if said.inputs is None else dict(sorted(said.inputs.items())),
        continue_on_step_failure=(
            job.continue_on_step_failure if said.go_on is None else said.go_on
        ),
    )


def _store(
    workspace: Workspace, name: str, make: Callable[[LiveSchedule | None], Schedule]
) -> ScheduleRow:
    """Store what `make` makes of what is live, which keeps its owner; V1Error."""
    for _ in range(TRIES):
        rows = workspace.store.schedules([name])
        row = rows[0] if rows else None
        live = live_schedule(row, workspace.site.target) if row is not None else None
        wanted = make(live)
        if wanted.enabled:
            provider = workspace.provider(live.owner if live is not None else None)
            for note in provider.canonical(wanted, live).notes:
                if note.kind == "refused":
                    raise bad(f"{note.path}: {note.message}")
        try:
            workspace.store.put_schedule(
                workspace.new_schedule(wanted, row),
                expected=row.fingerprint if row is not None else None,
                publication=None,
                now=workspace.clock(),
            )
        except Refused as error:
            problem = error
            continue
        return workspace.schedule(name)
    raise V1Error(409, "Conflict", str(problem))


def _new_name(label: str, taken: Iterable[str]) -> str:
    """The name of a schedule with that label: letters, digits, - and _, and no other has it."""
    stem = _NOT_IN_NAMES.sub("-", label).strip("-_")[:200] or "schedule"
    names, number, name = frozenset(taken), 1, stem
    while name in names:
        number += 1
        name = f"{stem}-{number}"
    return name


async def _listed(call: Call, wanted: Callable[[ScheduleRow], bool]) -> Response:
    datastores, masked = call.datastores, call.masked

    def read(workspace: Workspace) -> list[dict[str, Any]]:
        rows = workspace.store.schedules()
        return [schedule_entity(r, datastores, masked=masked) for r in rows if wanted(r)]

    return json_response(await call.services.read(read))


async def _listed_of(call: Call, member: str) -> Response:
    identifier, datastores, masked = call.last, call.datastores, call.masked

    def read(workspace: Workspace) -> list[dict[str, Any]]:
        reference = reference_of(workspace, {member: identifier})
        wanted = split_reference(reference or "")
        rows = [
            row
            for row in workspace.store.schedules()
            if split_reference(str(_reference(row))) == wanted
        ]
        return [schedule_entity(row, datastores, masked=masked) for row in rows]

    return json_response(await call.services.read(read))


def _reference(row: ScheduleRow) -> Any:
    job = row.document["create_job"]
    return job["job"] if isinstance(job, Mapping) else job
