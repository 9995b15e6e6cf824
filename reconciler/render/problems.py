"""Problems -> text and JSON, and by their remarks every format of CI."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from reconciler.model import Problem
from reconciler.render.plain_text import (
    Paint,
    columns_of,
    inert,
    plain,
    printable,
    width,
    wrapped,
)

FORMATS = ("text", "json", "github", "gitlab", "azuredevops", "sarif")
_EXCERPT_COLUMNS = 140


def render_problems(problems: Sequence[Problem], form: str, paint: Paint = plain) -> str:
    """All problems in one of FORMATS; empty for none, where the format allows it."""
    if form == "text":
        told = [_text(problem, paint) for problem in problems]
        return "\n".join([*told, _more(problems, paint)] if told else told)
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
    within = columns_of(paint)
    message = f"{printable(problem.message)} [{problem.code}]"
    before = f"{place} {problem.severity}: "
    # What does not fit beside the place goes on below it, between words.
    message = _beside(message, within, width(before))
    lines = [f"{where} {kind} {message}"]
    if problem.excerpt is not None and problem.excerpt.strip():
        lines += _excerpt(problem, paint)
    if problem.hint:
        lines.append(f"  {paint('hint:', 'hint')} {wrapped(printable(problem.hint), within, 8)}")
    return "\n".join(lines) + "\n"


def _more(problems: Sequence[Problem], paint: Paint) -> str:
    """Where there is more to read of them, said once."""
    codes = sorted({problem.code for problem in problems})
    more = f"`reconciler explain {codes[0]}` says more"
    if len(codes) > 1:
        more = f"`reconciler explain CODE` says more of each: {', '.join(codes)}"
    return wrapped(more, columns_of(paint), 0) + "\n"


def _beside(text: str, within: int | None, start: int) -> str:
    if within is None or start + width(text) <= within:
        return text
    filler = "x" * min(start, within - 1)
    first, *rest = textwrap.wrap(f"{filler} {text}", within - 1, break_on_hyphens=False)
    return "\n    ".join(
        [first.removeprefix(filler).lstrip(), wrapped(" ".join(rest), within, 4)]
    ).rstrip()


def _excerpt(problem: Problem, paint: Paint) -> list[str]:
    """The line, and under it a caret with a tilde for every further column."""
    # One character for one character, so that columns stay what they are.
    line = "".join(c if c.isprintable() else " " for c in problem.excerpt or "")
    line = line.replace("##[", "# [").replace("##vso[", "# vso[")  # a runner's commands
    start = problem.column - 1
    end = (problem.end_column or problem.column + 1) - 1
    number = str(problem.line)
    within = columns_of(paint)
    most = _EXCERPT_COLUMNS if within is None else min(_EXCERPT_COLUMNS, within - 5 - len(number))
    if start >= most or (within is not None and end > most and start > most // 3):
        cut = max(start - most // 2, 0) if end - start <= most // 2 else max(start - 4, 0)
        line, start, end = "..." + line[cut:], start - cut + 3, end - cut + 3
    if within is not None and width(line.rstrip()) > most:
        line = _fitting(line, most - 3) + "..."
        end = min(end, len(line))
    line = line[:_EXCERPT_COLUMNS].rstrip()
    shown = [f"  {number} | {line}"]
    if start < max(len(line), 1):
        end = max(start + 1, min(end, len(line)))
        under = "^" + "~" * (width(line[start:end]) - 1)
        indent = " " * width(line[:start])
        shown.append(f"  {' ' * len(number)} | {indent}{paint(under, problem.severity)}")
    return shown


def _fitting(line: str, most: int) -> str:
    """As much of the start of a line as `most` columns hold."""
    while width(line) > most:
        line = line[: most - width(line)]
    return line


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
