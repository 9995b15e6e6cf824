"""Problems -> text, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from reconciler import __version__
from reconciler.declare.codes import CODES
from reconciler.model import Problem
from reconciler.render.words import Paint, plain, printable, width

FORMATS = ("text", "json", "github", "sarif")
_EXCERPT_COLUMNS = 140


def render_problems(problems: Sequence[Problem], form: str, paint: Paint = plain) -> str:
    """All problems in one of FORMATS; empty for none, where the format allows it."""
    match form:
        case "json":
            return _json(problems)
        case "github":
            return "".join(_annotation(problem) + "\n" for problem in problems)
        case "sarif":
            return _sarif(problems)
        case _:
            return "\n".join(_text(problem, paint) for problem in problems)


def _text(problem: Problem, paint: Paint) -> str:
    where = paint(f"{problem.path}:{problem.line}:{problem.column}:", "heading")
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
    document = {
        "format_version": "1.0",
        "errors": sum(p.severity == "error" for p in problems),
        "warnings": sum(p.severity == "warning" for p in problems),
        "problems": [problem_document(problem) for problem in problems],
    }
    return json.dumps(document, indent=2) + "\n"


def _annotation(problem: Problem) -> str:
    """A workflow command; whatever stands in the message cannot start another one."""
    properties = [
        f"file={_property(problem.path)}",
        f"line={problem.line}",
        f"col={problem.column}",
        f"title={_property(f'{problem.code}: {CODES[problem.code].title}')}",
    ]
    if problem.end_column is not None:
        properties.insert(3, f"endColumn={problem.end_column}")
    message = problem.message + (f"\n{problem.hint}" if problem.hint else "")
    return f"::{problem.severity} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(problems: Sequence[Problem]) -> str:
    codes = sorted({problem.code for problem in problems})
    index = {code: number for number, code in enumerate(codes)}
    rules = [
        {
            "id": code,
            "shortDescription": {"text": CODES[code].title},
            "defaultConfiguration": {"level": CODES[code].severity},
        }
        for code in codes
    ]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "reconciler", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(problem, index) for problem in problems],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _sarif_result(problem: Problem, index: dict[str, int]) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": problem.line, "startColumn": problem.column}
    if problem.end_column is not None:
        region["endColumn"] = problem.end_column
    location = {"artifactLocation": {"uri": _uri(problem.path)}, "region": region}
    message = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return {
        "ruleId": problem.code,
        "ruleIndex": index[problem.code],
        "level": problem.severity,
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path, safe="/")
