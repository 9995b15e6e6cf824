"""A script and the variables that hold values -> which of them may hold any text. Pure.

It may be any text that stands in a plain word, quoted or not, of a command's arguments, or in a
heredoc, of a step in which nothing evaluates the content of variables again. The reader knows a
part of bash in which that holds (words.py, grammar.py, programs.py); a script with anything else
in it gets safe values alone (values.py). So what is misjudged is misjudged to the strict side.
Linear in the length of the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.shell.notes import Assessment, Notes, Unclear
from reconciler.shell.parser import Grammar

_HANDS = re.compile(
    r"""(?:(?<![^\n;&|({`])|(?<=\bdo)|(?<=\bthen)|(?<=\belse))[ \t]*+
        (eval|source|trap|compgen|complete)(?=[ \t])
      | \b((?:bash|sh|dash|zsh|ksh)[ \t]++-[a-z]*+(?<=c))(?=[ \t])
      | \b(PS4|BASH_ENV|PROMPT_COMMAND)=""",
    re.VERBOSE,
)


def assess(script: str, holders: Iterable[str]) -> Assessment:
    """What bash may make of the values in `holders`, environment variables of `script`."""
    notes = Notes(frozenset(holders))
    evaluated: str | None = None
    try:
        Grammar(script, notes).nested(script)
        for look in notes.later:
            look()
        if (name := notes.written_and_run()) is not None:
            raise Unclear(f"{name}, a file that may be written and is run")
    except Unclear as reason:
        evaluated = str(reason)
        # What comes after it has not been read: by its looks alone, for a warning.
        for found in _HANDS.finditer(script):
            notes.hand(next(" ".join(group.split()) for group in found.groups() if group))
    return Assessment(
        restricted=dict(notes.restricted),
        no_option=dict(notes.no_option),
        evaluated=evaluated,
        handed=tuple(notes.handed),
    )
