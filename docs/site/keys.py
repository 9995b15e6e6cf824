"""A JSON schema -> a page of its keys: a table for each mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]

_PARTS = ("then", "else")
_DEEPEST = 8


@dataclass(frozen=True)
class Table:
    """One mapping: `path` is where it stands, such as `trigger.schedule`, `rows` its keys."""

    path: str
    words: str
    rows: dict[str, Node]
    required: dict[str, str]
    """Key -> when it has to stand there: empty for always, else `for cron`."""


def keys_page(schema: Node, title: str, start: str) -> str:
    """The page: `start` stands below the heading."""
    lines = [f"# {title}", "", start, ""]
    for table in _tables(schema, schema, "", ()):
        if table.path:
            lines += [f"## `{table.path}`", ""]
        if table.words:
            lines += [_cell(table.words).replace("\\|", "|"), ""]
        lines += ["| key | value | default | what it is |", "|---|---|---|---|"]
        lines += [_row(schema, table, key, node) for key, node in table.rows.items()]
        lines.append("")
    return "\n".join(lines)


def _row(schema: Node, table: Table, key: str, node: Node) -> str:
    whole = _whole(schema, node)
    when = table.required.get(key)
    name = f"`{key}`" + ("" if when is None else f" (required{when and ' ' + when})")
    default = f"`{json.dumps(whole['default'])}`" if "default" in whole else ""
    words = _cell(_text(whole))
    examples = ", ".join(f"`{_example(one)}`" for one in whole.get("examples", ()))
    if examples:
        words += f" Example: {_cell(examples)}"
    return f"| {name} | {_cell(_value(schema, whole))} | {default} | {words} |"


def _text(node: Node) -> str:
    return str(node.get("description", ""))


def _example(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _tables(schema: Node, node: Node, path: str, above: tuple[int, ...]) -> Iterator[Table]:
    """The mapping itself, and those below it; one that holds itself is shown once."""
    whole = _whole(schema, node)
    if id(node) in above or len(above) > _DEEPEST:
        return
    above = (*above, id(node))
    rows, required = _fields(schema, whole)
    if rows:
        yield Table(path, _text(whole) if path else "", rows, required)
    for key, below in rows.items():
        yield from _tables(schema, below, f"{path}.{key}" if path else key, above)
    for word, suffix in (("items", "[]"), ("additionalProperties", ".NAME")):
        below = whole.get(word)
        if isinstance(below, dict):
            yield from _tables(schema, below, f"{path}{suffix}", above)


def _fields(schema: Node, node: Node) -> tuple[dict[str, Node], dict[str, str]]:
    """The keys of a mapping, those of its conditions and choices included; which are required."""
    rows: dict[str, Node] = dict(node.get("properties", {}))
    required = dict.fromkeys(node.get("required", ()), "")
    parts = [(part, "") for part in node.get("allOf", ())]
    parts += [(part, None) for part in node.get("anyOf", ())]
    parts += [(node[word], _condition(node, word)) for word in _PARTS if word in node]
    for part, when in parts:
        more, wanted = _fields(schema, _whole(schema, part))
        for key, below in more.items():
            rows.setdefault(key, below)
        if when is not None:
            for key, also in wanted.items():
                required.setdefault(key, also or when)
    return rows, required


def _condition(node: Node, word: str) -> str | None:
    """In words, when a part of a condition holds; empty for where there is a mapping at all."""
    test = node["if"]
    kind = test.get("properties", {}).get("type", {})
    name = kind.get("const") or kind.get("pattern", "").removeprefix("^(").partition("|")[0]
    if word == "then" and name:
        return f"for {name}"
    return "" if word == "then" and test.get("type") == "object" else None


def _whole(schema: Node, node: Node) -> Node:
    """With what it refers to; what stands beside a reference goes before it."""
    while "$ref" in node:
        found = schema
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = {**found, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _value(schema: Node, node: Node) -> str:
    """What may stand there, in words."""
    if "x-expected" in node:
        return str(node["x-expected"])
    if "enum" in node:
        return " / ".join("null" if one is None else f"`{one}`" for one in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    if "anyOf" in node and "type" not in node:
        return ", or ".join(_value(schema, _whole(schema, one)) for one in node["anyOf"])
    types = node.get("type", "anything")
    names = [types] if isinstance(types, str) else types
    words = {"object": "mapping", "array": "list", "string": "text", "integer": "whole number"}
    said = ", ".join(words.get(name, name) for name in names)
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        said += f", {low} to {high}"
    elif low is not None:
        said += f", at least {low}"
    return said
