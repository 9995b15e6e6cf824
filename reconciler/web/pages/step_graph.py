"""The steps of a pipeline as a graph, from its published document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.web.pages.charts import Graph, graph
from reconciler.web.times import took
from reconciler.workspace.execution.run_inputs import Context, JobError
from reconciler.workspace.execution.steps import plan_run
from reconciler.workspace.store.records import StepRow

TOO_MUCH = "It has too many steps to draw."


def graph_of(
    document: Mapping[str, Any],
    inputs: Mapping[str, Any],
    steps: Sequence[StepRow] = (),
    now: datetime | None = None,
) -> tuple[Graph | None, str]:
    """The graph, or why there is none. `steps`: what became of them in a run."""
    try:
        given = {**_placeholders(document), **inputs}
        plan = plan_run(document, given, Context("", ""), "", check=False)
    except JobError as error:
        return None, f"Its steps cannot be shown: {error}"
    told = {
        step.name: (step.status, took(step.started_at, step.ended_at, now) if now else "")
        for step in steps
    }
    if steps:
        told = {**{step.name: ("NotStarted", "") for step in plan.steps}, **told}
    made = graph({step.name: step.needs for step in plan.steps}, told)
    return made, "" if made is not None else TOO_MUCH


def _placeholders(document: Mapping[str, Any]) -> dict[str, Any]:
    """Values for inputs that a run has to give: which steps wait for which hangs on none."""
    found: dict[str, Any] = {}
    for name, declared in (document.get("inputs") or {}).items():
        if isinstance(declared, Mapping) and declared.get("default") is None:
            kind = declared.get("type")
            found[name] = {"integer": 0, "number": 0, "boolean": False}.get(str(kind), "x")
        elif declared is None:
            found[name] = "x"
    return found
