"""A document without what masks would hide, for what is written to a file and kept in Git. Pure.

Left out is each value that `mask` or `mask_lines` would show otherwise, whole: part of a credential
is one, too. What stands in its place is the caller's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.masking.lines import mask_lines
from reconciler.masking.names import MASK
from reconciler.masking.text import mask_text
from reconciler.masking.values import mask

Path = tuple[str | int, ...]
GONE: Any = object()
"""What `instead` answers where nothing is to stand."""

_BINDING = re.compile(r"\$\{\{\s*[\w.-]+\s*\}\}")
_KIND = re.compile(r"[a-z_]{1,20}")


def without_secrets(value: Any, instead: Callable[[Path, Any], Any], *, name: str = "") -> Any:
    """`value`, which stands under `name`, with `instead(path, secret)` for each secret in it.

    A binding, `${{ vars.x }}`, is none, and neither is the `type` or `mode` of an input under a
    secret name. A key that holds a credential is left out with its value, whatever `instead` says.
    """
    return _walked(value, mask(name, value), instead, ())


def _walked(value: Any, shown: Any, instead: Callable[[Path, Any], Any], path: Path) -> Any:
    if isinstance(value, Mapping):
        kept: dict[Any, Any] = {}
        for key, inner in value.items():
            place = (*path, mask_text(str(key)))
            if place[-1] != str(key):
                instead(place, inner)
                continue
            below = shown[key] if isinstance(shown, Mapping) else MASK
            found = _walked(inner, below, instead, place)
            if found is not GONE:
                kept[key] = found
        return kept
    if isinstance(value, list | tuple):
        items = shown if isinstance(shown, list) else [MASK] * len(value)
        walked = (
            _walked(inner, below, instead, (*path, at))
            for at, (inner, below) in enumerate(zip(value, items, strict=True))
        )
        return [inner for inner in walked if inner is not GONE]
    return instead(path, value) if _is_secret(value, shown, path) else value


def _is_secret(value: Any, shown: Any, path: Path) -> bool:
    if value is None:
        return False
    if not isinstance(value, str):
        return bool(value != shown)
    if _BINDING.fullmatch(value) or (
        path and path[-1] in ("type", "mode") and _KIND.fullmatch(value)
    ):
        return False
    lines = value.split("\n")
    return value != shown or mask_lines(lines) != lines
