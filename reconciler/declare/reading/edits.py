"""A declaration's bytes and the values that are to change -> its bytes, all else as it was. Pure.

Only the lines that hold a changed value are touched: comments, order, quotes, indentation, line
ends, a byte order mark and a missing line end at the end stay. What was written is read again: if
anything but the values meant is another, or if it can be done in no way that keeps it so (a value
that other places share by an anchor, for one), EditError is raised and nothing is returned.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from reconciler.declare.reading.scalars import block, inline, key
from reconciler.declare.reading.yaml_loader import parse
from reconciler.declare.reading.yaml_nodes import (
    Entry,
    Node,
    after_colon,
    check_colons,
    end_of,
    read_tree,
)

Path = tuple[str, ...]
REMOVE: Final = object()
"""As the value of an edit: the key goes, and every mapping that it leaves empty."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`value` at `path` of a document; mappings on the way are made where there are none."""

    path: Path
    value: Any


class EditError(Exception):
    """The file cannot be edited without changing anything else; the message says why."""


def edit(data: bytes, document: int, edits: Sequence[Edit]) -> bytes:
    """`data` with the edits made in one of its documents, from 0. EditError."""
    for one in edits:
        data = _edit(data, document, one)
    return data


def _edit(data: bytes, document: int, one: Edit) -> bytes:
    before, faults = parse(data)
    if faults:
        raise EditError("the file cannot be read")
    if not isinstance(before[document].data, dict):
        raise EditError("the document is not a mapping")
    wanted = [changed(d.data, one) if d.index == document else d.data for d in before]
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    whole = data[len(mark) :].decode("utf-8")
    if _alike(wanted, [d.data for d in before]):
        return data
    name = ".".join(one.path)
    try:
        root = read_tree(whole)[document]
        check_colons(whole, root)
        for start, end, new in _Editor(whole).attempts(root, one.path, one.value):
            edited = mark + (whole[:start] + new + whole[end:]).encode("utf-8")
            after, faults = parse(edited)
            if not faults and _alike(wanted, [d.data for d in after]):
                return edited
    except (yaml.YAMLError, ValueError) as error:
        raise EditError("the file is written in a way that is not edited") from error
    hint = " (anchors, aliases and merge keys share values)" if "&" in whole else ""
    raise EditError(f'"{name}" cannot be edited without changing more than it{hint}')


def changed(data: Mapping[str, Any], one: Edit) -> dict[str, Any]:
    """What the document is after an edit."""
    made = dict(data)
    name, rest = one.path[0], one.path[1:]
    if rest:
        inner = made.get(name)
        if not isinstance(inner, dict):
            if one.value is REMOVE:
                return made
            inner = {}
        made[name] = changed(inner, Edit(rest, one.value))
        if one.value is REMOVE and not made[name] and inner:
            del made[name]
    elif one.value is REMOVE:
        made.pop(name, None)
    else:
        made[name] = one.value
    return made


def _alike(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1, 1.0 and True differ."""
    dumps = json.dumps
    return dumps(one, sort_keys=True, default=str) == dumps(other, sort_keys=True, default=str)


Patch = tuple[int, int, str]
"""Offsets of what goes, and what stands there instead."""


class _Editor:
    """The text of one file, and the ways to change it."""

    def __init__(self, whole: str) -> None:
        self.whole = whole
        self.newline = "\r\n" if "\r\n" in whole else "\n"

    def attempts(self, root: Node, path: Path, value: Any) -> Iterator[Patch]:
        """Ways to make one edit, the most natural first; none where there is no safe one."""
        mapping, above = root, list[tuple[Node, str]]()
        for depth, name in enumerate(path[:-1]):
            entry = mapping.entry(name)
            if entry is None or entry.value.kind != "map":
                if value is not REMOVE:
                    yield from self._put(root, mapping, name, nested(path[depth + 1 :], value))
                return
            above.append((mapping, name))
            mapping = entry.value
        name = path[-1]
        if value is not REMOVE:
            yield from self._put(root, mapping, name, value)
        elif mapping.entry(name) is not None:
            while len(mapping.entries) == 1 and above:
                mapping, name = above.pop()
            yield from self._removed(mapping, name)

    def _put(self, root: Node, mapping: Node, name: str, value: Any) -> Iterator[Patch]:
        entry = mapping.entry(name)
        if entry is None:
            yield from self._inserted(root, mapping, name, value)
        else:
            yield from self._replaced(mapping, entry, value)

    # ------------------------------------------------------------------------------- replacing

    def _replaced(self, mapping: Node, entry: Entry, value: Any) -> Iterator[Patch]:
        old = entry.value
        quote = _quote(mapping)
        if old.kind == "scalar" and old.style in ("'", '"'):
            quote = old.style
        if (
            mapping.flow
            or old.flow
            or (old.kind in ("scalar", "alias") and old.style not in _BLOCK)
        ):
            blank = " " if old.start == old.end else ""
            start = after_colon(self.whole, entry) if blank else old.start
            yield start, max(start, old.end), blank + inline(value, quote)
            return
        if old.kind == "seq" and isinstance(value, list) and value:
            column = self._column(old.start)
            lines = (f"- {inline(item, quote)}" for item in value)
            yield old.start, old.end, f"{self.newline}{' ' * column}".join(lines)
            return
        start = after_colon(self.whole, entry)
        if old.style in _BLOCK:
            yield start, old.end, " " + inline(value, quote)
            return
        # Below the key: what stands behind the colon is blank or a comment.
        line = self._line_end(start)
        column = self._column(entry.key.start)
        step = max(self._column(old.start) - column, 1)
        if isinstance(value, Mapping) and value:
            below = block(value, column, step, self.newline)
            yield line, old.end, below
        comment = self.whole[start:line]
        yield start, old.end, f" {inline(value, quote)}{comment}".rstrip()

    # ------------------------------------------------------------------------------- inserting

    def _inserted(self, root: Node, mapping: Node, name: str, value: Any) -> Iterator[Patch]:
        quote = _quote(mapping)
        if mapping.flow:
            entry = f"{key(name, quote)}: {inline(value, quote)}"
            if not mapping.entries:
                yield mapping.start, mapping.end, "{" + entry + "}"
                return
            last = mapping.entries[-1]
            first = self.whole[self._line_start(last.key.start) : last.key.start]
            between = f",{self.newline}{first}" if first and not first.strip() else ", "
            yield last.value.end, last.value.end, between + entry
            return
        first_key, last_value = mapping.entries[0].key, mapping.entries[-1].value
        column = self._column(first_key.start)
        entry = f"{' ' * column}{key(name)}:{block(value, column, self._step(root), self.newline)}"
        at = self._line_end(max(last_value.end, end_of(self.whole, mapping.entries[-1])))
        yield at, at, self.newline + entry
        # Behind a text that keeps its line ends nothing can be put; before the first key it can.
        yield first_key.start, first_key.start, entry.lstrip() + self.newline + " " * column

    def _step(self, root: Node) -> int:
        """By how much the file indents."""
        for entry in root.entries:
            if entry.value.kind == "map" and not entry.value.flow and entry.value.entries:
                step = self._column(entry.value.entries[0].key.start) - self._column(root.start)
                if step > 0:
                    return step
        return 2

    # -------------------------------------------------------------------------------- removing

    def _removed(self, mapping: Node, name: str) -> Iterator[Patch]:
        names = [entry.key.text for entry in mapping.entries]
        index = len(names) - 1 - names[::-1].index(name)
        entry = mapping.entries[index]
        last = index == len(mapping.entries) - 1
        if mapping.flow:
            if len(mapping.entries) == 1:
                yield mapping.start + 1, mapping.end - 1, ""
            elif last:
                yield mapping.entries[index - 1].value.end, entry.value.end, ""
            else:
                yield entry.key.start, mapping.entries[index + 1].key.start, ""
            return
        end = self._line_end(end_of(self.whole, entry))
        start = self._line_start(entry.key.start)
        if self.whole[start : entry.key.start].strip():
            return  # behind a `- ` or `--- `: not a line of its own
        if end < len(self.whole):
            yield start, end + len(self._newline_at(end)), ""
        else:  # the last line has no line end, and the one before it gets none
            yield max(start - len(self._newline_before(start)), 0), end, ""

    # ---------------------------------------------------------------------------------- places

    def _line_start(self, at: int) -> int:
        return self.whole.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """The offset of the line end behind `at`, or the end of the text."""
        found = self.whole.find("\n", at)
        if found < 0:
            return len(self.whole)
        return found - 1 if self.whole[found - 1 : found] == "\r" and found > at else found

    def _newline_at(self, at: int) -> str:
        return "\r\n" if self.whole.startswith("\r\n", at) else "\n"

    def _newline_before(self, at: int) -> str:
        return "\r\n" if self.whole.endswith("\r\n", 0, at) else "\n"

    def _column(self, at: int) -> int:
        return at - self._line_start(at)


_BLOCK = ("|", ">")


def _quote(mapping: Node) -> str | None:
    """`"` where the keys of a mapping are quoted, as in JSON."""
    return '"' if mapping.entries and mapping.entries[0].key.style == '"' else None


def nested(path: Path, value: Any) -> Any:
    """`value` in as many mappings as `path` is long."""
    for name in reversed(path):
        value = {name: value}
    return value
