"""Schedules, pipelines, endpoints, runs and experiments as v1's clients read them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.document import scalar_text
from reconciler.masking import mask
from reconciler.model import DatastoreChange, Trigger
from reconciler.web.v1.enums import ENTITY_STATUS, RUN_TYPE, STATUS_CODE
from reconciler.web.v1.ids import guid
from reconciler.web.v1.legible import note_of
from reconciler.web.v1.submission import assignments, is_in_datastore
from reconciler.web.v1.triggers import trigger_to_v1
from reconciler.web.workspace_view import stored_schedule
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.records import RunRow
from reconciler.workspace.store.references import split_reference
from reconciler.workspace.store.schedules import PipelineRow, ScheduleRow, VersionRow

ACTIVE, DISABLED = ENTITY_STATUS.index("Active"), ENTITY_STATUS.index("Disabled")
_STATUS = {"Completed": "Finished"}


def schedule_entity(
    row: ScheduleRow, datastores: Mapping[str, Datastore], *, masked: bool
) -> dict[str, Any]:
    """A PipelineScheduleEntity."""
    schedule = stored_schedule(row, "")
    job = schedule.job
    pipeline, version = split_reference(job.reference)
    identifier = guid("schedule", row.name)
    info = {
        "ExperimentName": job.experiment_name or row.name,
        "Description": schedule.description,
        "RunSource": "Unavailable",
        "RunType": RUN_TYPE.index("Schedule"),
        "ScheduleId": identifier,
        "ContinueRunOnStepFailure": job.continue_on_step_failure,
        "EnableNotification": None,
        "tags": dict(schedule.tags),
        "Properties": {**schedule.properties, **_note(schedule.trigger)},
        **assignments(job.inputs, datastores),
    }
    return {
        "Name": schedule.display_name or row.name,
        "PipelineId": guid("version", f"{pipeline}:{version}") if version else None,
        "PipelineEndpointId": None if version else guid("pipeline", pipeline),
        "ProvisioningStatus": 0,
        "PipelineSubmissionInfo": mask("", info) if masked else info,
        **trigger_to_v1(schedule.trigger),
        "Id": identifier,
        "Etag": f'"{row.fingerprint[:36]}"',
        "CreatedDate": row.created_at.isoformat(),
        "LastModifiedDate": row.modified_at.isoformat(),
        "EntityStatus": ACTIVE if schedule.enabled else DISABLED,
    }


def pipeline_entity(
    row: PipelineRow, version: VersionRow, base: str, *, masked: bool
) -> dict[str, Any]:
    """A PipelineEntity: one version of a pipeline. `base`: where its service is."""
    identifier = guid("version", f"{row.name}:{version.version}")
    document = version.document
    settings = document.get("settings")
    steps = document.get("jobs")
    defaults = _defaults(document)
    return {
        "Name": row.name,
        "Description": _text(document.get("description")),
        "Version": str(version.number),
        "GraphId": guid("graph", version.digest),
        "TotalRunSteps": len(steps) if isinstance(steps, Mapping) else 1,
        "ParameterAssignments": mask("", defaults) if masked else defaults,
        "DataSetDefinitionValueAssignments": {},
        "Url": f"{base}/PipelineRuns/PipelineSubmit/{identifier}",
        "Id": identifier,
        "Etag": f'"{version.version}"',
        "CreatedDate": version.published_at.isoformat(),
        "LastModifiedDate": version.published_at.isoformat(),
        "EntityStatus": ACTIVE if row.enabled and version.enabled else DISABLED,
        "ContinueRunOnStepFailure": (
            settings.get("continue_on_step_failure") if isinstance(settings, Mapping) else None
        ),
        "Properties": {"reconciler.path": version.path, "reconciler.version": version.version},
        "EnableNotification": None,
    }


def endpoint_entity(row: PipelineRow, versions: list[VersionRow], base: str) -> dict[str, Any]:
    """A PipelineEndpointEntity: a pipeline, whose newest version it runs."""
    identifier = guid("pipeline", row.name)
    first = versions[-1].published_at if versions else row.published_at
    return {
        "Name": row.name,
        "DefaultVersion": str(row.versions),
        "Description": _text(row.document.get("description")),
        "PipelineVersionList": [
            {"Version": str(v.number), "PipelineId": guid("version", f"{row.name}:{v.version}")}
            for v in reversed(versions)
        ],
        "Url": f"{base}/PipelineRuns/PipelineEndpointSubmit/Id/{identifier}",
        "Id": identifier,
        "Etag": f'"{row.version}"',
        "CreatedDate": first.isoformat(),
        "LastModifiedDate": row.published_at.isoformat(),
        "EntityStatus": ACTIVE if row.enabled else DISABLED,
        "Properties": {},
        "SwaggerUrl": None,
        "tags": {},
    }


def run_entity(run: RunRow, datastores: Mapping[str, Datastore], *, masked: bool) -> dict[str, Any]:
    """A PipelineRunEntity."""
    inputs = _with_file(run.inputs, datastores) if run.cause == "data" else run.inputs
    given = assignments(inputs, datastores)
    code = STATUS_CODE.index(_STATUS.get(run.status, run.status))
    return {
        "Description": run.name,
        "Status": {
            "StatusCode": code,
            "StatusDetail": run.message,
            "CreationTime": run.created_at.isoformat(),
            "EndTime": run.ended_at.isoformat() if run.ended_at else None,
        },
        "GraphId": guid("graph", run.version),
        "IsSubmitted": True,
        "HasErrors": run.status == "Failed",
        "HasWarnings": False,
        "UploadState": 1,
        **(mask("", given) if masked else given),
        "RunHistoryExperimentName": run.experiment,
        "PipelineId": guid("version", f"{run.pipeline}:{run.version}"),
        "RunSource": "Unavailable",
        "RunType": RUN_TYPE.index("HTTP" if run.cause == "manual" else "Schedule"),
        "ScheduleId": guid("schedule", run.schedule) if run.schedule else None,
        "ContinueRunOnStepFailure": run.go_on,
        "tags": {},
        "Properties": {"reconciler.cause": run.cause, "reconciler.data_path": run.data_path},
        "EntityStatus": ACTIVE,
        "Id": run.name,
        "Etag": f'"{run.status}"',
        "CreatedDate": run.created_at.isoformat(),
        "LastModifiedDate": (run.ended_at or run.started_at or run.created_at).isoformat(),
    }


def experiment_entity(name: str, runs: int, status: str, newest: datetime) -> dict[str, Any]:
    """An experiment, as the service of run history has it."""
    return {
        "experimentId": guid("experiment", name),
        "name": name,
        "description": None,
        "createdUtc": newest.isoformat(),
        "tags": {},
        "archivedTime": None,
        "retainForLifetimeOfWorkspace": False,
        "latestCreatedRunCreationTime": newest.isoformat(),
        "latestCreatedRunStatus": status,
        "numberOfRuns": runs,
    }


def _note(trigger: Trigger) -> dict[str, str]:
    """What `Recurrence` does not say of it, as properties, which a PUT gives back in vain."""
    return {} if isinstance(trigger, DatastoreChange) else note_of(trigger)


def _with_file(inputs: Mapping[str, Any], datastores: Mapping[str, Datastore]) -> dict[str, Any]:
    """Inputs of a run that a file started: the file as the DataPath that it is."""
    return {
        name: {"path": value} if is_in_datastore(value, datastores) else value
        for name, value in inputs.items()
    }


def _defaults(document: Mapping[str, Any]) -> dict[str, str]:
    declared = document.get("inputs")
    values: dict[str, str] = {}
    for name, given in declared.items() if isinstance(declared, Mapping) else ():
        value = given
        if isinstance(given, Mapping):
            value = given.get("default", given.get("value", given.get("path")))
        if value is not None and not isinstance(value, Mapping | list):
            values[str(name)] = scalar_text(value)
    return values


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
