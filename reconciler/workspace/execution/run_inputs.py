"""What a job declares as inputs and what a run gives -> its inputs as text. Pure.

Values are text, as Azure passes them: True, not true.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.declare.jobs.local_paths import is_local
from reconciler.shell.binding import BINDING


class JobError(Exception):
    """A run that cannot be: an input without a value, a binding to nothing, no command."""


@dataclass(frozen=True, slots=True)
class Brought:
    """Local data of a version, as a run has it."""

    key: str
    """As it stands in the document."""
    folder: str
    """Where a copy is put."""


class LocalPaths:
    """What the local paths in a job lead to, in one run."""

    def __init__(self, base: str | None, folder: str, held: Mapping[str, str | None]) -> None:
        """`base`: what they are relative to; None: they stay as they are. `folder`: the run's.
        `held`: of what was published with the version, by the path as written, the name of the
        file; None for a folder.
        """
        self._base = base
        self._folder = folder
        self._held = held
        self._brought: dict[str, Brought] = {}

    def resolve(self, path: str) -> str:
        """A local path as one that holds wherever a step runs; an address or a binding as it is."""
        if path in self._held:
            return self._bring(path)
        path = path.removeprefix("file://")
        if self._base is None or not is_local(path):
            return path
        return os.path.normpath(os.path.join(self._base, path.removeprefix("file:")))

    def brought(self, value: str) -> Brought | None:
        """What has to be brought for a value that `resolve` gave."""
        return self._brought.get(value)

    def _bring(self, path: str) -> str:
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        name = os.path.basename(os.path.normpath(path.replace("\\", "/"))).strip(".") or "data"
        folder = os.path.join(self._folder, "inputs", digest, name)
        file = self._held[path]
        value = folder if file is None else os.path.join(folder, file)
        self._brought[value] = Brought(path, folder)
        return value


AS_WRITTEN = LocalPaths(None, "", {})


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
    paths: LocalPaths = AS_WRITTEN,
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
            value = literal(declaration, paths)
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


def literal(value: Any, paths: LocalPaths = AS_WRITTEN) -> str | None:
    """What an input's declaration, or what was given for it, comes to as text."""
    if not isinstance(value, Mapping):
        return None if value is None else str(value)
    if value.get("path") is not None:
        return paths.resolve(str(value["path"]))
    found = value.get("value", value.get("default"))
    return None if found is None else str(found)


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
