"""The values of one step, against what its command may do with them.

The rule is that of `reconciler.shell.assessment`; docs/decisions/0021-values-never-run.md says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.shell.assessment import assess
from reconciler.shell.notes import Assessment
from reconciler.shell.special_variables import means_something
from reconciler.shell.values import Names, is_number, names_in, why_unsafe


@dataclass(frozen=True, slots=True)
class Held:
    """A value from outside in an environment variable of a step."""

    variable: str
    value: str
    what: str
    """`the input "x"`."""
    made_here: bool = False
    """It is made of the run's name or time."""


def refusal(script: str, held: Sequence[Held], others: Iterable[str]) -> str | None:
    """Why `script` may not get these values, of the first that it may not; None where it may.

    `others`: the names of the other variables in its environment.
    """
    if not held:
        return None
    names = [one.variable for one in held]
    assessment = assess(script, names)
    used = names_in(script, [*names, *others])
    for one in held:
        if (why := _why_not(one, assessment, used, script)) is not None:
            return why
    return None


_NO_NAMES = Names(frozenset(), ())


def _why_not(one: Held, found: Assessment, used: Names, script: str) -> str | None:
    if one.made_here and one.variable not in script:
        return None
    where = found.reason(one.variable)
    if where is None and means_something(one.variable):
        where = f"by the name {one.variable}"
    if where is not None:
        unsafe = why_unsafe(one.value, _NO_NAMES if one.made_here else used)
        if unsafe is not None:
            return (
                f"{one.what} {unsafe}, and its command may evaluate it ({where}): "
                f'hand "${one.variable}" to a program as an argument, or in a file'
            )
    program = found.no_option.get(one.variable)
    if program is not None and one.value.startswith("-") and not is_number(one.value):
        return (
            f"{one.what} begins with -, and {program} would take it for an option: "
            "write -- before it"
        )
    return None
