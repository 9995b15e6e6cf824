"""What looks secret by its name, and how it is kept out of every output.

A name is secret when one of its words is (`db_password`, `apiKey`, `sas`); counts such as
`max_tokens` are not. Values are masked whole; in any other text, signatures and account keys of
connection strings and URLs are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

MASK = "****"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET = frozenset(
    [
        "password",
        "passwords",
        "passwd",
        "pwd",
        "passphrase",
        "secret",
        "secrets",
        "token",
        "key",
        "keys",
        "apikey",
        "accesskey",
        "credential",
        "credentials",
        "sas",
        "connectionstring",
    ]
)
_COUNTS = frozenset(["max", "min", "num", "n", "total", "count", "limit", "per", "new"])
_EMBEDDED = re.compile(
    r"(?i)\b(sig|accountkey|sharedaccesskey|sharedaccesssignature|password|pwd|client_secret)="
    r"[^&;\s\"']+"
)
_USER_INFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://[^/\s:@]*):[^/\s@]+@")
# A key, its colon and what stands between them and its value. Each character of a line is looked
# at a few times at most, however the line is made.
_NAME = re.compile(
    r"""(?:(?P<quoted>"[^"]*"|'[^']*')\s*:|(?<![\w.$-])(?P<plain>[\w.$-]+)\s*:(?=\s|$))\s*"""
)
_NOTHING = re.compile(r"(?:[|>][-+0-9]*)?\s*$")
_NOTHING_YET = re.compile(r"(?:[&!]\S*\s*)*(?:[|>][-+0-9]*\s*)?(?:#.*)?$")


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether a value under this name is masked."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(a == "connection" and b == "string" for a, b in pairwise(words)):
        return True
    if "tokens" in words and not _COUNTS.intersection(words):
        return True
    return not _SECRET.isdisjoint(words)


def mask_text(text: str) -> str:
    """`text` without the secrets that stand inside URLs and connection strings."""
    if "=" in text:
        text = _EMBEDDED.sub(rf"\1={MASK}", text)
    if "://" in text:
        text = _USER_INFO.sub(rf"\1:{MASK}@", text)
    return text


def mask(name: str, value: Any) -> Any:
    """`value` as it may be shown under `name`, masked at any depth. None stays None."""
    if value is None:
        return None
    if is_secret(name) and not isinstance(value, Mapping):
        return MASK
    if isinstance(value, Mapping):
        # A mapping under a secret name is a data input or the like: all that it holds is masked.
        inner = is_secret(name)
        return {k: MASK if inner and v is not None else mask(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mask("", item) for item in value]
    return mask_text(value) if isinstance(value, str) else value


def mask_line(line: str) -> str:
    """A line of a file as it may be shown: what follows the name of a secret is masked."""
    for match in _NAME.finditer(line):
        if _is_secret_key(match):
            rest = line[match.end() :]
            return mask_text(line[: match.end()]) + (rest if _NOTHING.match(rest) else MASK)
    return mask_text(line)


def mask_lines(lines: Sequence[str]) -> list[str]:
    """Every line of a file as it may be shown, also where a secret goes on for several lines:
    what is indented below its name, and the line after a name that has nothing beside it.
    """
    masked: list[str] = []
    above: list[tuple[int, bool]] = []  # the indents that a line is in, and whether secret
    awaited = False
    for line in lines:
        text = line.lstrip()
        if not text:
            masked.append(line)
            continue
        indent = len(line) - len(text)
        # The items of a list may stand in the same column as its name.
        while above and (above[-1][0] > indent or (above[-1][0] == indent and text[0] != "-")):
            above.pop()
        inside = awaited or (bool(above) and above[-1][1])
        masked.append(line[:indent] + MASK if inside else mask_line(line))
        names = list(_NAME.finditer(line))
        named = bool(names) and _is_secret_key(names[-1])
        awaited = named and bool(_NOTHING_YET.match(line[names[-1].end() :]))
        if not above or above[-1][0] < indent:
            above.append((indent, inside or named))
    return masked


def _is_secret_key(match: re.Match[str]) -> bool:
    return is_secret(match["plain"] or match["quoted"][1:-1])
