"""Problems and plans -> Remarks: what CI says beside a line of a file, in whatever format.

A plan's refusals are errors; what stops firing, is not ours, or fires in a way that a reviewer
should know of, are warnings; what a target spells another way are notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.declare.problem_codes import CODES
from reconciler.model import Problem
from reconciler.render import fire_words
from reconciler.render.plain_text import printable

Document = Mapping[str, Any]
Level = Literal["error", "warning", "note"]
_CONFIG = "reconciler.yaml"
"""Where a remark stands that is about no declaration."""
_LEVELS: tuple[Level, ...] = ("error", "warning", "note")

PLAN_CODES: dict[str, tuple[Level, str]] = {
    "plan-refused": ("error", "the plan will not be applied"),
    "plan-disables": ("warning", "a schedule stops firing"),
    "plan-skips": ("warning", "a schedule is declared, but is not ours"),
    "plan-fires": ("warning", "when it fires needs a look"),
    "plan-unchecked": ("warning", "what it needs could not be looked at"),
    "plan-waiting": ("warning", "no worker takes its steps"),
    "plan-note": ("note", "the target says it another way"),
}
"""What a plan is remarked on for: how bad it is, and a title."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Text about a place; all of it is printable. Lines and columns count from 1."""

    code: str
    level: Level
    title: str
    message: str
    path: str
    line: int = 1
    column: int = 1
    end_column: int | None = None
    hint: str | None = None


def remarks_on_problems(problems: Iterable[Problem]) -> list[Remark]:
    """One for each problem, in their order."""
    return [
        Remark(
            problem.code,
            problem.severity,
            CODES[problem.code].title,
            printable(problem.message),
            printable(problem.path),
            problem.line,
            problem.column,
            problem.end_column,
            printable(problem.hint) if problem.hint else None,
        )
        for problem in problems
    ]


def remarks_on_plans(document: Document) -> list[Remark]:
    """What is to be said about the plans of a plan document."""
    return [
        _remark(code, message, source)
        for plan in document["plans"]
        for code, message, source in _on_plan(plan)
    ]


def worst_first(remarks: Sequence[Remark]) -> list[Remark]:
    """Errors before warnings before notes: a runner shows the first few of a kind alone."""
    return sorted(remarks, key=lambda remark: _LEVELS.index(remark.level))


def _remark(code: str, message: str, source: Document | None) -> Remark:
    level, title = PLAN_CODES[code]
    place = source or {"path": _CONFIG, "line": 1}
    return Remark(code, level, title, printable(message), printable(place["path"]), place["line"])


def _on_plan(plan: Document) -> Iterator[tuple[str, str, Document | None]]:
    for reason in plan["refusals"]:
        yield "plan-refused", f"{plan['target']}: {reason}", None
    for kind in ("disable", "skip", "update", "create"):
        for change in plan["changes"]:
            if change["action"] == kind:
                yield from (
                    (code, text, change["source"])
                    for code, text in _on_change(change, plan.get("impact"))
                )


def _on_change(change: Document, load: Document | None) -> Iterator[tuple[str, str]]:
    key = f"{change['target']}/{change['name']}"
    effect = fire_words.in_a_line(change, load)
    why = "; ".join(part for part in (change["reason"], effect) if part)
    if change["action"] == "disable":
        yield "plan-disables", f"{key} will be disabled: {why}"
    if change["action"] == "skip":
        yield "plan-skips", f"{key} is skipped: {change['reason']}"
    impact = change.get("impact")
    for warning in impact["warnings"] if impact else ():
        yield "plan-fires", f"{key}: {warning['message']}"
    for note in change["notes"]:
        beside = note["kind"] in ("unchecked", "waiting")
        code = f"plan-{note['kind']}" if beside else "plan-note"
        yield code, f"{key}: {note['path']}: {note['message']}"
