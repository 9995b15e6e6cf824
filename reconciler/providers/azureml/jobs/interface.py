"""The inputs and outputs that a component declares, and those that an inline step implies. Pure.

The types of an inline step's inputs come from what is bound to them: azure-ai-ml 1.35,
`ComponentTranslatableMixin`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.providers.azureml.jobs.assets import Unsendable
from reconciler.providers.azureml.jobs.terms.bindings import (
    is_input_binding,
    is_output_binding,
    parent_port,
    step_port,
)
from reconciler.providers.azureml.jobs.terms.data import PRIMITIVES, literal

Ports = Callable[[str, str], Mapping[str, Any]]
"""The inputs, or outputs, of a step of the same pipeline by its name, as declared or as given."""

_FOLDER = "uri_folder"
_PARAMETER = ("description", "optional", "enum")
_PORT = ("description", "optional", "mode")


def declared_input(declared: Any) -> dict[str, Any]:
    """An input as the specification of its component has it: defaults are text."""
    if not isinstance(declared, Mapping):
        raise Unsendable("an input of a component is a mapping with a type")
    kind = str(declared.get("type"))
    if kind not in PRIMITIVES:
        return {"type": kind, **_kept(declared, _PORT)}
    bounds = {
        key: literal(_parsed(kind, declared[key]))
        for key in ("default", "min", "max")
        if declared.get(key) is not None
    }
    return {"type": kind, **bounds, **_kept(declared, _PARAMETER)}


def declared_output(declared: Any) -> dict[str, Any]:
    """An output as the specification of its component has it."""
    given = declared if isinstance(declared, Mapping) else {}
    early = {"early_available": given["early_available"]} if given.get("early_available") else {}
    kind = str(given.get("type") or _FOLDER)
    return {"type": kind, **_kept(given, ("description", "mode")), **early}


def implied_input(value: Any, parent: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    """What an inline step declares of an input with this value."""
    if isinstance(value, Mapping) and value.get("path") is None and "value" in value:
        value = value["value"]
    if isinstance(value, Mapping):
        kind = str(value.get("type") or _FOLDER).lower()
        return declared_input({**value, "type": kind, **_lower_mode(value)})
    if is_input_binding(value):
        kind, mode = _source(value, parent, ports)
        return {"type": kind, **({"mode": mode} if mode and kind not in PRIMITIVES else {})}
    literal_kind = python_kind(value)
    if literal_kind is None:
        raise Unsendable("an input of a step has no value", "give it one, or leave it out")
    return {"type": literal_kind, "default": literal(value)}


def implied_output(value: Any, parent: Mapping[str, Any], ports: Ports) -> dict[str, Any]:
    """What an inline step declares of an output that goes there."""
    if isinstance(value, Mapping):
        kind = str(value.get("type") or _FOLDER).lower()
        return declared_output({**value, "type": kind, **_lower_mode(value)})
    if is_output_binding(value):
        kind, mode = _source(value, parent, ports)
        return {"type": kind, **({"mode": mode} if mode else {})}
    return {"type": _FOLDER}


def python_kind(value: Any) -> str | None:
    """The type of a literal."""
    if isinstance(value, bool):
        return "boolean"
    kinds = {str: "string", int: "integer", float: "number"}
    return next((kind for python, kind in kinds.items() if isinstance(value, python)), None)


def _source(value: str, parent: Mapping[str, Any], ports: Ports) -> tuple[str, str | None]:
    """Type and mode of what a binding leads to."""
    found = step_port(value)
    if found is not None:
        step, section, port = found
        given = ports(step, section)
        # A mode of an output is none of the input that reads it.
        return _type_of(given.get(port), parent, ports)[0], None
    upper = parent_port(value)
    if upper is None:
        raise Unsendable(f'"{value}" leads to nothing that a step can read', value=value)
    section, port = upper
    given = parent.get(section) or {}
    if port not in given:
        raise Unsendable(f'the pipeline has no {section[:-1]} "{port}"', value=value)
    return _type_of(given[port], parent, ports)


def _type_of(value: Any, parent: Mapping[str, Any], ports: Ports) -> tuple[str, str | None]:
    if isinstance(value, Mapping):
        if value.get("path") is None and "value" in value:
            return _type_of(value["value"], parent, ports)
        kind, mode = str(value.get("type") or _FOLDER).lower(), value.get("mode")
        return kind, None if mode is None or kind in PRIMITIVES else str(mode).lower()
    if is_output_binding(value) or is_input_binding(value):
        return _source(value, parent, ports)
    return python_kind(value) or _FOLDER, None


def _parsed(kind: str, value: Any) -> Any:
    try:
        match kind:
            case "integer":
                return int(value) if isinstance(value, str) else int(float(value))
            case "number":
                return float(value)
            case "boolean":
                return value if isinstance(value, bool) else str(value).lower() == "true"
    except (TypeError, ValueError) as error:
        raise Unsendable(f"the default {value!r} of an input is no {kind}", value=value) from error
    return literal(value)


def _kept(declared: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: declared[key] for key in keys if declared.get(key) is not None}


def _lower_mode(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"mode": str(value["mode"]).lower()} if value.get("mode") else {}
