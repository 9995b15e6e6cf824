"""A finding before its place in a file is known, and how it becomes a Problem.

The stages that look at a document (schema, lint, job file) say which key they mean; only when
there is something to say is the file read again for lines and columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import Fault
from reconciler.masking import is_secret, mask_text
from reconciler.model import Problem

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say about the value (or the key) at `path` of a document."""

    code: str
    path: Path
    message: str
    hint: str | None = None
    on: Literal["key", "value"] = "value"


def json_path(path: Path) -> str:
    """`("trigger", "schedule", "hours", 1)` -> `trigger.schedule.hours[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def place(finding: Finding, display: str, locator: Locator, document: int) -> Problem:
    """Give a finding its line, column and excerpt; where its path is not in the file, the nearest
    parent's place stands for it.
    """
    span = locator.find(document, finding.path, on_key=finding.on == "key")
    return Problem(
        code=finding.code,
        severity=CODES[finding.code].severity,
        path=display,
        message=mask_text(finding.message),
        line=span.line,
        column=span.column,
        end_column=span.end_column,
        json_path=json_path(finding.path),
        hint=finding.hint and mask_text(finding.hint),
        excerpt=locator.excerpt(span.line, secret=_is_secret(finding)),
    )


def _is_secret(finding: Finding) -> bool:
    """Whether the value that is meant stands under a secret name."""
    names = finding.path[:-1] if finding.on == "key" else finding.path
    return any(isinstance(name, str) and is_secret(name) for name in names)


def place_fault(fault: Fault, display: str, locator: Locator | None) -> Problem:
    """A fault as a Problem; `locator` is None where the file could not even be read."""
    # What is wrong with a file as a whole is not the fault of its first line.
    whole = fault.code in ("SCH003", "SCH008") and (fault.line, fault.column) == (1, 1)
    return Problem(
        code=fault.code,
        severity=CODES[fault.code].severity,
        path=display,
        message=fault.message,
        line=fault.line,
        column=fault.column,
        end_column=fault.end_column,
        hint=fault.hint,
        excerpt=locator.excerpt(fault.line) if locator is not None and not whole else None,
    )


def kind_of(value: Any) -> str:
    """What a YAML value is, in words."""
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def clip(text: str) -> str:
    """Text of a file, fit for a message: its first 60 characters, those that can be shown."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text[:60])
    return clean + ("..." if len(text) > 60 else "")


def all_of(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def any_of(words: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
