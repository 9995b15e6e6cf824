"""The types of inputs and outputs, as Azure's client takes them. Pure.

azure-ai-ml 1.35, `_schema/component/input_output.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, Path, clip

_DATA = (
    "uri_file",
    "uri_folder",
    "mltable",
    "custom_model",
    "mlflow_model",
    "triton_model",
)
_TEXTS = ("string", "number", "integer", "boolean")
KNOWN = (*_DATA, *_TEXTS, "path")
"""The last one is of before, and still taken."""


def type_findings(owner: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """Of what a job, a component or a step declares."""
    for section in ("inputs", "outputs"):
        declared = owner.get(section)
        for name, one in declared.items() if isinstance(declared, dict) else ():
            kind = one.get("type") if isinstance(one, dict) else None
            if isinstance(kind, str) and kind.lower() not in KNOWN:
                what = f'the type "{clip(kind)}" is not known'
                yield Finding("SCH046", (*path, section, name, "type"), what, _hint(kind))


def inputs_of_data(owner: Mapping[str, Any]) -> frozenset[str]:
    """The names of the inputs that are files or folders."""
    declared = owner.get("inputs")
    return frozenset(
        str(name)
        for name, one in (declared.items() if isinstance(declared, dict) else ())
        if isinstance(one, dict) and str(one.get("type")).lower() in (*_DATA, "path")
    )


def _hint(kind: str) -> str:
    return nearest(kind, [*_DATA, *_TEXTS]) or f"such as {', '.join(_DATA[:3])}, {_TEXTS[0]}"
