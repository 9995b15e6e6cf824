"""A YAML text -> nodes with their places, for edits that touch nothing else. Pure.

The reader of declarations (`yaml_loader.py`) keeps values and no places, this keeps places alone:
what is written where, in which style, and where an alias stands for something written elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

from reconciler.declare.reading.yaml_loader import MAX_DEPTH


@dataclass(slots=True)
class Node:
    """One value. `start` and `end` are offsets into the text, `end` after its last character."""

    kind: Literal["scalar", "map", "seq", "alias"]
    start: int
    end: int
    flow: bool = False
    """Written between brackets; what is in it is, too."""
    style: str | None = None
    """Of a scalar: `'`, `"`, `|`, `>`, or None for a plain one."""
    text: str = ""
    anchored: bool = False
    entries: list[Entry] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def entry(self, key: str) -> Entry | None:
        """The entry of a mapping with that key; the last one where it stands twice."""
        return next((entry for entry in reversed(self.entries) if entry.key.text == key), None)


@dataclass(slots=True)
class Entry:
    """A key and its value."""

    key: Node
    value: Node


def read_tree(text: str) -> list[Node]:
    """The root of each document of a text that has been read without faults."""
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    roots: list[Node] = []
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            roots.append(_node(next(events), events, text, 0))
    return roots


def _node(event: Any, events: Iterator[Any], text: str, depth: int) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    if isinstance(event, yaml.AliasEvent):
        return Node("alias", start, end)
    anchored = event.anchor is not None
    if isinstance(event, yaml.ScalarEvent):
        if event.style in ("|", ">"):  # it ends with the line breaks behind it
            end = start + len(text[start:end].rstrip())
        return Node("scalar", start, end, style=event.style, text=event.value, anchored=anchored)
    if depth > MAX_DEPTH:
        raise ValueError("it is nested too deep")
    flow = bool(event.flow_style)
    if isinstance(event, yaml.SequenceStartEvent):
        node = Node("seq", start, end, flow, anchored=anchored)
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            node.items.append(_node(event, events, text, depth + 1))
        last = node.items[-1].end if node.items else end
    else:
        node = Node("map", start, end, flow, anchored=anchored)
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = _node(event, events, text, depth + 1)
            node.entries.append(Entry(key, _node(next(events), events, text, depth + 1)))
        last = end_of(text, node.entries[-1]) if node.entries else end
    # A block collection ends where the next thing begins: comments lie between.
    node.end = event.end_mark.index if flow else last
    return node


def after_colon(text: str, entry: Entry) -> int:
    """The offset after the colon of an entry. ValueError where it has none (`{x}`, `? x`)."""
    return text.index(":", entry.key.end, entry.value.start) + 1


def end_of(text: str, entry: Entry) -> int:
    """Where an entry ends: its value, its colon where it has none, or its key."""
    colon = text.find(":", entry.key.end, entry.value.start)
    return max(entry.value.end, colon + 1, entry.key.end)


def check_colons(text: str, node: Node) -> None:
    """ValueError where an entry anywhere in `node` has no colon of its own."""
    for entry in node.entries:
        after_colon(text, entry)
        check_colons(text, entry.value)
    for item in node.items:
        check_colons(text, item)
