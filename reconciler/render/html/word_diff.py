"""Two texts -> their words, with a mark on those that differ."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

Words = tuple[tuple[str, bool], ...]
"""Pieces of a text, and whether the other one lacks them."""

_PIECES = re.compile(r"\w+|\s+|.", re.DOTALL)
_MOST = 400
_ALIKE = 0.4
"""Below this likeness marks on words are noise: all of it differs."""


def word_diff(before: str, after: str) -> tuple[Words, Words]:
    """Both texts in pieces."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if len(old) > _MOST or len(new) > _MOST:
        return ((before, True),), ((after, True),)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return ((before, True),), ((after, True),)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if start < end:
            left.append(("".join(old[start:end]), tag != "equal"))
        if other_start < other_end:
            right.append(("".join(new[other_start:other_end]), tag != "equal"))
    return tuple(left), tuple(right)
