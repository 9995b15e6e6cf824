"""Runs and steps as the service of run history shows them (RunDto, RunDetailsDto). Pure.

A step is a child of its run. Its id is the run's, a dot and its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reconciler.web.v1.ids import guid
from reconciler.workspace.store.records import RunRow, StepRow

PIPELINE_RUN, STEP_RUN = "azureml.PipelineRun", "azureml.StepRun"
"""What `PipelineRun` and `StepRun` of the SDK are registered for."""
LOG_FILE = "azureml-logs/70_driver_log.txt"
"""What the SDK looks for among the logs of a step, to show it while it runs."""
RUN_LOG = "logs/azureml/executionlogs.txt"
"""The same for a run, by the SDK v2."""
USER_LOG = "user_logs/std_log.txt"
"""The same, for who asks what files a step has."""
CONTAINER = "dcid."
"""What the name of a container of files begins with, before the id of a run or step."""
_STEP = {"NotStarted": "0", "Running": "2", "Failed": "3", "Completed": "4", "Canceled": "5"}


def run_dto(run: RunRow) -> dict[str, Any]:
    """A run."""
    return {
        "runId": run.name,
        "rootRunId": run.name,
        "parentRunId": None,
        "dataContainerId": f"{CONTAINER}{run.name}",
        "runType": PIPELINE_RUN,
        "name": run.name,
        "displayName": run.name,
        "description": None,
        "tags": {},
        "properties": {
            "azureml.runsource": "azureml.PipelineRun",
            "azureml.pipelineid": guid("version", f"{run.pipeline}:{run.version}"),
            "azureml.pipelineComponent": "pipelinerun",
            "ContentSnapshotId": guid("graph", run.version),
            "reconciler.cause": run.cause,
        },
        **_common(run, run.status, run.started_at, run.ended_at),
        "error": error(run.status, run.message),
    }


def step_dto(run: RunRow, step: StepRow) -> dict[str, Any]:
    """A step, as a child of its run."""
    return {
        "runId": step_id(run.name, step.name),
        "rootRunId": run.name,
        "parentRunId": run.name,
        "dataContainerId": f"{CONTAINER}{step_id(run.name, step.name)}",
        "runType": STEP_RUN,
        "name": step.name,
        "displayName": step.name,
        "description": step.message,
        "tags": {"azureml.nodeid": step.name, "azureml.pipeline": run.name},
        "properties": {"azureml.pipelinerunid": run.name, "azureml.nodeid": step.name},
        **_common(run, step.status, step.started_at, step.ended_at),
        "error": error(step.status, step.message),
    }


def details(dto: Mapping[str, Any], logs: Mapping[str, str]) -> dict[str, Any]:
    """The details of a run or step. `logs`: by name, where they can be read."""
    kept = ("runId", "target", "status", "startTimeUtc", "endTimeUtc", "error", "properties")
    return {
        **{name: dto[name] for name in kept},
        "warnings": [],
        "services": {},
        "inputDatasets": [],
        "outputDatasets": [],
        "runDefinition": None,
        "logFiles": dict(logs),
    }


def step_id(run: str, step: str) -> str:
    """The id of a step."""
    return f"{run}.{step}"


def step_code(status: str) -> str:
    """The number that v1 has for what a step is: not those of runs."""
    return _STEP.get(status, "0")


def error(status: str, message: str | None) -> dict[str, Any] | None:
    """Why something failed."""
    if status != "Failed":
        return None
    words = message or "The run failed; its log says more."
    return {"error": {"code": "UserError", "message": words, "details": []}}


def _common(
    run: RunRow, status: str, began: datetime | None, ended: datetime | None
) -> dict[str, Any]:
    return {
        # A number that grows from run to run: the SDK keeps it, and does nothing with it.
        "runNumber": int(run.created_at.timestamp()),
        "experimentId": guid("experiment", run.experiment),
        "createdUtc": run.created_at.isoformat(),
        "status": status,
        "startTimeUtc": began.isoformat() if began else None,
        "endTimeUtc": ended.isoformat() if ended else None,
        "target": "local",
        "hidden": False,
        "heartbeatEnabled": False,
        "warnings": [],
    }
