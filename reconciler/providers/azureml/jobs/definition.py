"""What runs, as Azure Resource Manager has it <-> a Job. Pure.

A job is a reference to one that is in the workspace, or is sent whole. Reading expects what
`rules.normalize` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from reconciler.document import scalar_text
from reconciler.model import Job
from reconciler.providers.azureml.ids import PREFIX, Workspace, from_id, to_id
from reconciler.providers.azureml.jobs.reading import is_known
from reconciler.providers.azureml.jobs.terms.bindings import is_expression
from reconciler.providers.azureml.jobs.terms.data import literal
from reconciler.providers.azureml.jobs.terms.references import (
    compute_id,
    data_kind,
    resource_id,
)
from reconciler.providers.azureml.jobs.terms.words import from_wire, to_wire

SENT_WHOLE = "(sent with the schedule)"
"""The reference of a job whose definition is part of the schedule."""

DEFAULT_EXPERIMENT = "Default"
"""What the service fills in where the member was not sent. Of a reference that stands alone the
client of Azure sends none as "", which is another thing: the job's own experiment. Of a mapping,
and of a job sent whole, it leaves the member out."""

_EMPTY: dict[str, Any] = {}
_DEFAULTS = {"default_compute": "computes", "default_datastore": "datastores"}


def job_from_wire(definition: Mapping[str, Any], workspace: Workspace) -> Job:
    """The Job of a normalized `jobDefinition`."""
    get = definition.get
    settings = dict(get("settings") or _EMPTY)
    go_on = settings.pop("continue_on_step_failure", None)
    for key, kind in _DEFAULTS.items():
        if isinstance(settings.get(key), str):
            settings[key] = from_id(settings[key], kind, workspace)
    source, compute = get("sourceJobId"), get("computeId")
    extra: dict[str, Any] = {}
    if get("componentId"):
        component = from_id(str(get("componentId")), "components", workspace)
        # Of a registered one Azure's client sends the short name, without the prefix.
        extra["component"] = PREFIX + component.removeprefix(PREFIX)
    if get("jobs"):
        extra["jobs"] = _sorted(_nodes(definition["jobs"], from_id, workspace))
    if get("identity"):
        extra["identity"] = _identity_from_wire(dict(get("identity") or _EMPTY))
    if get("properties"):
        extra["properties"] = _sorted(get("properties"))
    experiment = get("experimentName")
    if not source and experiment == DEFAULT_EXPERIMENT:
        experiment = None
    return Job(
        reference=from_id(source, "jobs", workspace) if source else SENT_WHOLE,
        experiment_name=experiment or None,
        inputs={
            name: _input_value(value, workspace)
            for name, value in sorted((get("inputs") or _EMPTY).items())
        },
        outputs={name: _output_value(v) for name, v in sorted((get("outputs") or _EMPTY).items())},
        continue_on_step_failure=None if go_on is None else scalar_text(go_on).lower() == "true",
        settings=_sorted(settings),
        display_name=get("displayName"),
        description=get("description"),
        compute=from_id(compute, "computes", workspace) if compute else None,
        tags={key: str(value) for key, value in sorted((get("tags") or _EMPTY).items())},
        extra=extra,
    )


def without_ignored(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the compute of pipeline steps, which Azure ignores, and of which its client makes
    another whenever it puts a schedule again.
    """
    steps = definition.get("jobs") or _EMPTY
    kept = {
        name: {key: value for key, value in step.items() if key != "computeId"}
        for name, step in steps.items()
        if isinstance(step, Mapping) and step.get("type") == "pipeline" and "computeId" in step
    }
    return {**definition, "jobs": {**steps, **kept}} if kept else definition


def _nodes(
    nodes: Mapping[str, Any], convert: Callable[[str, str, Workspace], str], workspace: Workspace
) -> dict[str, Any]:
    """Steps, with the ids of their components and computes as ids, or as people write them."""
    kinds = {"componentId": "components", "computeId": "computes"}

    def node(step: Mapping[str, Any]) -> dict[str, Any]:
        if not is_known(step):
            return dict(step)
        converted: dict[str, Any] = {
            key: convert(step[key], kind, workspace)
            for key, kind in kinds.items()
            if isinstance(step.get(key), str) and not is_expression(step[key])
        }
        compute = step.get("computeId")
        if step.get("type") == "pipeline" and isinstance(compute, str) and "computeId" in converted:
            # See `steps.Pipeline`: what stands there is not looked at.
            written = compute.removeprefix(f"{workspace.id}/computes/")
            converted["computeId"] = compute if convert is to_id else written
        if isinstance(step.get("trial"), Mapping):
            converted["trial"] = node(step["trial"])
        return {**step, **converted}

    return {k: node(v) if isinstance(v, Mapping) else v for k, v in nodes.items()}


def _input_value(value: Mapping[str, Any], workspace: Workspace) -> Any:
    kind = str(value.get("jobInputType", ""))
    if kind.lower() == "literal":
        return value.get("value")
    path = value.get("uri")
    if isinstance(path, str) and path.startswith("/"):
        path = from_id(path, data_kind(kind), workspace)
    return _sorted(
        {
            "type": value.get("jobInputType"),
            "path": path,
            **_mode(value, "input_modes"),
        }
    )


def _output_value(value: Mapping[str, Any]) -> Any:
    # A description comes from a component's file alone: Azure's client takes none in a job's.
    named = {
        key: value[name]
        for key, name in _OUTPUT_KEYS.items()
        if key != "description" and value.get(name)
    }
    return _sorted({"type": value.get("jobOutputType"), **named, **_mode(value, "output_modes")})


def _mode(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"mode": from_wire(kind, value["mode"])} if value.get("mode") else {}


_IDENTITY_KEYS = {
    "client_id": "clientId",
    "object_id": "objectId",
    "msi_resource_id": "resourceId",
    "resource_id": "resourceId",
}


def _identity_from_wire(identity: Mapping[str, Any]) -> dict[str, Any]:
    keys = {wire: key for key, wire in reversed(_IDENTITY_KEYS.items())}
    kind = str(identity.get("identityType"))
    read = {keys.get(k, k): v for k, v in identity.items() if k != "identityType"}
    read["type"] = from_wire("identities", kind)
    return {key: _sorted(read[key]) for key in sorted(read)}


def _identity_to_wire(identity: Any) -> dict[str, Any] | None:
    if not isinstance(identity, Mapping) or not identity:
        return None
    wire: dict[str, Any] = {
        _IDENTITY_KEYS.get(str(k), str(k)): v for k, v in identity.items() if k != "type"
    }
    wire["identityType"] = to_wire("identities", str(identity.get("type")))
    return wire


def job_to_wire(job: Job, workspace: Workspace, live: Mapping[str, Any]) -> dict[str, Any]:
    """The `jobDefinition` to send, over the one that is live."""
    whole = job.reference == SENT_WHOLE
    own = "" if job.own_experiment else None
    if own is not None and not whole and job == Job(job.reference):
        return {
            "jobType": "Pipeline",
            "sourceJobId": to_id(job.reference, "jobs", workspace),
            "experimentName": own,
            "isArchived": False,
        }
    same_kind = bool(live.get("sourceJobId")) != whole
    wire = {**live} if same_kind else {}
    settings = dict(job.settings)
    if job.continue_on_step_failure is not None:
        settings["continue_on_step_failure"] = job.continue_on_step_failure
    for key, kind in _DEFAULTS.items():
        if isinstance(settings.get(key), str):
            settings[key] = resource_id(settings[key], kind, workspace)
    component = job.extra.get("component")
    wire |= {
        "jobType": "Pipeline",
        "sourceJobId": None if whole else to_id(job.reference, "jobs", workspace),
        "jobs": _nodes(job.extra.get("jobs") or _EMPTY, to_id, workspace) if whole else {},
        "componentId": _component_id(component, workspace),
        "experimentName": job.experiment_name or (_unnamed(wire) if own is None else own),
        "displayName": job.display_name,
        "description": job.description,
        "computeId": compute_id(job.compute, workspace),
        "inputs": _over(
            wire.get("inputs"), job.inputs, partial(input_to_wire, workspace=workspace), _INPUT
        ),
        "outputs": _over(wire.get("outputs"), job.outputs, output_to_wire, _OUTPUT),
        "settings": settings,
        "tags": dict(job.tags),
        "properties": dict(job.extra.get("properties") or {}),
        "identity": _identity_to_wire(job.extra.get("identity")),
        "isArchived": False,
    }
    return {
        key: value for key, value in wire.items() if value is not None and key not in _READ_ONLY
    }


def _unnamed(live: Mapping[str, Any]) -> Any:
    """The experiment of a job that names none: what stands for none stays as it is."""
    before = live.get("experimentName")
    return before if before in ("", DEFAULT_EXPERIMENT) else None


def _component_id(component: Any, workspace: Workspace) -> str | None:
    """Of a short name without `azureml:` that name: Azure's client sends it so."""
    if not isinstance(component, str) or not component:
        return None
    is_named = component.startswith((PREFIX, "/"))
    return to_id(component, "components", workspace) if is_named else component


def component_ids(properties: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the components that a live schedule's job runs."""
    definition = (properties.get("action") or _EMPTY).get("jobDefinition") or _EMPTY
    steps = definition.get("jobs") or _EMPTY
    for step in (definition, *(one for one in steps.values() if isinstance(one, Mapping))):
        for holder in (step, step.get("trial")):
            found = holder.get("componentId") if isinstance(holder, Mapping) else None
            if isinstance(found, str):
                yield found


_KNOWN = (
    *("jobType", "sourceJobId", "jobs", "componentId", "experimentName", "displayName"),
    *("description", "computeId", "inputs", "outputs", "settings", "tags", "properties"),
    *("identity", "isArchived", "status", "services"),
)


def unknown_members(live: Mapping[str, Any]) -> dict[str, Any]:
    """What a live `jobDefinition` has that this program does not know, which survives."""
    return {key: value for key, value in live.items() if key not in _KNOWN and value is not None}


def carry_experiment(job: Job, live: Job) -> Job:
    """`job`, which names no experiment, with what stands for none where it is put over `live`."""
    is_same = job.reference == live.reference != SENT_WHOLE
    if is_same and live.experiment_name in (None, DEFAULT_EXPERIMENT):
        return replace(job, experiment_name=live.experiment_name)
    return job


def over_live(
    definition: Mapping[str, Any], live: Mapping[str, Any], workspace: Workspace
) -> dict[str, Any]:
    """A job as it is sent to an empty workspace, over the one that is live: what is not known there
    survives, and so does what stands for no experiment.
    """
    if definition.get("sourceJobId") and not live.get("sourceJobId"):
        live = _EMPTY
    whole = unknown_members(live) | dict(definition)
    runs, ran = (_job_named(one, workspace) for one in (definition, live))
    unnamed = _unnamed(live) if runs == ran else None
    if unnamed is not None and not definition.get("experimentName"):
        whole["experimentName"] = unnamed
    for section, known in (("inputs", _INPUT), ("outputs", _OUTPUT)):
        before = live.get(section) or {}
        if section in whole:
            whole[section] = {
                name: _unknown(before.get(name) or {}, known) | value
                for name, value in whole[section].items()
            }
    return whole


def _job_named(definition: Mapping[str, Any], workspace: Workspace) -> str | None:
    source = definition.get("sourceJobId")
    return from_id(source, "jobs", workspace) if isinstance(source, str) and source else None


def _unknown(live: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    return {k: v for k, v in live.items() if k not in known and v is not None}


def _over(
    live: Any,
    given: Mapping[str, Any],
    to_wire: Callable[[Any], dict[str, Any] | None],
    known: tuple[str, ...],
) -> dict[str, Any]:
    """Inputs, or outputs: as given, with what else is live there."""
    whole: dict[str, Any] = {}
    for name, value in given.items():
        wire = to_wire(value)
        if wire is not None:
            whole[name] = _unknown((live or {}).get(name) or {}, known) | wire
    return whole


_INPUT = ("jobInputType", "value", "uri", "mode")
_OUTPUT = ("jobOutputType", "mode", "uri", "assetName", "assetVersion", "description")
_READ_ONLY = ("status", "services")


def input_to_wire(value: Any, workspace: Workspace | None = None) -> dict[str, Any] | None:
    """The value of a job's input: a literal, which is text, or data; None: nothing is given.

    Without a `workspace` the short name of data stays as it is.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        if value.get("path") is None:
            return input_to_wire(value.get("value", value.get("default", "")))
        path = str(value["path"])
        if is_expression(path):
            return {"jobInputType": "literal", "value": path}
        kind = str(value.get("type") or "uri_folder").lower()
        if workspace is not None and path.startswith(PREFIX) and "://" not in path:
            path = to_id(path, data_kind(kind), workspace)
        wire = {"jobInputType": kind, "uri": path}
        if value.get("mode"):
            wire["mode"] = to_wire("input_modes", value["mode"])
        return wire
    return {"jobInputType": "literal", "value": literal(value)}


def output_to_wire(value: Any) -> dict[str, Any]:
    """Where a job's output goes; a bare text is its path."""
    given = value if isinstance(value, Mapping) else {"path": value} if value else {}
    wire = {"jobOutputType": str(given.get("type") or "uri_folder").lower()}
    if given.get("mode"):
        wire["mode"] = to_wire("output_modes", given["mode"])
    for key, name in _OUTPUT_KEYS.items():
        if given.get(key) is not None:
            wire[name] = str(given[key])
    return wire


_OUTPUT_KEYS = {
    "path": "uri",
    "name": "assetName",
    "version": "assetVersion",
    "description": "description",
}


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
