"""What only an AutoML step has, in the words of the wire -> those of a job file. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.providers.azureml.jobs.automl import DATA, PARTS, distribution

_SPACE = re.compile(r"([a-z]+)\((.*)\)")


def automl_words(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step whose inputs and outputs have the words of a file already."""
    found = dict(step)
    for key in DATA:
        if key in found:
            found[key] = _data(found[key])
    space = found.get("search_space")
    if isinstance(space, list):
        found["search_space"] = [
            {key: _distribution(value) for key, value in one.items()}
            if isinstance(one, Mapping)
            else one
            for one in space
        ]
    return found


def _data(value: Any) -> Any:
    """Data that is no binding, which is written as Python writes a dict."""
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        read = ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value
    if not isinstance(read, dict) or str(read) != value or not isinstance(read.get("path"), str):
        return value
    return read


def _distribution(value: Any) -> Any:
    """`uniform(0.1,1)` as a mapping, where that is sent as the same text again."""
    found = _SPACE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return _scalar(value)
    kind, inner = found[1], _values(found[2])
    if inner is None:
        return value
    if kind == "choice":
        read: dict[str, Any] = {"type": kind, "values": inner}
    else:
        read = {"type": kind, **dict(zip(PARTS.get(kind, ()), inner, strict=False))}
    return read if distribution(read) == value else value


def _values(text: str) -> list[Any] | None:
    try:
        found = ast.literal_eval(f"[{text}]")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return found if all(isinstance(v, (str, int, float)) for v in found) else None


def _scalar(value: Any) -> Any:
    """A number, where it was sent as its text."""
    try:
        read = yaml.safe_load(value) if isinstance(value, str) else value
    except (yaml.YAMLError, ValueError, RecursionError):
        return value
    is_number = isinstance(read, (int, float)) and not isinstance(read, bool)
    return read if is_number and distribution(read) == value else value
