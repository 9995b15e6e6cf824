"""`${{...}}` in the values of a job: what Azure reads as a binding. Pure.

The patterns are those of Azure's client: azure-ai-ml 1.35, `ComponentJobConstants` and
`is_data_binding_expression`.
"""

from __future__ import annotations

import re
from typing import Any

_INPUT = re.compile(r"^\$\{\{parent\.(inputs|jobs)\.(.*?)\}\}$")
_OUTPUT = re.compile(r"^\$\{\{parent\.outputs\.(.*?)\}\}$")
_OLD = re.compile(r"^\$\{\{(inputs|outputs|jobs)\.(.*?)\}\}$")
_FROM_STEP = re.compile(r"^\$\{\{parent\.jobs\.([^.]+)\.([^.]+)\.([^.]+)\}\}")


def is_expression(value: Any) -> bool:
    """Whether the whole value is one `${{...}}`, with blanks at most around what is in it.

    As the client's pattern has it, in linear time.
    """
    if not isinstance(value, str):
        return False
    text = value.removesuffix("\n")
    whole = len(text) >= len("${{}}") and text.startswith("${{") and text.endswith("}}")
    return whole and len(text[3:-2].split()) <= 1


def is_input_binding(value: Any) -> bool:
    """`${{parent.inputs.x}}`, `${{parent.jobs.a.outputs.y}}`."""
    return isinstance(value, str) and _INPUT.match(value) is not None


def is_output_binding(value: Any) -> bool:
    """`${{parent.outputs.x}}`."""
    return isinstance(value, str) and _OUTPUT.match(value) is not None


def parent_port(value: str) -> tuple[str, str] | None:
    """("inputs", "x") of `${{parent.inputs.x}}`; outputs alike."""
    parts = value.removeprefix("${{").removesuffix("}}").strip().split(".")
    if len(parts) >= 3 and parts[0] == "parent" and parts[1] in ("inputs", "outputs"):
        return parts[1], parts[2]
    return None


def step_port(value: str) -> tuple[str, str, str] | None:
    """("a", "outputs", "y") of `${{parent.jobs.a.outputs.y}}`."""
    found = _FROM_STEP.match(value)
    return (found[1], found[2], found[3]) if found else None


def of_now(value: str) -> str:
    """A binding of the form of before, as it is written now; else the value itself."""
    return value.replace("{{", "{{parent.", 1) if _OLD.match(value) else value
