"""The steps of a live job -> the words of a job file. Pure. Unknown members stay as they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.providers.azureml.durations import duration_seconds
from reconciler.providers.azureml.jobs.automl_reading import automl_words
from reconciler.providers.azureml.jobs.terms.words import from_wire
from reconciler.providers.azureml.rules import words

_BACK_TO_FILES = {"maxInstanceCount": "max_instance_count", "docker_args_list": "docker_args"}


def file_steps(steps: Mapping[str, Any]) -> dict[str, Any]:
    """Each step as a job file has it; `steps` have short references."""
    return {
        name: _step(name, step) if isinstance(step, Mapping) else step
        for name, step in steps.items()
    }


KINDS = ("command", "parallel", "spark", "pipeline", "sweep", "automl", "data_transfer")


def is_known(step: Mapping[str, Any]) -> bool:
    """Whether a step is of a kind that is read; others pass as they stand, both ways."""
    return str(step.get("type") or "command") in KINDS


def _step(name: str, step: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(step.get("type") or "command")
    if not is_known(step):
        own = {"_source"} | ({"name"} if step.get("name") == name else set())
        return {key: value for key, value in step.items() if key not in own}
    found: dict[str, Any] = {"type": kind}
    if "componentId" in step:
        found["component"] = step["componentId"]
    if isinstance(step.get("trial"), Mapping):
        found["trial"] = step["trial"].get("componentId")
    if step.get("computeId"):
        found["compute"] = step["computeId"]
    for section, read in (("inputs", _input), ("outputs", _output)):
        if isinstance(step.get(section), Mapping):
            found[section] = {key: read(value) for key, value in step[section].items()}
    known = ("name", "type", "componentId", "computeId", "inputs", "outputs", "trial", "_source")
    for key, value in step.items():
        if key not in known:
            change = _SETTINGS.get(key)
            if kind == "automl" and key not in _OF_AUTOML:
                change = None
            found[key] = change(value) if change is not None else value
    if kind == "automl":
        return automl_words(found)
    if kind == "parallel" and isinstance(step.get("mini_batch_size"), int):
        found["mini_batch_size"] = str(step["mini_batch_size"])  # a size with a unit, in a file
    if kind == "sweep" and isinstance(step.get("limits"), Mapping):
        found["limits"] = dict(step["limits"])  # a sweep has seconds on the wire as well
    return found


def _input(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    mode = _mode(value, "input_modes")
    if str(value.get("job_input_type")).lower() == "literal":
        return {"path": value.get("value"), **mode} if mode else value.get("value")
    kind = {"type": value["job_input_type"]} if value.get("job_input_type") else {}
    path = {"path": value["uri"]} if value.get("uri") else {}
    return {**kind, **path, **mode}


def _output(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    more = {key: value[key] for key in ("name", "version", "description") if value.get(key)}
    more |= _mode(value, "output_modes")
    if value.get("type") == "literal" or "value" in value:
        return {"path": value.get("value"), **more} if more else value.get("value")
    kind = {"type": value["job_output_type"]} if value.get("job_output_type") else {}
    path = {"path": value["uri"]} if value.get("uri") else {}
    return {**kind, **path, **more}


def _mode(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"mode": from_wire(kind, value["mode"])} if value.get("mode") else {}


# ------------------------------------------------------------------------------------- settings


def _typed(table: str, key: str) -> Callable[[Any], Any]:
    """A setting whose kind stands under another key, with another word."""

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping) or key not in value:
            return value
        kept = {name: inner for name, inner in value.items() if name != key}
        return {"type": from_wire(table, value[key]), **kept}

    return read


def _identity(value: Any) -> Any:
    read = _typed("identities", "identity_type")(value)
    if isinstance(read, dict) and "resource_id" in read:
        read["msi_resource_id"] = read.pop("resource_id")
    return read


def _distribution(value: Any) -> Any:
    read = _typed("distributions", "distribution_type")(value)
    if isinstance(read, dict) and read.get("type") == "ray":
        return {_snake(key): inner for key, inner in read.items()}
    return read


def _limits(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept = {key: inner for key, inner in value.items() if key != "job_limits_type"}
    return {key: duration_seconds(v) if key == "timeout" else v for key, v in kept.items()}


def _services(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: _service(one) for name, one in value.items()}


def _service(value: Any) -> Any:
    read = _typed("services", "job_service_type")(value)
    if not isinstance(read, dict):
        return read
    if read.get("type") in (None, "custom"):
        read["type"] = "Custom" if read.get("type") else "custom"  # see settings
    if read.get("nodes"):
        read["nodes"] = "all"
    properties = dict(read.pop("properties", None) or {})
    for key, wire in words()["service_properties"].items():
        if wire in properties:
            read[key] = properties.pop(wire)
    return read | ({"properties": properties} if properties else {})


def _queue(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    tables = {"job_tier": "job_tiers", "priority": "priorities"}
    return {k: from_wire(tables[k], v) if k in tables else v for k, v in value.items()}


def _resources(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {_BACK_TO_FILES.get(key, key): inner for key, inner in value.items()}


def _entry(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {key: inner for key, inner in value.items() if key != "spark_job_entry_type"}


def partition_keys(value: Any) -> Any:
    """Keys of partitions, which are the text of a list on the wire."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return found if isinstance(found, list) else value


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


_OF_AUTOML = ("identity", "queue_settings", "resources")
_SETTINGS: Mapping[str, Callable[[Any], Any]] = {
    "partition_keys": partition_keys,
    "identity": _identity,
    "distribution": _distribution,
    "limits": _limits,
    "services": _services,
    "queue_settings": _queue,
    "resources": _resources,
    "entry": _entry,
    "early_termination": _typed("early_terminations", "policy_type"),
}
