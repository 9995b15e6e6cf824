"""Text of which no rule of this folder can make another: most of what schedules say. Pure.

The rules are some thirty expressions; each of them needs a sign, or a word, that plain text has
not. What is found to be plain is not looked at again, so this may only err to the other side:
whatever it is not sure of is not plain.
"""

from __future__ import annotations

import re

_PLAIN = re.compile(
    r"(?:[ ,()]|(?:"
    # Shorter than any key by itself, and too short to be one in base64; a hyphen stands in a word,
    # so that it begins no option.
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,10}+|[a-z0-9][a-z0-9-]{0,14}+"
    r"|[0-9]{1,2}:[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"|\*(?:/[0-9]{1,2})?|(?![A-Za-z/]{16})[A-Z][a-z]++/[A-Z][a-z]++"
    r")(?=[ ,()]|\Z))*+"
)
_TELLING = (
    # Behind these stands what prose says is a password, or what a header holds.
    *("pass", "pwd", "secret", "credential", "key", "token", "masterauth", "identified"),
    *("bearer", "basic"),
    "login",  # the one command that takes a password without a sign before it
    *("xox", "xapp"),  # the keys that have no capitals and are as short as words
)


def is_plain(text: str) -> bool:
    """Whether `text` surely holds no credential."""
    if _PLAIN.fullmatch(text) is None or ("_" in text and " " in text):  # `set DB_SAS x`
        return False
    lower = text.lower()
    for word in _TELLING:  # noqa: SIM110 a generator costs more than all that it says
        if word in lower:
            return False
    return True
