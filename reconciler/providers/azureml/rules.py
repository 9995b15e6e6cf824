"""The comparison rules of `rules.yaml`, applied: properties as sent or read -> one form. Pure.

The table is the whole of what is known about how the service rewrites what it is sent; nothing
else in this package knows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from reconciler.document import scalar_text
from reconciler.firing.clocks import zones
from reconciler.providers.azureml.durations import duration_seconds, iso_duration

_GONE: Any = object()
_WILD = frozenset(("*", "**"))


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    field: tuple[str, ...]
    rule: str
    values: tuple[Any, ...]
    reason: str


@cache
def words() -> Mapping[str, Mapping[str, Any]]:
    """The second table: for each kind of word, that of a file -> that of the wire."""
    second: Mapping[str, Mapping[str, Any]] = _documents()[1]
    return second


@cache
def _documents() -> tuple[Any, Any]:
    text = files(__package__).joinpath("rules.yaml").read_text(encoding="utf-8")
    first, second = yaml.safe_load_all(text)
    return first, second


@cache
def rules() -> tuple[Rule, ...]:
    """The table, in order."""
    return tuple(
        Rule(
            tuple(row["field"].split(".")),
            row["rule"],
            tuple(row.get("values", ())),
            row["reason"],
        )
        for row in _documents()[0]
    )


@cache
def _changes() -> tuple[tuple[tuple[str, ...], bool, Callable[[Any], Any]], ...]:
    """Of each rule its field, whether that leads to one place at most, and what it does there."""
    return tuple(
        (rule.field, _WILD.isdisjoint(rule.field), _CHANGES[rule.rule](rule)) for rule in rules()
    )


def normalize(properties: dict[str, Any]) -> dict[str, Any]:
    """`properties` of a schedule in the form that is compared; the argument is left as it is."""
    normal = _copy(properties)
    for field, plain, change in _changes():
        places = _place(normal, field) if plain else list(_places(normal, field))
        for holder, key in places:
            value = change(holder[key])
            if value is not _GONE:
                holder[key] = value
            elif isinstance(holder, dict):
                del holder[key]
    done: dict[str, Any] = normal
    return done


def _place(value: Any, field: tuple[str, ...]) -> Sequence[tuple[Any, Any]]:
    """What `_places` finds of a path without wildcards."""
    for name in field[:-1]:
        value = value.get(name) if isinstance(value, dict) else None
    last = field[-1]
    return ((value, last),) if isinstance(value, dict) and last in value else ()


def _places(value: Any, field: tuple[str, ...]) -> Iterator[tuple[Any, Any]]:
    """(holder, key) of each place that a path leads to; the innermost first."""
    first, rest = field[0], field[1:]
    if first == "**":
        for _, inner in _members(value):
            yield from _places(inner, field)
        yield from _places(value, rest)
        return
    if first != "*" and isinstance(value, dict):
        if first in value:
            if rest:
                yield from _places(value[first], rest)
            else:
                yield value, first
        return
    for key, inner in _members(value):
        if first in ("*", key):
            if rest:
                yield from _places(inner, rest)
            else:
                yield value, key


def _members(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _ignore(rule: Rule) -> Callable[[Any], Any]:
    return lambda value: _GONE


def _lower(rule: Rule) -> Callable[[Any], Any]:
    return lambda value: value.lower() if isinstance(value, str) else value


def _set(rule: Rule) -> Callable[[Any], Any]:
    def unique(value: Any) -> Any:
        return sorted(set(value), key=str) if isinstance(value, list) else value

    return unique


def _moment(rule: Rule) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return value
        return moment.replace(tzinfo=None).isoformat()

    return read


def _zone(rule: Rule) -> Callable[[Any], Any]:
    return lambda value: (zones.resolve(value) or value) if isinstance(value, str) else value


def _duration(rule: Rule) -> Callable[[Any], Any]:
    def written(value: Any) -> Any:
        seconds = duration_seconds(value)
        return iso_duration(seconds) if seconds != value else value

    return written


def _text(rule: Rule) -> Callable[[Any], Any]:
    def written(value: Any) -> Any:
        if isinstance(value, bool):
            return str(value)  # Python's, as Microsoft's client sends it
        return scalar_text(value) if isinstance(value, int | float) else value

    return written


def _absent(rule: Rule) -> Callable[[Any], Any]:
    return lambda value: _GONE if value in rule.values else value


def _empty(rule: Rule) -> Callable[[Any], Any]:
    return _without_empty


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_empty(inner) for key, inner in value.items()}
        kept = {key: inner for key, inner in kept.items() if inner is not _GONE}
        return kept or _GONE
    if isinstance(value, list):
        items = [_without_empty(inner) for inner in value]
        return [item for item in items if item is not _GONE] or _GONE
    return _GONE if value is None else value


_CHANGES: dict[str, Callable[[Rule], Callable[[Any], Any]]] = {
    "ignore": _ignore,
    "lower": _lower,
    "set": _set,
    "moment": _moment,
    "zone": _zone,
    "duration": _duration,
    "text": _text,
    "absent": _absent,
    "empty": _empty,
}
