"""Plain YAML scalars that two readers take for two values, or that lose characters as text.

Where the two are different times to fire at, that is an error: the file means two schedules.

Declarations are read by YAML 1.2's core schema; `az ml` reads the same files by YAML 1.1, in which
`no` is false, `01234` is octal and `12:30:45` a number of seconds. Text such as a tag that is
written as a number is the number's shortest form in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.yaml_loader import resolve_plain
from reconciler.declare.reading.yaml_nodes import Node, read_tree
from reconciler.model import Problem

_SIMPLE = (
    r"(?:0|-?[1-9][0-9]{0,14}|-?0\.(?:0|0{0,3}[1-9](?:[0-9]{0,9}[1-9])?)"
    r"|-?[1-9][0-9]{0,5}\.(?:0|[0-9]{0,8}[1-9]))(?![0-9a-zA-Z_:.+-])"
)
"""The numbers that everybody reads alike, and which are written as they are shown."""
_ODD = (
    r"(?:[yY](?:es|ES)|[nN][oO]|[oO](?:n|N|ff|FF)"
    rf"|(?!{_SIMPLE})[-+]?(?:0b[01_]++|0x[0-9a-fA-F_]++|0o[0-7]++"
    r"|[0-9.][0-9_:.]*+(?:[eE][-+]?[0-9]++)?+))"
)
_CANDIDATE = re.compile(_ODD)
_BEFORE = r"(?:[-:,][ \t\r\n]++|[\[{,][ \t\r\n]*+|[\"'\]}]:)"
_SOME = re.compile(rf"{_BEFORE}{_ODD}[ \t]*+(?:[,\]}}#\r\n]|\Z)")
"""Whether a second look is worth its time, which is several times that of the first: most files
hold nothing of the kind.
"""
_OURS = frozenset(
    ["time_of_day", "reconcile", "hold", "targets", "renamed_from", "moved_from", "adopt"]
)
"""Keys that no other reader knows."""
_COUNTS = frozenset(["interval", "hours", "minutes", "month_days"])
"""Of a trigger, what is a number in both."""
_TEXTS = frozenset(["tags", "properties"])


def two_readings(data: bytes, path: str) -> list[Problem]:
    """A problem for each value of a file that was read without faults; both readings are said."""
    text = data.decode("utf-8", "replace")
    if _SOME.search(text) is None:
        return []
    try:
        roots = read_tree(text)
    except (yaml.YAMLError, ValueError):  # PyYAML itself reads less than the parser that read it
        return []
    return [
        _problem(path, text, node.start, *found)
        for root in roots
        for keys, node in _scalars(root, ())
        if (found := _said(keys, node.text)) is not None
    ]


def lost_as_text(data: bytes, index: int) -> list[str]:
    """Of the document with that index, where a number stands for text, and is written in another
    way than it is shown: `1.10` is the text "1.1" to all who read it.
    """
    text = data.decode("utf-8", "replace")
    try:
        roots = read_tree(text) if _SOME.search(text) is not None else []
    except (yaml.YAMLError, ValueError):
        return []
    return [
        f"{'.'.join(keys)} in line {text.count(chr(10), 0, node.start) + 1}: {lost[1]}"
        for keys, node in (_scalars(roots[index], ()) if index < len(roots) else ())
        if (lost := _lost(keys, node.text)) is not None and lost == _said(keys, node.text)
    ]


def _scalars(node: Node, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Node]]:
    if node.kind == "scalar" and node.style is None and _CANDIDATE.fullmatch(node.text):
        yield keys, node
    for entry in node.entries:
        yield from _scalars(entry.value, (*keys, entry.key.text))
    for item in node.items:
        yield from _scalars(item, keys)


def _said(keys: tuple[str, ...], text: str) -> tuple[str, str] | None:
    """A problem's code and message."""
    if not _OURS.isdisjoint(keys):
        return None
    here, there = resolve_plain(text), _old(text)
    if repr(here) != repr(there):
        both = (
            f"{text} is {_words(here)} here, and {_words(there)} in YAML 1.1, as `az ml` reads it"
        )
        if "trigger" in keys and keys[-1] in _COUNTS and type(here) is int:
            if isinstance(there, str) and there.isdecimal():
                return None  # 08 is text to it, of which it makes the same number
            if type(there) is int:
                return "SCH073", both
        return "SCH053", both
    return _lost(keys, text)


def _lost(keys: tuple[str, ...], text: str) -> tuple[str, str] | None:
    here = resolve_plain(text)
    as_text = not _TEXTS.isdisjoint(keys[:-1])
    if as_text and not isinstance(here, str) and str(here) != text:
        return "SCH053", f'{text} is a number, and so the text "{here}"'
    return None


def _old(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'the text "{value}"' if isinstance(value, str) else f"the number {value!r}"


def _problem(path: str, text: str, start: int, code: str, message: str) -> Problem:
    before = text.rfind("\n", 0, start) + 1
    hint = "quote it if it is text; else write it so that all read it alike"
    return Problem(
        code,
        CODES[code].severity,
        path,
        message,
        text.count("\n", 0, start) + 1,
        start - before + 1,
        hint=hint if code == "SCH053" else "write it without a zero before it",
    )
