"""Which inputs a schedule's job takes: of one that it refers to, that one is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reconciler.shell.binding import BINDING

Look = Callable[[str], Any]
"""A resource below the workspace by its path; None where there is none."""

_OF_PIPELINE = "parent.inputs."
_BELOW_WORKSPACE = re.compile(r"/workspaces/[^/]+/(jobs/[^/]+|components/[^/]+/versions/[^/]+)$")


def declared_inputs(definition: Mapping[str, Any], look: Look) -> frozenset[str] | None:
    """Their names; None where that cannot be known.

    Azure keeps no input that is optional and has no value, but what its steps read of it.
    """
    names = {*_names(definition), *_read(definition.get("jobs"))}
    for key in ("sourceJobId", "componentId"):
        if not definition.get(key):
            continue
        path = _BELOW_WORKSPACE.search(str(definition[key]))
        found = look(path[1]) if path is not None else None
        if found is None:
            return None
        said = found.get("properties") or {}
        named = _names(said.get("componentSpec") or said)
        names |= {*named, *_read(said.get("jobs"))}
        if key == "sourceJobId" and said.get("componentId"):
            return None
    return frozenset(names)


def undeclared(
    given: Mapping[str, str], definition: Mapping[str, Any], look: Look
) -> tuple[str, frozenset[str]] | None:
    """The first of `given` that the job has no input for, and those that it has."""
    if not given:
        return None
    declared = declared_inputs(definition, look)
    if declared is None:
        return None
    return next(((name, declared) for name in sorted(given) if name not in declared), None)


def _names(said: Mapping[str, Any]) -> Iterator[str]:
    inputs = said.get("inputs")
    yield from map(str, inputs) if isinstance(inputs, Mapping) else ()


def _read(jobs: Any) -> Iterator[str]:
    for found in BINDING.finditer(json.dumps(jobs)):
        if found[1].startswith(_OF_PIPELINE):
            yield found[1].removeprefix(_OF_PIPELINE)
