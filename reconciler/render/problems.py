"""Problems -> text and JSON, and by their remarks every format of CI."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.model import Problem
from reconciler.render.plain_text import Paint, inert, plain, printable, width

FORMATS = ("text", "json", "github", "gitlab", "azuredevops", "sarif")
_EXCERPT_COLUMNS = 140


def render_problems(problems: Sequence[Problem], form: str, paint: Paint = plain) -> str:
    """All problems in one of FORMATS; empty for none, where the format allows it."""
    if form == "text":
        return "\n".join(_text(problem, paint) for problem in problems)
    if form == "json":
        return _json(problems)
    # Every command imports this file for its errors, and few print them for CI.
    from reconciler.render.ci.annotations import render_annotations
    from reconciler.render.ci.remarks import remarks_on_problems
    from reconciler.render.ci.sarif import render_sarif

    remarks = remarks_on_problems(problems)
    return render_sarif(remarks) if form == "sarif" else render_annotations(remarks, form)


def _text(problem: Problem, paint: Paint) -> str:
    place = f"{printable(problem.path)}:{problem.line}:{problem.column}:"
    where = paint(inert(place), "heading")
    kind = paint(f"{problem.severity}:", problem.severity)
    lines = [f"{where} {kind} {printable(problem.message)} [{problem.code}]"]
    if problem.excerpt is not None and problem.excerpt.strip():
        lines += _excerpt(problem, paint)
    more = f"`reconciler explain {problem.code}` says more"
    hint = f"{printable(problem.hint)} " if problem.hint else ""
    lines.append(f"  {paint('hint:', 'hint')} {_join_hint(hint, more)}")
    return "\n".join(lines) + "\n"


def _join_hint(hint: str, more: str) -> str:
    if not hint or hint.rstrip().endswith(("?", ".")):
        return f"{hint}{more}"
    return f"{hint.rstrip()}; {more}"


def _excerpt(problem: Problem, paint: Paint) -> list[str]:
    """The line, and under it a caret with a tilde for every further column."""
    # One character for one character, so that columns stay what they are.
    line = "".join(c if c.isprintable() else " " for c in problem.excerpt or "")
    line = line.replace("##[", "# [").replace("##vso[", "# vso[")  # a runner's commands
    start = problem.column - 1
    end = (problem.end_column or problem.column + 1) - 1
    if start >= _EXCERPT_COLUMNS:
        cut = start - _EXCERPT_COLUMNS // 2
        line, start, end = "..." + line[cut:], start - cut + 3, end - cut + 3
    line = line[:_EXCERPT_COLUMNS].rstrip()
    number = str(problem.line)
    shown = [f"  {number} | {line}"]
    if start < max(len(line), 1):
        end = max(start + 1, min(end, len(line)))
        under = "^" + "~" * (width(line[start:end]) - 1)
        indent = " " * width(line[:start])
        shown.append(f"  {' ' * len(number)} | {indent}{paint(under, problem.severity)}")
    return shown


def problem_document(problem: Problem) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "end_column": problem.end_column,
        "json_path": problem.json_path,
        "message": problem.message,
        "hint": problem.hint,
    }


def _json(problems: Sequence[Problem]) -> str:
    from reconciler.render.documents import dumps

    document = {
        "format_version": "1.0",
        "errors": sum(p.severity == "error" for p in problems),
        "warnings": sum(p.severity == "warning" for p in problems),
        "problems": [problem_document(problem) for problem in problems],
    }
    return dumps(document)
