"""Runs, and published pipelines, as the jobs that Azure's clients read. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from reconciler.masking import mask
from reconciler.providers.azureml.ids import Workspace, to_id
from reconciler.providers.azureml.jobs.definition import input_to_wire
from reconciler.web.arm.schedules import instant, system_data
from reconciler.workspace.store.records import RunRow, StepRow
from reconciler.workspace.store.schedules import VersionRow

TYPE = "Microsoft.MachineLearningServices/workspaces/jobs"


def run_resource(
    run: RunRow,
    steps: Iterable[StepRow],
    place: Workspace,
    *,
    masked: bool,
    sent: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A run as a job; `sent`: as its client sent it, where one did."""
    ended = run.ended_at or run.started_at or run.created_at
    properties: dict[str, Any] = {
        **_plain(run.experiment, run.name),
        "status": run.status,
        "description": run.message,
        "services": _services(run.name, place),
        "inputs": _inputs(run.inputs),
        "jobs": {step.name: _step(run, step, place) for step in steps},
        "sourceJobId": to_id(f"azureml:{run.pipeline}:{run.version}", "jobs", place),
        "settings": {"continue_on_step_failure": run.go_on} if run.go_on is not None else {},
        "properties": {
            "reconciler.cause": run.cause,
            "reconciler.due_at": run.due_at.isoformat(),
            "reconciler.pipeline": run.pipeline,
            "reconciler.version": run.version,
        },
    }
    if run.started_at is not None:
        properties["properties"]["StartTimeUtc"] = _utc(run.started_at)
    if run.ended_at is not None:
        properties["properties"]["EndTimeUtc"] = _utc(run.ended_at)
    if run.schedule is not None:
        properties["tags"] = {"azureml.scheduleName": run.schedule}
        properties["properties"]["azureml.scheduleName"] = run.schedule
    said = sent or {}
    properties |= _as_sent(said)
    for name in ("tags", "properties"):  # what is ours is not another's to say
        given = said.get(name)
        properties[name] = {**(given if isinstance(given, Mapping) else {}), **properties[name]}
    properties["isArchived"] = run.archived
    return _envelope(run.name, properties, place, run.created_at, ended, masked)


def _as_sent(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What of a job is shown as it was sent: of one of a command all that makes it one."""
    names = ["displayName", "description"]
    if str(sent.get("jobType")).lower() == "command":
        names += ["jobType", "command", "codeId", "environmentId", "environmentVariables"]
        names += ["computeId", "limits", "resources", "distribution", "inputs", "outputs"]
    return {name: sent[name] for name in names if name in sent}


def step_resource(run: RunRow, step: StepRow, place: Workspace, *, masked: bool) -> dict[str, Any]:
    """A step of a run as a job of its own, RUN.STEP."""
    name = f"{run.name}.{step.name}"
    began = step.started_at or run.created_at
    properties: dict[str, Any] = {
        **_plain(run.experiment, name),
        "jobType": "Command",
        "displayName": step.name,
        "status": step.status,
        "description": step.message,
        "command": "",
        "environmentId": f"{place.id}/environments/local/versions/1",
        "parentJobName": run.name,
        "inputs": {},
        "properties": {"azureml.pipelinerunid": run.name},
        "services": _services(run.name, place),
    }
    return _envelope(name, properties, place, began, step.ended_at or began, masked)


def pipeline_resource(
    name: str, version: VersionRow, place: Workspace, *, masked: bool
) -> dict[str, Any]:
    """A published pipeline as a job that schedules may refer to."""
    document = version.document
    steps = document.get("jobs")
    names = [str(step) for step in steps] if isinstance(steps, Mapping) else []
    properties = {
        **_plain(str(document.get("experiment_name") or name), name),
        "status": "Completed",
        "description": _text(document.get("description")),
        "displayName": _text(document.get("display_name")) or name,
        "inputs": _inputs(declared_inputs(document)),
        "jobs": {
            step: {
                "type": "command",
                "componentId": _component(name, version.version, step, place),
            }
            for step in names
        },
        "sourceJobId": None,
        "settings": {},
        "properties": {
            "reconciler.published": version.path,
            "reconciler.version": version.version,
        },
    }
    return _envelope(name, properties, place, version.published_at, version.published_at, masked)


def declared_inputs(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The inputs that a job file declares, with their values where it gives them."""
    declared = document.get("inputs")
    return declared if isinstance(declared, Mapping) else {}


def _plain(experiment: str, name: str) -> dict[str, Any]:
    return {
        "jobType": "Pipeline",
        "displayName": name,
        "experimentName": experiment,
        "tags": {},
        "outputs": {},
        "services": {},
        "computeId": None,
        "componentId": None,
        "identity": None,
        "isArchived": False,
    }


def _envelope(
    name: str,
    properties: dict[str, Any],
    place: Workspace,
    created: datetime,
    modified: datetime,
    masked: bool,
) -> dict[str, Any]:
    return {
        "id": f"{place.id}/jobs/{name}",
        "name": name,
        "type": TYPE,
        "properties": mask("", properties) if masked else properties,
        "systemData": system_data(created, modified, None),
    }


def _inputs(given: Mapping[str, Any]) -> dict[str, Any]:
    wire = {str(name): input_to_wire(value) for name, value in given.items()}
    return {name: {"description": None, **value} for name, value in wire.items() if value}


def _step(run: RunRow, step: StepRow, place: Workspace) -> dict[str, Any]:
    return {
        "type": "command",
        "componentId": _component(run.pipeline, run.version, step.name, place),
        "status": step.status,
        "startTime": instant(step.started_at) if step.started_at else None,
        "endTime": instant(step.ended_at) if step.ended_at else None,
        "exitCode": step.exit_code,
        "message": step.message,
    }


def _services(run: str, place: Workspace) -> dict[str, Any]:
    """Where the page of a run is."""
    page = f"{place.endpoint}/runs/{quote(run)}"
    return {"Studio": {"jobServiceType": "Studio", "endpoint": page, "status": None, "port": None}}


def _component(pipeline: str, version: str, step: str, place: Workspace) -> str:
    """What a step is made of. Azure's client reads no step without one; there is none to be had."""
    return f"{place.id}/components/{pipeline}.{step}/versions/{version}"


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
