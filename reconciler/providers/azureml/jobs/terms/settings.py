"""How a step runs: identity, limits, distribution, services, resources, queue -> the wire. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.providers.azureml.durations import iso_duration
from reconciler.providers.azureml.jobs.assets import without_empty
from reconciler.providers.azureml.jobs.terms.bindings import is_expression
from reconciler.providers.azureml.jobs.terms.words import to_wire
from reconciler.providers.azureml.rules import words

_IDENTITY_KEYS = {"msi_resource_id": "resource_id"}


def identity(given: Any) -> Any:
    """Who a step runs as."""
    if not isinstance(given, Mapping):
        return given
    kept = {_IDENTITY_KEYS.get(k, k): v for k, v in given.items() if k != "type"}
    return {**kept, "identity_type": to_wire("identities", given.get("type"))}


def limits(given: Any) -> Any:
    """How long a command may run: seconds, which the wire has as an ISO 8601 duration."""
    if not isinstance(given, Mapping):
        return given
    timeout = given.get("timeout")
    if timeout is not None and not is_expression(timeout):
        timeout = iso_duration(timeout)
    return {**given, "job_limits_type": "Command", "timeout": timeout}


def distribution(given: Any) -> Any:
    """How the processes of a step find one another."""
    if not isinstance(given, Mapping):
        return given
    kept = {key: value for key, value in given.items() if key != "type"}
    kind = to_wire("distributions", given.get("type"))
    if kind == "TensorFlow":
        kept = {"parameter_server_count": 0, **kept}
    if kind == "Ray":
        return {"distribution_type": kind, **{_camel(key): value for key, value in kept.items()}}
    return {**kept, "distribution_type": kind}


def services(given: Any) -> Any:
    """What can be reached of a step while it runs."""
    if not isinstance(given, Mapping):
        return given
    return {name: _service(one) for name, one in given.items()}


def _service(given: Any) -> Any:
    if not isinstance(given, Mapping):
        return given
    keys = words()["service_properties"]
    own = {wire: given[key] for key, wire in keys.items() if given.get(key) is not None}
    known = ("type", "nodes", "properties", *keys)
    sent = {key: value for key, value in given.items() if key not in known}
    return {
        **sent,
        "job_service_type": _service_type(str(given.get("type"))),
        "nodes": {"nodes_value_type": "All"} if given.get("nodes") else None,
        "properties": {**(given.get("properties") or {}), **own},
    }


def _service_type(kind: str) -> str | None:
    """Of a custom one Azure's client sends no type; `Custom`, in the word of the wire, is one."""
    return None if kind == "custom" else words()["services"].get(kind.lower())


def resources(given: Any) -> Any:
    """What a step runs on."""
    if not isinstance(given, Mapping):
        return given
    sent = dict(given)
    if "max_instance_count" in sent:
        sent["maxInstanceCount"] = sent.pop("max_instance_count")
    if isinstance(sent.get("docker_args"), list):
        sent["docker_args_list"] = sent.pop("docker_args")
        for dropped in ("locations", "maxInstanceCount"):
            sent.pop(dropped, None)
    return sent


def queue(given: Any) -> Any:
    """How a step waits for its turn."""
    if not isinstance(given, Mapping):
        return given
    sent = dict(given)
    if "job_tier" in sent:
        sent["job_tier"] = to_wire("job_tiers", sent["job_tier"])
    if "priority" in sent:
        sent["priority"] = to_wire("priorities", sent["priority"])
    return sent


def queue_in_small(given: Any) -> Any:
    """The same of a sweep, which Azure's client sends in the words of the file."""
    if not isinstance(given, Mapping):
        return given
    return {k: v.lower() if isinstance(v, str) else v for k, v in given.items()}


_LEAST = 60
"""Seconds: a sweep is not stopped before, and nor is a trial of it."""


def sweep_limits(given: Any) -> Any:
    """How much a sweep may try, in seconds."""
    if not isinstance(given, Mapping):
        return given
    times = ("timeout", "trial_timeout")
    return {
        key: max(value, _LEAST) if key in times and value and isinstance(value, int) else value
        for key, value in given.items()
    }


def early_termination(given: Any) -> Any:
    """When a trial of a sweep is given up."""
    if not isinstance(given, Mapping):
        return given
    kept = {key: value for key, value in given.items() if key != "type"}
    kind = to_wire("early_terminations", given.get("type"))
    defaults = {"delay_evaluation": 0, "evaluation_interval": int(kind == "MedianStopping")}
    if kind == "TruncationSelection":
        defaults["truncation_percentage"] = 0
    return {**defaults, **kept, "policy_type": kind}


COMMAND: Mapping[str, Callable[[Any], Any]] = {
    "limits": limits,
    "distribution": distribution,
    "services": services,
    "resources": resources,
    "queue_settings": queue,
    "identity": identity,
}
"""The keys of a command whose words are others on the wire."""


def translated(step: Mapping[str, Any], by: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The keys of `step` that `by` knows, each as the wire has it, without what is empty."""
    done = {key: change(step[key]) for key, change in by.items() if step.get(key) is not None}
    sent: dict[str, Any] = without_empty(done)
    return sent


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
