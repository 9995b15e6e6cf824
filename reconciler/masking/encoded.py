"""Credentials in text that is written in another way: percent signs, base64. Pure, and linear.

What is decoded and found to hold one is masked whole, since part of it would still say it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from urllib.parse import unquote

from reconciler.masking.names import MASK

_DEEPEST = 3
"""How often one text is written in another way within another."""

_WITHIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+*()!%-")
_PERCENT = re.compile(r"[A-Za-z0-9._~+*()!%-]++")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_BASIC = re.compile(
    r"(?i)(?<![\w-])(basic(?:[^\S\n]|%20|\+){1,8}+)([A-Za-z0-9+/_-]{6,}+(?:=|%3D){0,2})"
)
_TEXT = re.compile(r"[\x09\x0a\x0d\x20-\x7e]{8,}+")


def mask_encoded(text: str, masked: Callable[[str], str], depth: int = 0) -> str:
    """`text` without what is decoded to something of which `masked` makes another."""
    text = _BASIC.sub(_basic, text)
    if depth >= _DEEPEST:
        return text
    if "%" in text:
        text = _of_percent(text, lambda inner: _holds(inner, masked, depth))
    return _BASE64.sub(lambda match: _base64(match, masked, depth), text)


def _holds(decoded: str, masked: Callable[[str], str], depth: int) -> bool:
    return mask_encoded(masked(decoded), masked, depth + 1) != decoded


def _of_percent(text: str, holds: Callable[[str], bool]) -> str:
    parts: list[str] = []
    at = 0
    while (found := text.find("%", at)) >= 0:
        start = found
        while start > at and text[start - 1] in _WITHIN:
            start -= 1
        run = _PERCENT.match(text, start)
        assert run is not None
        decoded = unquote(run[0])
        hides = decoded != run[0] and holds(decoded)
        parts += [text[at:start], MASK if hides else run[0]]
        at = run.end()
    return "".join([*parts, text[at:]])


def _basic(match: re.Match[str]) -> str:
    """`Basic dXNlcjpwYXNz`, which is a user and a password."""
    decoded = _decoded(unquote(match[2]))
    return match[1] + MASK if decoded is not None and ":" in decoded else match[0]


def _base64(match: re.Match[str], masked: Callable[[str], str], depth: int) -> str:
    decoded = _decoded(match[0])
    if decoded is None or not _TEXT.fullmatch(decoded):
        return match[0]
    return MASK if _holds(decoded, masked, depth) else match[0]


def _decoded(text: str) -> str | None:
    whole = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(whole + "=" * (-len(whole) % 4), validate=True).decode()
    except (Error, UnicodeDecodeError):
        return None
