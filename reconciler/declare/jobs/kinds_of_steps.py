"""The types of steps, as Azure's client takes them. Pure.

azure-ai-ml 1.35, `_schema/pipeline/pipeline_component.py`; those of control flow, and of components
that only Microsoft runs, are taken in a preview of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, Path, clip

_KNOWN = (
    *("command", "pipeline", "sweep", "parallel", "spark", "automl", "import", "data_transfer"),
    *("do_while", "if_else", "parallel_for"),
)
_INTERNAL = re.compile(r"[a-z]+component(@.*)?")
_NEEDS = {"command": "a command or a component", "pipeline": "a component"}
_HINT = "name a component file; or write type: pipeline and jobs below component"


def kind_findings(step: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """Of one step: a type that is not known, or one without what it runs."""
    kind = step.get("type")
    if not isinstance(kind, str):
        if kind is None and "jobs" in step and "component" not in step:
            yield _without(path, "pipeline", step)
        return
    lower = kind.lower()
    if lower not in _KNOWN and not _INTERNAL.fullmatch(lower):
        # One that Azure has and this does not know yet is the targets' business. What is spelled
        # like a known one, or holds what a known one runs, is meant as that.
        hint = nearest(kind, list(_KNOWN))
        if hint is not None or {"command", "component", "jobs"} & step.keys():
            what = f'the type "{clip(kind)}" of a step is not known'
            hint = hint or "such as command, or left out for one"
            yield Finding("SCH044", (*path, "type"), what, hint)
    elif lower in _NEEDS and not {"command", "component"} & step.keys():
        yield _without(path, lower, step)


def _without(path: Path, kind: str, step: Mapping[str, Any]) -> Finding:
    what = f"a step of the type {kind} needs {_NEEDS[kind]}"
    for key in ("command", "component") if kind == "command" else ("component",):
        for near in get_close_matches(key, [k for k in step if isinstance(k, str)], 1, 0.8):
            return Finding(
                "SCH044", (*path, near), what, f'rename "{clip(near)}" to "{key}"', "key"
            )
    return Finding("SCH044", path, what, _HINT if kind == "pipeline" else None, "key")
