"""What Spark is told: the keys of a file, which are short or Spark's own, -> Spark's own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.providers.azureml.rules import words


def component_conf(document: Mapping[str, Any]) -> dict[str, Any]:
    """`conf` of a component, with the settings that stand beside it."""
    known, others = _settings(document)
    return others | _named(known)


def step_conf(step: Mapping[str, Any], component: Mapping[str, Any]) -> dict[str, Any]:
    """`conf` of a step: its own settings go before those of its component, each by itself; what is
    none of Spark's main settings is the step's, or else all the component's.
    """
    known, others = _settings(step)
    from_component, other_defaults = _settings(component)
    return (others or other_defaults) | _named(from_component | known)


def _settings(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The main settings by their short names, and all others."""
    names = words()["spark_configuration"]
    short = {wire: name for name, wire in names.items()}
    given = {short.get(key, key): value for key, value in (document.get("conf") or {}).items()}
    given |= {key: document[key] for key in names if document.get(key) is not None}
    # What is false, or 0, is not set to its client.
    known = {key: value for key, value in given.items() if key in names and value}
    if str(known.get("dynamic_allocation_enabled")).lower() == "true":
        least = known.get("dynamic_allocation_min_executors")
        known.setdefault("executor_instances", least)
    return known, {key: value for key, value in given.items() if key not in names}


def _named(known: Mapping[str, Any]) -> dict[str, Any]:
    names = words()["spark_configuration"]
    return {names[key]: _number(value) for key, value in known.items()}


def entry(given: Any) -> Any:
    """Where a job begins, as a step has it."""
    if not isinstance(given, Mapping):
        return given
    if "file" in given:
        return {"file": given["file"], "spark_job_entry_type": "SparkJobPythonEntry"}
    return {**given, "spark_job_entry_type": "SparkJobScalaEntry"}


def identity_or_default(step: Mapping[str, Any]) -> Any:
    """Who it runs as: by default the compute's identity, or that of whoever made the schedule."""
    if step.get("identity"):
        return step["identity"]
    if step.get("compute"):
        return {"type": "managed"}
    return {"type": "user_identity"} if step.get("resources") else None


def resources(step: Mapping[str, Any]) -> Any:
    """What a step runs on; of one with a component Azure's client sends it in lower case."""
    given = step.get("resources")
    if not isinstance(given, Mapping):
        return given
    sent = dict(given)
    if isinstance(sent.get("instance_type"), str) and "component" in step:
        sent["instance_type"] = sent["instance_type"].lower()
    if isinstance(sent.get("runtime_version"), (int, float)):
        sent["runtime_version"] = str(sent["runtime_version"])
    return sent


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdigit() else value
