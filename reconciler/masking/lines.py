"""Lines of a file as they may be shown in an excerpt.

A secret may go on for several lines, and its name may stand on another line than its value. Each
character is looked at a few times at most, however the file is made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.masking.names import MASK, is_secret
from reconciler.masking.text import mask_text, private_key_end
from reconciler.masking.values import NAMED, NAMING

MOST_OF_A_LINE = 16 * 1024
"""Characters of a line that is shown; of a longer one only its length is."""

# A key, its colon and what stands between them and its value. Possessive, so that no part of a
# line is tried twice.
_NAME = re.compile(
    r"""(?:(?P<quoted>"[^"]*+"|'[^']*+')\s*+:|(?<![\w.$-])(?P<plain>[\w.$-]++)\s*+:(?=\s|$))\s*+"""
)
_NOTHING = re.compile(r"(?:[|>][-+0-9]*+)?\s*+$")
_NOTHING_YET = re.compile(r"(?:[&!]\S*+\s*+)*+(?:[|>][-+0-9]*+\s*+)?(?:#.*+)?$")
_SCALAR = re.compile(r"""["']?(-{0,2}[\w.-]{1,200}+)""")
_DASHES = re.compile(r"(?:-(?:\s++|$))*+")
_OPTION = re.compile(r"""(?:-\s++)?["']?(--?[A-Za-z][\w.-]{0,200}+)["']?,?\s*+$""")


def mask_line(line: str, *, named: bool = False) -> str:
    """A line of a file as it may be shown: what follows the name of a secret is masked.

    `named`: what stands beside it names a secret, so that a `value:` of this line is one.
    """
    if len(line) > MOST_OF_A_LINE:
        return f"{MASK} (a line of {len(line):,} characters)"
    names = list(_NAME.finditer(line))
    named = named or _names_a_secret(line, names)
    for match in names:
        if is_secret(_key(match)) or (named and _key(match) in NAMED):
            head, rest = mask_text(line[: match.end()]), line[match.end() :]
            if head.endswith(MASK):  # a private key that begins before the name
                return head
            return head + (rest if _NOTHING.match(rest) else MASK)
    return mask_text(line)


def mask_lines(lines: Sequence[str]) -> list[str]:
    """Every line of a file as it may be shown, also where a secret goes on for several lines:
    what is indented below its name, the line after a name that has nothing beside it, what stands
    beside `name: DB_PASSWORD`, and the text of a private key.
    """
    masked: list[str] = []
    above: list[tuple[float, bool]] = []  # the indents that a line is in, and whether secret
    awaited = False
    key_end: str | None = None
    beside = _beside_names(lines)
    for number, line in enumerate(lines):
        text = line.lstrip()
        indent = len(line) - len(text)
        if not text:
            masked.append(line)
            continue
        if key_end is not None:
            key_end = None if key_end in line else key_end
            masked.append(line[:indent] + MASK)
            continue
        key_end = private_key_end(line)
        # The items of a list may stand in the same column as its name; a masked one has no hyphen.
        is_item = text[0] == "-" or text == MASK
        while above and (above[-1][0] > indent or (above[-1][0] == indent and not is_item)):
            above.pop()
        inside = awaited or (bool(above) and above[-1][1]) or beside.get(number) == "below"
        if len(line) > MOST_OF_A_LINE:
            masked.append(mask_line(line))
            awaited = False
            continue
        names = list(_NAME.finditer(line))
        shown = mask_line(line, named=number in beside)
        masked.append(line[:indent] + MASK if inside else shown)
        named = any(is_secret(_key(name)) for name in names)
        awaited = (
            named
            and is_secret(_key(names[-1]))
            and bool(_NOTHING_YET.match(line[names[-1].end() :]))
        )
        awaited = awaited or _is_option(text)
        if not above or above[-1][0] < indent:
            above.append((indent, inside or named))
        elif inside:
            above.append((indent + 0.5, True))  # what is below this item, and not the next one
    return masked


# ------------------------------------------------------------------------ what stands beside a name


@dataclass(slots=True)
class _Block:
    """A mapping, by the column that its keys stand in."""

    column: int
    names: bool = False
    """Whether a key of it names a secret, as `name: DB_PASSWORD` does."""
    values: dict[int, str] = field(default_factory=dict)
    """The lines of what it names: "at" the `value:` itself, or "below" it."""


def _beside_names(lines: Sequence[str]) -> dict[int, str]:
    """The lines of values whose name, in the same mapping, is that of a secret."""
    found: dict[int, str] = {}
    blocks: list[_Block] = []
    value: _Block | None = None  # of which the lines below belong to its value

    def leave() -> None:
        block = blocks.pop()
        if block.names:
            found.update(block.values)

    for number, line in enumerate(lines):
        text = line.lstrip()
        if not text or len(line) > MOST_OF_A_LINE:
            continue
        indent = len(line) - len(text)
        dashes = _DASHES.match(text)
        column = indent + (dashes.end() if dashes else 0)
        is_item = column > indent
        if value is not None and (indent > value.column or (is_item and indent == value.column)):
            value.values[number] = "below"
        else:
            value = None
        while blocks and (blocks[-1].column > (indent if is_item else column)):
            leave()
        if not blocks or blocks[-1].column < column:
            blocks.append(_Block(column))
        key = _NAME.match(line, column)
        if key is None:
            continue
        if _key(key) in NAMING and _is_secret_scalar(line, key.end()):
            blocks[-1].names = True
        elif _key(key) in NAMED and value is None:
            value = blocks[-1]
            value.values[number] = "at"
    while blocks:
        leave()
    return found


def _names_a_secret(line: str, names: Sequence[re.Match[str]]) -> bool:
    """Whether a key of this line, as of `{name: DB_PASSWORD, value: x}`, names a secret."""
    return any(_key(name) in NAMING and _is_secret_scalar(line, name.end()) for name in names)


def _is_secret_scalar(line: str, at: int) -> bool:
    scalar = _SCALAR.match(line, at)
    return scalar is not None and is_secret(scalar[1])


def _is_option(text: str) -> bool:
    """Whether it is an item of a list of arguments whose value is the next one."""
    match = _OPTION.match(text)
    return match is not None and is_secret(match[1])


def _key(match: re.Match[str]) -> str:
    return match["plain"] or match["quoted"][1:-1]
