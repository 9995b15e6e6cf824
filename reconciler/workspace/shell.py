"""A command with `${{...}}` in it -> shell text that no value can break out of. Pure.

Values never become part of the text: each is put into an environment variable, and its binding
becomes the expansion of that variable, quoted as its place in the command asks for. A shell does
not parse what an expansion yields, so a value is one word, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

BINDING = re.compile(r"\$\{\{\s*([^{}]*?)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)

VariableOf = Callable[[str], str | None]
"""The inside of a binding, `inputs.x` -> the environment variable that holds its value; None where
an optional input has no value."""


def bind(command: str, variable_of: VariableOf) -> str:
    """`command` with each binding as a quoted expansion.

    `$[[ ... ]]`, Azure's mark for an optional part, is left out when a binding in it has no value.
    """
    return _quote(_OPTIONAL.sub(lambda part: _optional(part[1], variable_of), command), variable_of)


def _optional(part: str, variable_of: VariableOf) -> str:
    absent = any(variable_of(match[1]) is None for match in BINDING.finditer(part))
    return "" if absent else part


def _quote(command: str, variable_of: VariableOf) -> str:
    """One pass that knows, at each binding, what quotes it stands in."""
    out: list[str] = []
    stack = ["plain"]  # plain, double, single, comment, back
    position = 0
    while position < len(command):
        context = stack[-1]
        match = BINDING.match(command, position)
        if match is not None:
            out.append(_expansion(variable_of(match[1]), context))
            position = match.end()
            continue
        character = command[position]
        if character == "\\" and context not in ("single", "comment"):
            out.append(command[position : position + 2])
            position += 2
            continue
        _step(stack, context, character, command[position - 1 : position])
        out.append(character)
        position += 1
    return "".join(out)


def _expansion(variable: str | None, context: str) -> str:
    value = "" if variable is None else f"${{{variable}}}"
    if context == "double":
        return value
    if context == "single":
        return f"'\"{value}\"'"
    return f'"{value}"'


def _step(stack: list[str], context: str, character: str, before: str) -> None:
    """Follow the quotes: what stands on the stack is what the next character stands in."""
    if context == "single":
        if character == "'":
            stack.pop()
    elif context == "comment":
        if character == "\n":
            stack.pop()
    elif context == "double":
        if character == '"':
            stack.pop()
        elif character == "(" and before == "$":
            stack.append("plain")
    elif character == "'":
        stack.append("single")
    elif character == '"':
        stack.append("double")
    elif character == "#" and (not before or before.isspace() or before in ";&|("):
        stack.append("comment")
    elif character == "(":
        stack.append("plain")
    elif character == ")" and len(stack) > 1:
        stack.pop()
