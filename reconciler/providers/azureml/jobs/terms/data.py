"""Inputs and outputs of a job or a step, as a file has them -> as the wire has them. Pure.

Here the members have the names of a step, `job_input_type`; those of a job are `jobInputType`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.document import scalar_text
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.jobs.assets import Ids, Unsendable
from reconciler.providers.azureml.jobs.terms.bindings import (
    is_expression,
    is_input_binding,
    is_output_binding,
    of_now,
)
from reconciler.providers.azureml.jobs.terms.references import data_uri
from reconciler.providers.azureml.jobs.terms.words import to_wire

PRIMITIVES = ("string", "integer", "number", "boolean")
_FOLDER = "uri_folder"


def step_input(
    value: Any, declared: Mapping[str, Any] | None, folder: str, workspace: Workspace, ids: Ids
) -> dict[str, Any] | None:
    """An input of a step; `declared`: as its component declares it. None: it is not sent."""
    if isinstance(value, Mapping) and value.get("path") is None:
        if "value" not in value:
            return None
        value = value["value"]
    if value is None:
        return None
    _refuse_old(value)
    if not isinstance(value, Mapping):
        kind = (declared or {}).get("type")
        if not isinstance(value, str) or "${{" in value or kind is None or kind in PRIMITIVES:
            return {"job_input_type": "literal", "value": literal(value)}
        value = {"type": kind, "path": value}
    return data_input(value, folder, workspace, ids)


def data_input(
    value: Mapping[str, Any], folder: str, workspace: Workspace, ids: Ids
) -> dict[str, Any]:
    """An input that is a mapping with a path, or a binding in place of one."""
    path, kind = str(value["path"]), str(value.get("type") or _FOLDER).lower()
    mode = value.get("mode")
    said = {"mode": to_wire("input_modes", mode)} if mode else {}
    if is_expression(path) or is_input_binding(path):
        return {"job_input_type": "literal", "value": path, **said}
    datastore = value.get("datastore")
    uri = data_uri(path, kind, folder, workspace, ids, datastore)
    return {"job_input_type": kind, "uri": uri, **said}


def step_output(value: Any, declared: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An output of a step; None: it is left to its component."""
    if value is None:
        return None
    _refuse_old(value)
    if not isinstance(value, Mapping):
        return {"type": "literal", "value": str(value)}
    named = {key: str(value[key]) for key in ("name", "version") if value.get(key) is not None}
    mode = {"mode": to_wire("output_modes", value["mode"])} if value.get("mode") else {}
    path = value.get("path")
    if is_output_binding(path):
        return {"type": "literal", "value": path, **mode, **named}
    kind = str(value.get("type") or _FOLDER).lower()
    if (declared or {}).get("type") == "uri_file":
        kind = "uri_file"
    described = {"description": value["description"]} if value.get("description") else {}
    uri = {"uri": str(path)} if path else {}
    return {"job_output_type": kind, **uri, **mode, **named, **described}


def _refuse_old(value: Any) -> None:
    """As the client refuses it: `_pipeline_job_helpers.py`."""
    text = value.get("path") if isinstance(value, Mapping) else value
    if isinstance(text, str) and (now := of_now(text)) != text:
        what = f'"{text}" is of an old form, which Azure does not take any more'
        raise Unsendable(what, f'write "{now}"', value=text)


def literal(value: Any) -> str:
    """A literal as Azure's client sends it: True, not true."""
    return str(value) if isinstance(value, bool) else scalar_text(value)
