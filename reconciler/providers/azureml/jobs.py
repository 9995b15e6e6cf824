"""What runs, as Azure Resource Manager has it <-> a Job. Pure.

A job is a reference to one that is in the workspace, or is sent whole: steps of registered
components. Reading expects what `rules.normalize` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.document import scalar_text
from reconciler.model import Job
from reconciler.providers.azureml.ids import Workspace, from_id, to_id

SENT_WHOLE = "(sent with the schedule)"
"""The reference of a job whose definition is part of the schedule."""

_EMPTY: dict[str, Any] = {}


def job_from_wire(definition: Mapping[str, Any], workspace: Workspace) -> Job:
    """The Job of a normalized `jobDefinition`."""
    get = definition.get
    settings = dict(get("settings") or _EMPTY)
    go_on = settings.pop("continue_on_step_failure", None)
    if "default_compute" in settings:
        settings["default_compute"] = from_id(settings["default_compute"], "computes", workspace)
    source, compute = get("sourceJobId"), get("computeId")
    extra: dict[str, Any] = {}
    if get("jobs"):
        extra["jobs"] = _sorted(_nodes(definition["jobs"], from_id, workspace))
    if get("identity"):
        extra["identity"] = _identity_from_wire(dict(get("identity") or _EMPTY))
    if get("properties"):
        extra["properties"] = _sorted(get("properties"))
    return Job(
        reference=from_id(source, "jobs", workspace) if source else SENT_WHOLE,
        experiment_name=get("experimentName"),
        inputs={name: _input_value(v) for name, v in sorted((get("inputs") or _EMPTY).items())},
        outputs={name: _output_value(v) for name, v in sorted((get("outputs") or _EMPTY).items())},
        continue_on_step_failure=None if go_on is None else scalar_text(go_on).lower() == "true",
        settings=_sorted(settings),
        display_name=get("displayName"),
        description=get("description"),
        compute=from_id(compute, "computes", workspace) if compute else None,
        tags={key: str(value) for key, value in sorted((get("tags") or _EMPTY).items())},
        extra=extra,
    )


def _nodes(
    nodes: Mapping[str, Any], convert: Callable[[str, str, Workspace], str], workspace: Workspace
) -> dict[str, Any]:
    """Steps, with the ids of their components and computes as ids, or as people write them."""
    kinds = {"componentId": "components", "computeId": "computes"}

    def node(step: Mapping[str, Any]) -> dict[str, Any]:
        converted = {
            key: convert(step[key], kind, workspace)
            for key, kind in kinds.items()
            if isinstance(step.get(key), str)
        }
        return {**step, **converted}

    return {k: node(v) if isinstance(v, Mapping) else v for k, v in nodes.items()}


def _input_value(value: Mapping[str, Any]) -> Any:
    if str(value.get("jobInputType", "")).lower() == "literal":
        return value.get("value")
    return _sorted({"type": value.get("jobInputType"), "path": value.get("uri"), **_mode(value)})


def _output_value(value: Mapping[str, Any]) -> Any:
    path = {"path": value["uri"]} if value.get("uri") else {}
    return _sorted({"type": value.get("jobOutputType"), **path, **_mode(value)})


def _mode(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"mode": _MODES_READ.get(value["mode"], value["mode"])} if value.get("mode") else {}


# Who a job runs as: the words of a job file, and the wire's.
_IDENTITIES = {
    "aml_token": "AMLToken",
    "managed": "Managed",
    "managed_identity": "Managed",
    "user_identity": "UserIdentity",
}
_IDENTITY_KEYS = {
    "client_id": "clientId",
    "object_id": "objectId",
    "msi_resource_id": "resourceId",
    "resource_id": "resourceId",
}


def _identity_from_wire(identity: Mapping[str, Any]) -> dict[str, Any]:
    words = {wire.lower(): word for word, wire in reversed(_IDENTITIES.items())}
    keys = {wire: key for key, wire in reversed(_IDENTITY_KEYS.items())}
    kind = str(identity.get("identityType"))
    read = {keys.get(k, k): v for k, v in identity.items() if k != "identityType"}
    read["type"] = words.get(kind.lower(), kind)
    return {key: _sorted(read[key]) for key in sorted(read)}


def _identity_to_wire(identity: Any) -> dict[str, Any] | None:
    if not isinstance(identity, Mapping) or not identity:
        return None
    kind = str(identity.get("type"))
    wire: dict[str, Any] = {
        _IDENTITY_KEYS.get(str(k), str(k)): v for k, v in identity.items() if k != "type"
    }
    wire["identityType"] = _IDENTITIES.get(kind.lower(), kind)
    return wire


def job_to_wire(job: Job, workspace: Workspace, live: Mapping[str, Any]) -> dict[str, Any]:
    """The `jobDefinition` to send, over the one that is live."""
    whole = job.reference == SENT_WHOLE
    same_kind = bool(live.get("sourceJobId")) != whole
    wire = {**live} if same_kind else {}
    settings = dict(job.settings)
    if job.continue_on_step_failure is not None:
        settings["continue_on_step_failure"] = job.continue_on_step_failure
    if "default_compute" in settings:
        settings["default_compute"] = to_id(settings["default_compute"], "computes", workspace)
    wire |= {
        "jobType": "Pipeline",
        "sourceJobId": None if whole else to_id(job.reference, "jobs", workspace),
        "jobs": _nodes(job.extra.get("jobs") or _EMPTY, to_id, workspace) if whole else {},
        "experimentName": job.experiment_name or "",
        "displayName": job.display_name,
        "description": job.description,
        "computeId": to_id(job.compute, "computes", workspace) if job.compute else None,
        "inputs": _over(wire.get("inputs"), job.inputs, input_to_wire, _INPUT),
        "outputs": _over(wire.get("outputs"), job.outputs, output_to_wire, _OUTPUT),
        "settings": settings,
        "tags": dict(job.tags),
        "properties": dict(job.extra.get("properties") or {}),
        "identity": _identity_to_wire(job.extra.get("identity")),
    }
    return {
        key: value for key, value in wire.items() if value is not None and key not in _READ_ONLY
    }


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
            before = (live or {}).get(name) or {}
            kept = {k: v for k, v in before.items() if k not in known and v is not None}
            whole[name] = kept | wire
    return whole


_INPUT = ("jobInputType", "value", "uri", "mode")
_OUTPUT = ("jobOutputType", "uri", "mode")
_READ_ONLY = ("status", "services")
_MODES = {
    "ro_mount": "ReadOnlyMount",
    "rw_mount": "ReadWriteMount",
    "download": "Download",
    "direct": "Direct",
    "eval_mount": "EvalMount",
    "eval_download": "EvalDownload",
    "upload": "Upload",
}
_MODES_READ = {wire: yaml for yaml, wire in _MODES.items()}


def input_to_wire(value: Any) -> dict[str, Any] | None:
    """The value of a job's input: a literal, which is text, or data; None: nothing is given."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        if value.get("path") is None:
            return input_to_wire(value.get("value", value.get("default", "")))
        wire = {"jobInputType": value.get("type", "uri_folder"), "uri": value["path"]}
        if value.get("mode"):
            wire["mode"] = _MODES.get(value["mode"], value["mode"])
        return wire
    return {"jobInputType": "literal", "value": literal(value)}


def output_to_wire(value: Any) -> dict[str, Any]:
    """Where a job's output goes; a bare text is its path."""
    given = value if isinstance(value, Mapping) else {"path": value} if value else {}
    wire = {"jobOutputType": given.get("type", "uri_folder")}
    if given.get("path"):
        wire["uri"] = given["path"]
    if given.get("mode"):
        wire["mode"] = _MODES.get(given["mode"], given["mode"])
    return wire


def literal(value: Any) -> str:
    """A literal as Microsoft's client sends it: True, not true."""
    return str(value) if isinstance(value, bool) else scalar_text(value)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
