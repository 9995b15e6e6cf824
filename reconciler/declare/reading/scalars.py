"""A value -> the YAML text that stands for it, in one line, for every reader the same. Pure.

Text is plain only where no reader of YAML 1.1 or 1.2 takes it for anything else; dates, times,
versions and words such as `no` are quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"(?:\.{1,2}/)?[A-Za-z_][A-Za-z0-9_./()+-]*( [A-Za-z0-9_./()+-]+)*\Z", re.ASCII)
_WORDS = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"])


def inline(value: Any, quote: str | None = None) -> str:
    """`value` as flow YAML. `quote`: `"` or `'` for its texts, None: only where they need it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return text(value, quote)
        case Mapping():
            inner = (f"{key(k, quote)}: {inline(v, quote)}" for k, v in value.items())
            return "{" + ", ".join(inner) + "}"
        case _:
            return "[" + ", ".join(inline(item, quote) for item in value) + "]"


def text(value: str, quote: str | None = None) -> str:
    """Text as a scalar, in the quotes that are asked for where they can hold it."""
    if quote is None and _PLAIN.match(value) and value.lower() not in _WORDS:
        return value
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else _escape(c) for c in quoted)


def key(name: str, quote: str | None = None) -> str:
    """A key; only `"` asks for quotes, as in JSON."""
    return text(name, '"' if quote == '"' else None)


def block(value: Any, indent: int, step: int, newline: str, quote: str | None = None) -> str:
    """`value` behind a key and its colon: a mapping as lines of its own, anything else in line."""
    if not (isinstance(value, Mapping) and value):
        return " " + inline(value, quote)
    inner = indent + step
    return "".join(
        f"{newline}{' ' * inner}{key(k)}:{block(v, inner, step, newline, quote)}"
        for k, v in value.items()
    )


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
