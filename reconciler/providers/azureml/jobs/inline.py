"""A step that says itself what it does -> the document of the component it stands for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.providers.azureml.jobs.interface import Ports, implied_input, implied_output
from reconciler.providers.azureml.jobs.terms.bindings import is_expression, is_output_binding

_PARALLEL = (
    "mini_batch_size",
    "partition_keys",
    "logging_level",
    "max_concurrency_per_instance",
    "error_threshold",
    "mini_batch_error_threshold",
    "retry_settings",
    "resources",
)
_KEYS: Mapping[str, tuple[str, ...]] = {
    "command": ("command", "environment", "resources", "distribution", "description", "tags"),
    "parallel": ("task", "input_data", *_PARALLEL),
    "spark": (
        *("entry", "py_files", "jars", "files", "archives", "conf", "environment", "args"),
        *("description", "tags", "properties"),
    ),
    "data_transfer": ("task", "data_copy_mode", "description", "tags"),
}
_WITH_CODE = ("command", "spark")
_DROPPED: Mapping[str, tuple[str, ...]] = {
    "parallel": ("display_name", "tags"),
    "data_transfer": ("properties",),
}
"""What Azure's client leaves out of an inline step."""


def is_inline(kind: str, step: Mapping[str, Any]) -> bool:
    """Whether a step has no component, and is of a kind that can do without one."""
    if kind == "data_transfer" and step.get("task") != "copy_data":
        return False
    return kind in _KEYS and "component" not in step


def without_dropped(kind: str, step: Mapping[str, Any]) -> Mapping[str, Any]:
    """A step as it is sent: what Azure's client forgets of an inline one is left out."""
    dropped = _DROPPED.get(kind, ()) if is_inline(kind, step) else ()
    return {key: value for key, value in step.items() if key not in dropped} if dropped else step


def inline_document(
    kind: str, step: Mapping[str, Any], parent: Mapping[str, Any], ports: Ports
) -> dict[str, Any]:
    """The document, without a name; its paths are those of the step."""
    document: dict[str, Any] = {
        key: step[key] for key in _KEYS[kind] if step.get(key) is not None and not _bound(key, step)
    }
    if kind in _WITH_CODE:
        document["code"] = step.get("code")
    inputs, outputs = step.get("inputs") or {}, step.get("outputs") or {}
    return {
        **document,
        "type": kind,
        "inputs": {name: implied_input(value, parent, ports) for name, value in inputs.items()},
        "outputs": {
            name: implied_output(_as_bound(kind, value), parent, ports)
            for name, value in outputs.items()
        },
    }


def _as_bound(kind: str, value: Any) -> Any:
    """Of a parallel step a mapping of nothing but a binding is that binding, of others it is not:
    azure-ai-ml 1.35, `ComponentTranslatableMixin`.
    """
    is_binding = kind == "parallel" and isinstance(value, Mapping) and [*value] == ["path"]
    return value["path"] if is_binding and is_output_binding(value["path"]) else value


def _bound(key: str, step: Mapping[str, Any]) -> bool:
    """Settings of a parallel step that are bound stand at the step alone."""
    value = step[key]
    if key not in _PARALLEL or step.get("type") != "parallel":
        return False
    inner = value.values() if isinstance(value, Mapping) else (value,)
    return any(is_expression(item) for item in inner)
