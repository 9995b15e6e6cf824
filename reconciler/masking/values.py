"""Values under names, as they may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.masking.names import MASK, is_secret
from reconciler.masking.text import mask_text

NAMING = ("name", "key", "variable", "env", "parameter", "option")
"""Keys whose value is the name of what stands beside it: `{name: DB_PASSWORD, value: x}`."""
NAMED = ("value", "values", "default", "content")
_NAMED = frozenset(NAMED)


def mask(name: str, value: Any) -> Any:
    """`value` as it may be shown under `name`, masked at any depth. None stays None."""
    if value is None:
        return None
    if isinstance(value, str):
        return MASK if is_secret(name) else mask_text(value)
    kind = value.__class__
    if kind is int or kind is float or kind is bool:  # before what asks each for its bases
        return MASK if is_secret(name) else value
    if kind is dict or isinstance(value, Mapping):
        # A mapping under a secret name is a data input or the like: all that it holds is masked.
        inner = is_secret(name)
        named = not inner and not _NAMED.isdisjoint(value) and _names_a_secret(value)
        return {
            k: MASK if v is not None and (inner or (named and k in NAMED)) else mask(str(k), v)
            for k, v in value.items()
        }
    if is_secret(name):
        return MASK
    if isinstance(value, (list, tuple)):
        return list(_items(value))
    return value


def _names_a_secret(mapping: Mapping[Any, Any]) -> bool:
    names = (mapping.get(key) for key in NAMING)
    return any(isinstance(name, str) and is_secret(name) for name in names)


def _items(items: Sequence[Any]) -> Iterator[Any]:
    """Of a list; what follows `--password` in one of arguments is masked too."""
    before: Any = None
    for item in items:
        is_value = isinstance(item, str | int | float) and not str(item).startswith("-")
        yield MASK if is_value and _is_option(before) else mask("", item)
        before = item


def _is_option(item: Any) -> bool:
    if not isinstance(item, str) or not item.startswith("-"):
        return False
    return "=" not in item and " " not in item and is_secret(item)
