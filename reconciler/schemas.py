"""The JSON schemas that ship with the program, by name: those of NAMES.

As files they are for editors and other programs too. Where a rule has `x-checked`, its pattern is
for those alone: `validate` parses the value, and says by that code what is wrong, with a hint.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

NAMES = ("schedule", "job", "component", "config", "plan", "planfile")

_PACKAGE = Path(__file__).parent


@cache
def read_schema(name: str) -> str:
    """The text of `schemas/NAME.schema.json`: inside the package when installed, beside it in a
    checkout.
    """
    file = f"{name}.schema.json"
    installed = _PACKAGE / "schemas" / file
    path = installed if installed.exists() else _PACKAGE.parent / "schemas" / file
    return path.read_text(encoding="utf-8")


@cache
def schema(name: str) -> dict[str, Any]:
    """The schema as a value, as the program checks by it."""
    loaded: dict[str, Any] = json.loads(read_schema(name), object_hook=_own_rule)
    return loaded


def _own_rule(rule: dict[str, Any]) -> dict[str, Any]:
    return {} if "x-checked" in rule else rule
