"""What the parser stumbles over later than it stands, or calls by another name. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]")
"""What looks like a space, or like nothing, and is text to YAML."""
_BEFORE = ("", ":", "-", "?", ",", "{", "[")
"""The ends of what may stand before a space that matters."""


class Culprit(NamedTuple):
    """Lines and columns count from 1."""

    line: int
    column: int
    end_column: int
    message: str
    hint: str


def culprit(lines: Sequence[str], stumbled: int) -> Culprit | None:
    """The cause of a fault that the parser met in the line `stumbled`, from 1; None: not known."""
    return _merge(lines) or _odd_space(lines[:stumbled])


def _merge(lines: Sequence[str]) -> Culprit | None:
    """The first mark that Git leaves where two changes do not fit."""
    ends = any(line.startswith(">>>>>>> ") for line in lines)
    for number, line in enumerate(lines, 1):
        if ends and line.startswith("<<<<<<< "):
            what = "a merge was not finished here"
            hint = "choose between the two, and remove the lines <<<<<<<, ======= and >>>>>>>"
            return Culprit(number, 1, len(line) + 1, what, hint)
    return None


def _odd_space(lines: Sequence[str]) -> Culprit | None:
    """The last character that is taken for a space by people alone, where YAML needs one."""
    for number in range(len(lines), 0, -1):
        line = lines[number - 1]
        for found in _ODD_SPACE.finditer(line):
            before = line[: found.start()].rstrip(" ")[-1:]
            if before in _BEFORE:
                sign = found.group()
                name = unicodedata.name(sign).lower()
                what = f"a {name} (U+{ord(sign):04X}) stands where a space is meant"
                column = found.start() + 1
                return Culprit(number, column, column + 1, what, "write a plain space there")
    return None
