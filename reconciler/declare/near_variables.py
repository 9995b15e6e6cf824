"""What looks like a variable and is none -> warnings. `${{ var.x }}` would be sent as it stands,
as Azure's own macros are, and a run would fail for it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reconciler.declare.findings import Finding, Path
from reconciler.declare.resolve import VARIABLE

_NEAR = re.compile(r"\$\{\{\s*([A-Za-z]{3,11})\s*[.\[]['\"]?([^{}\s'\"\]]*)")
_VARIABLES = frozenset({"var", "vars", "variable", "variables"})
_ENVIRONMENT = frozenset({"env", "envs", "environment"})


def may_have_near_misses(data: bytes) -> bool:
    """Whether it is worth while to look at the documents of a file."""
    return b"${{" in data


def near_misses(value: Any, path: Path = ()) -> Iterator[Finding]:
    """A finding for each value that is meant to be a variable and is spelled in another way."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from near_misses(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from near_misses(below, (*path, number))
    elif isinstance(value, str) and "${{" in value:
        yield from _in_text(value, path)


def _in_text(text: str, path: Path) -> Iterator[Finding]:
    for match in _NEAR.finditer(text):
        word, name = match[1].lower(), match[2]
        if VARIABLE.match(text, match.start()) or word not in _VARIABLES | _ENVIRONMENT:
            continue
        end = text.find("}}", match.end())
        shown = text[match.start() : end + 2] if end >= 0 else match[0]
        said = f'"{shown}" is no variable: it is sent as it stands'
        yield Finding("SCH079", path, said, _hint(word, name))


def _hint(word: str, name: str) -> str:
    if word in _ENVIRONMENT:
        return "environment values are read in reconciler.yaml alone: set a variable there"
    return f"write ${{{{ vars.{name} }}}}, in a schedule: in job files nothing is filled in"
