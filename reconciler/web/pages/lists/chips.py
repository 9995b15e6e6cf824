"""Filters as chips, and columns that sort: links whose addresses hold all that is chosen. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.web.template_filters import query

Values = Mapping[str, str]
Option = tuple[str, str, int | None]
"""A value, its words, and how many there are of it, if that is known."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is chosen, or can be. `address`: where choosing it, or leaving it, leads."""

    words: str
    address: str
    chosen: bool
    number: int | None


@dataclass(frozen=True, slots=True)
class ChipGroup:
    """The chips of one key, of which one is chosen at most."""

    label: str
    chips: tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A head of a table. `address` None: it sorts by nothing. `order`: as of aria-sort."""

    label: str
    address: str | None
    order: str


def chip_group(
    path: str, values: Values, key: str, label: str, options: Iterable[Option]
) -> ChipGroup:
    """The chips for `key` of the query `values`; another filter begins at its first page."""
    chips = []
    for value, words, number in options:
        chosen = values.get(key) == value
        address = path + query(values, **{key: "" if chosen else value})
        chips.append(Chip(words, address, chosen, number))
    return ChipGroup(label, tuple(chips))


def columns(path: str, values: Values, heads: Iterable[tuple[str, str | None]]) -> list[Column]:
    """The heads of a table: a label and what it sorts by. Chosen again it sorts the other way."""
    made = []
    chosen = values.get("sort") or ""
    for label, key in heads:
        if key is None:
            made.append(Column(label, None, "none"))
            continue
        turned = f"-{key}" if chosen == key else key
        order = {key: "ascending", f"-{key}": "descending"}.get(chosen, "none")
        made.append(Column(label, path + query(values, sort=turned), order))
    return made
