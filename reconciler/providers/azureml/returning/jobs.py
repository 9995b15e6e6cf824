"""The job of a live schedule -> what its declaration says of it, and its job file. Pure.

Here nothing is brought into the form that is compared: a default that is live is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from reconciler.model import Job
from reconciler.providers.azureml.ids import PREFIX, Workspace, from_id
from reconciler.providers.azureml.jobs.definition import (
    SENT_WHOLE,
    job_from_wire,
    unknown_members,
)
from reconciler.providers.azureml.jobs.reading import file_steps
from reconciler.providers.capabilities import LiveJob, Unsayable

_PARENT_INPUT = re.compile(r"\$\{\{ ?parent\.inputs\.([A-Za-z0-9_]+)")
_EMPTY: dict[str, Any] = {}


def live_job(properties: Mapping[str, Any], workspace: Workspace) -> LiveJob:
    """The job in `properties` of a schedule, as they were read; Unsayable."""
    action = properties.get("action") or _EMPTY
    definition = without_nulls(action.get("jobDefinition") or _EMPTY)
    try:
        job = job_from_wire(definition, workspace)
        keys = _keys_of(job, definition)
        notes = tuple(
            f"{key} of the job is not known here, and stays as it is"
            for key in sorted(unknown_members(definition))
        )
        zone = (properties.get("trigger") or _EMPTY).get("timeZone")
        is_whole = job.reference == SENT_WHOLE
        if definition.get("experimentName") == "" and (keys or is_whole):
            # Where none is named it would be Default.
            keys = {"experiment_name": "", **keys}
        if not is_whole:
            return LiveJob({"job": job.reference, **keys}, notes=notes, time_zone=zone)
        document = {"type": "pipeline", **keys, **_steps(job, definition)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unsayable(f"its job cannot be read: {error}") from error
    document = {key: document[key] for key in _ORDER if key in document}
    return LiveJob({}, _with_optional_inputs(document), notes=notes, time_zone=zone)


_ORDER = (
    *("type", "display_name", "description", "experiment_name", "tags", "properties", "identity"),
    *("compute", "inputs", "outputs", "settings", "component", "jobs"),
)


def _keys_of(job: Job, definition: Mapping[str, Any]) -> dict[str, Any]:
    """What a declaration and a job file both have keys for, as far as it is live."""
    settings = {k: v for k, v in job.settings.items() if not k.startswith("_")}
    if job.continue_on_step_failure is not None:
        settings["continue_on_step_failure"] = job.continue_on_step_failure
    found = {
        "display_name": job.display_name,
        "description": job.description,
        "experiment_name": job.experiment_name,
        "compute": job.compute,
        "inputs": dict(job.inputs),
        "outputs": dict(job.outputs),
        "settings": settings,
        "tags": dict(job.tags),
        "properties": job.extra.get("properties"),
        "identity": job.extra.get("identity"),
    }
    return {key: value for key, value in found.items() if value}


def _steps(job: Job, definition: Mapping[str, Any]) -> dict[str, Any]:
    component = definition.get("componentId")
    if component:
        # Of a job Azure's client sends a short name as it stands, and so tells it from an id.
        return {"component": PREFIX + str(component).removeprefix(PREFIX)}
    steps = job.extra.get("jobs")
    if not steps:
        raise Unsayable("its job has neither steps nor a component")
    wrong = next((name for name, step in steps.items() if not isinstance(step, Mapping)), None)
    if wrong is not None:
        raise Unsayable(f'its step "{wrong}" is no mapping')
    return {"jobs": file_steps(steps)}


def short_ids(steps: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
    """Steps of a component with the ids of this workspace as people write them."""
    definition = {"jobs": without_nulls(steps)}
    return dict(job_from_wire(definition, workspace).extra.get("jobs") or {})


def _with_optional_inputs(document: dict[str, Any]) -> dict[str, Any]:
    """With the inputs that steps read and the job does not give: no value of them is live."""
    text = json.dumps(document.get("jobs") or {})
    given = document.get("inputs") or {}
    missing = sorted(set(_PARENT_INPUT.findall(text)) - set(given))
    if not missing:
        return document
    optional = {name: {"type": "string", "optional": True} for name in missing}
    whole = document | {"inputs": {**given, **optional}}
    return {key: whole[key] for key in _ORDER if key in whole}


def without_nulls(value: Any) -> Any:
    """A copy without members that are null: the service shows all that it knows."""
    if isinstance(value, Mapping):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def short_environment(reference: Any, workspace: Workspace) -> Any:
    """The environment of a component as people write it."""
    if not isinstance(reference, str) or "://" in reference:
        return reference
    text = reference.removeprefix(PREFIX)
    # One of Azure's own is text there, `azureml:AzureML-NAME:VERSION`.
    return from_id(text, "environments", workspace) if text.startswith("/") else reference
