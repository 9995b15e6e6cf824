"""A published job document -> the bindings of its steps that stand for nothing in a run. Pure.

What `declare` leaves to Azure (`${{parent.jobs.a}}`, `${{x}}`) has no meaning here, and a run would
fail on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.findings import Path
from reconciler.declare.jobs.bindings import MACROS, mapping_at
from reconciler.shell.binding import BINDING
from reconciler.workspace.datastores.addresses import DEFAULT_DATASTORE

_OF_OUTPUTS = frozenset({*MACROS, "output_name", DEFAULT_DATASTORE})
_VALUES = ("path", "value", "default")


def unbound(document: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Of each: the place of the input or output of a step, or of the output of the job; and the
    inside of the binding.

    `document`: of a job whose steps are commands.
    """
    steps = mapping_at(document, "jobs")
    outputs = {f"parent.outputs.{name}" for name in mapping_at(document, "outputs")}
    known = outputs | {f"parent.inputs.{name}" for name in mapping_at(document, "inputs")}
    for name, step in steps.items():
        known |= {f"parent.jobs.{name}.outputs.{key}" for key in mapping_at(step, "outputs")}
    for name, step in steps.items():
        if not isinstance(mapping_at(steps, name).get("command"), str):
            continue  # it does not run here, which is said
        own = {f"inputs.{key}" for key in mapping_at(step, "inputs")}
        yield from _of(step, "inputs", ("jobs", name), known | own | {*MACROS})
        yield from _of(step, "outputs", ("jobs", name), outputs | _OF_OUTPUTS)
    yield from _of(document, "outputs", (), _OF_OUTPUTS)


def _of(
    owner: Mapping[str, Any], section: str, path: Path, known: frozenset[str] | set[str]
) -> Iterator[tuple[Path, str]]:
    for name, declared in mapping_at(owner, section).items():
        is_mapping = isinstance(declared, dict)
        for text in [declared.get(key) for key in _VALUES] if is_mapping else [declared]:
            for binding in BINDING.findall(text) if isinstance(text, str) else ():
                if binding not in known:
                    yield (*path, section, name), binding
