"""What a job declares as inputs and what a run gives -> its inputs as text. Pure.

Values are text, as Azure passes them: True, not true.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.shell.binding import BINDING


class JobError(Exception):
    """A run that cannot be: an input without a value, a binding to nothing, no command."""


@dataclass(frozen=True, slots=True)
class Context:
    """What macros stand for: `${{name}}`, `${{creation_context.trigger_time}}`."""

    run: str
    trigger_time: str

    @property
    def macros(self) -> dict[str, str]:
        """By the inside of the binding, what it stands for."""
        return {"name": self.run, "creation_context.trigger_time": self.trigger_time}


def run_inputs(
    document: Mapping[str, Any],
    given: Mapping[str, Any],
    context: Context,
    base: str | None = None,
) -> dict[str, str]:
    """The job's inputs as text: those given over the job's own; optional ones may be absent."""
    declared = document.get("inputs") or {}
    for name in given:
        if name not in declared:
            raise JobError(f'the job declares no input "{name}"')
    values: dict[str, str] = {}
    for name, declaration in declared.items():
        value = literal(given.get(name))
        if value is None:
            value = literal(declaration, base)
        if value is None:
            if is_optional(declaration):
                continue
            raise JobError(f'the input "{name}" has no value')
        values[name] = typed(name, declaration, expand_macros(value, context))
    return values


def expand_macros(text: str, context: Context) -> str:
    """`text` with Azure's macros filled in; other bindings stay."""
    macros = context.macros
    return BINDING.sub(lambda match: macros.get(match[1], match[0]), text)


def literal(value: Any, base: str | None = None) -> str | None:
    """What an input's declaration, or what was given for it, comes to as text."""
    if not isinstance(value, Mapping):
        return None if value is None else str(value)
    if value.get("path") is not None:
        return _local(str(value["path"]), base)
    found = value.get("value", value.get("default"))
    return None if found is None else str(found)


def _local(path: str, base: str | None) -> str:
    """A local path as one that holds wherever a step runs; a URI or a binding as it is."""
    if path.startswith("file://"):
        return path.removeprefix("file://")
    if base is None or re.match(r"[A-Za-z][\w+.-]*:|\$\{\{", path):
        return path
    return os.path.normpath(os.path.join(base, path))


def typed(name: str, declaration: Any, value: str) -> str:
    """`value`, as Azure passes one of the declared type; JobError if it is none."""
    kind = declaration.get("type") if isinstance(declaration, Mapping) else None
    if kind == "boolean":
        if value.lower() not in ("true", "false"):
            raise JobError(f'the input "{name}" is neither true nor false: "{value}"')
        return value.capitalize()
    if kind == "integer" and not re.fullmatch(r"[+-]?\d+", value):
        raise JobError(f'the input "{name}" is no whole number: "{value}"')
    if kind == "number" and not is_number(value):
        raise JobError(f'the input "{name}" is no number: "{value}"')
    return value


def is_number(value: str) -> bool:
    """Whether a text is a number."""
    try:
        float(value)
    except ValueError:
        return False
    return True


def is_optional(declaration: Any) -> bool:
    """Whether an input may be without a value."""
    return isinstance(declaration, Mapping) and is_true(declaration.get("optional"))


def is_true(value: Any) -> bool:
    """Whether a value says yes: true, "True"."""
    return str(value).lower() == "true"
