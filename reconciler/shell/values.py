"""Which values are safe wherever they stand: nothing that bash, its arithmetic or a pattern could
take for more than text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.shell.special_variables import IDENTIFIER, could_matter

SAFE_CHARACTERS = "._/:,+-"
"""What a safe value has beside letters and digits of any language."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_WORD = re.compile(r"[A-Za-z0-9_]++")
_LONGEST = 4096
"""Characters of a safe value: the longest path."""
_NETWORK = ("/dev/tcp/", "/dev/udp/")
"""What bash opens a connection for, in a redirection."""


def is_number(value: str) -> bool:
    """Whether `value` is a decimal number and nothing else."""
    return _NUMBER.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Names:
    """The names that a command may use for variables."""

    whole: frozenset[str]
    beginnings: tuple[str, ...]
    """Names made at run time begin like this: `read "v_$i"`."""

    def clash(self, word: str) -> bool:
        """Whether `word` may be one of them."""
        return word in self.whole or word.startswith(self.beginnings)


def why_unsafe(value: str, names: Names) -> str | None:
    """What is wrong with `value`, finishing the sentence "it ..."; None for a safe one."""
    if len(value) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    if is_number(value):
        return None
    if not all(character.isalnum() or character in SAFE_CHARACTERS for character in value):
        return f"holds more than letters, digits and {' '.join(SAFE_CHARACTERS)}"
    if value[:1] in ("-", "+"):
        return f"begins with {value[0]}"
    if value.startswith(_NETWORK):
        return "is an address"
    if IDENTIFIER.fullmatch(value) and could_matter(value):
        return "is the name of a variable"
    if any(names.clash(word) for word in _WORD.findall(value) if not word[0].isdigit()):
        return "holds the name of a variable of the command"
    return None


_TOKEN = re.compile(r"[A-Za-z0-9_]++")
_LONGEST_CLUSTER = 16


def names_in(script: str, others: Iterable[str] = ()) -> Names:
    """Every word of `script` that could be a variable's name, and `others`.

    Parts of paths and of long options are none: nothing assigns to what touches a dot, a slash or
    two hyphens, and only what was assigned can hold anything.
    """
    whole = set(others)
    beginnings: set[str] = set()
    for match in _TOKEN.finditer(script):
        word, start, end = match[0], match.start(), match.end()
        before, after = script[max(0, start - 2) : start], script[end : end + 1]
        marked = (
            before[-1:] in ("$", "{", "!", "#")
            or after in ("=", "[")
            or (script.startswith("+=", end))
        )
        if not marked and (before[-1:] in (".", "/") or before == "--" or after in (".", "/")):
            continue
        if after in ("$", "{", "`", '"', "'", "\\") and not marked and not word[0].isdigit():
            beginnings.add(word)
        whole.add(word)
        if before[-1:] == "-":  # `read -an` assigns to n
            whole |= {word[at:] for at in range(1, min(len(word), _LONGEST_CLUSTER))}
    return Names(frozenset(whole), tuple(sorted(beginnings)))
