"""The command of a step -> what is wrong with it, and what it hands to an interpreter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.findings import Finding, Path
from reconciler.shell.assessment import assess
from reconciler.shell.binding import BINDING, LONGEST_COMMAND, bind, is_left_open, is_too_long
from reconciler.shell.special_variables import means_something

NOT_CLOSED = 'a "${{" is not closed'
_HINT = 'hand the value to a program as "$RECONCILER_INPUT_x", or in a file'


def command_findings(step: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """A command that is too long; one that has values, and takes text for code."""
    command: str = step["command"]
    where = (*path, "command")
    if is_too_long(command):
        what = f"the command has more than {LONGEST_COMMAND:,} bytes"
        yield Finding("SCH042", where, what, "put it into a script in the folder of its code")
        return
    if is_left_open(command):
        yield Finding("SCH032", where, NOT_CLOSED, 'end it with "}}"')
    declared = step.get("environment_variables")
    variables = {
        str(name): str(value)
        for name, value in (declared.items() if isinstance(declared, dict) else ())
        if BINDING.search(str(value))
    }
    for name in variables:
        if means_something(name):
            what = f"{name} holds a value, and is more than text to bash or to programs"
            yield Finding("SCH043", (*path, "environment_variables", name), what, _HINT)
    holders = {f"V{number}": name for number, name in enumerate(set(BINDING.findall(command)))}
    if not (holders or variables or step.get("inputs")):
        return
    named = {name: variable for variable, name in holders.items()}
    script = bind(command, named.get)
    for handed in assess(script, [*holders, *variables]).handed:
        what = f"the command takes text for code: {handed}. What a value does there is its author's"
        yield Finding("SCH043", where, what, _HINT)
