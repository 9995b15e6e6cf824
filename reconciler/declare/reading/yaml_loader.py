"""The bytes of a YAML file -> its documents, as plain values; never an exception.

YAML is read as 1.2 with the JSON-compatible core schema: `on`, `no`, `18:30` and timestamps stay
text. The parser's events are consumed in one loop, without recursion, so that size, depth and
the cost of aliases are known before they are paid for: an alias counts as much as what it
stands for. Keys are text as written. Merge keys (`<<`) work, as they do for Azure's client.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from sys import intern
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.declare.reading.culprits import culprit

MAX_BYTES = 1 << 20
MAX_NODES = 100_000
MAX_DEPTH = 64

# libyaml where PyYAML was built with it (every wheel is); the pure parser gives the same events.
_Parser: Callable[[bytes], Any] = getattr(yaml, "CLoader", yaml.Loader)
_CORE = "tag:yaml.org,2002:"
LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What libyaml counts as the end of a line, so that numbers of lines agree."""


@dataclass(frozen=True, slots=True)
class Document:
    """One `---` document: its value, the line it starts on, and which of the file it is."""

    data: Any
    line: int
    index: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that keeps a file, or a part of it, from being read."""

    code: str
    message: str
    line: int = 1
    column: int = 1
    end_column: int | None = None
    hint: str | None = None


class _Stop(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


@dataclass(slots=True)
class Marks:
    """Where keys and values stand: by (document, path), (line, column, end column or None)."""

    keys: dict[tuple[int, tuple[str | int, ...]], tuple[int, int, int | None]] = field(
        default_factory=dict
    )
    values: dict[tuple[int, tuple[str | int, ...]], tuple[int, int, int | None]] = field(
        default_factory=dict
    )


def parse(data: bytes, marks: Marks | None = None) -> tuple[list[Document], list[Fault]]:
    """Every document that could be read, and every fault, in order. Fills `marks` if given."""
    if len(data) > MAX_BYTES:
        return [], [
            Fault(
                "SCH003",
                f"the file is larger than {MAX_BYTES // 1024} KiB",
                hint="split it: a file may hold one schedule or several, and a folder many files",
            )
        ]
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return [], [_not_utf8(data, error)]
    builder = _Builder(marks)
    try:
        builder.run(_Parser(data))
    except _Stop as stop:
        builder.faults.append(stop.fault)
    except yaml.MarkedYAMLError as error:
        builder.faults.append(_syntax(data, error))
    except yaml.reader.ReaderError as error:
        builder.faults.append(_unreadable_character(data, error))
    return builder.documents, builder.faults


_MISSING: Any = object()
_MERGE: Any = object()
_OPEN: Any = object()


class _Builder:
    """Events -> documents. One frame for each open collection:
    (container, pending key, anchor, nodes before it, merged mappings, path).
    """

    def __init__(self, marks: Marks | None) -> None:
        self.documents: list[Document] = []
        self.faults: list[Fault] = []
        self.marks = marks

    def run(self, parser: Any) -> None:  # one loop: a call for each event would double the cost
        get = parser.get_event
        marks = self.marks
        known = _KNOWN.get
        stack: list[tuple[Any, Any, str | None, int, list[Any] | None, Any]] = []
        heights: list[int] = [0]
        anchors: dict[str, tuple[Any, int, int]] = {}
        nodes = 0
        container: Any = None
        key: Any = _MISSING
        anchor: str | None = None
        begun = 0
        merges: list[Any] | None = None
        path: tuple[str | int, ...] = ()
        root: Any = None
        line = 1
        while True:
            event = get()
            cls = event.__class__
            nodes += 1
            if nodes > MAX_NODES:
                raise _Stop(_too_many(event))
            value: Any
            if cls is ScalarEvent:
                value = event.value
                if key is _MISSING and container.__class__ is dict:
                    if value in container or value == "<<" or event.tag is not None:
                        key = self._key(event, container)
                    else:
                        key = intern(value)
                    if marks is not None and key is not _MERGE:
                        marks.keys[len(self.documents), (*path, key)] = _span(event)
                    if event.anchor is not None:
                        anchors[event.anchor] = (key, 0, 0)
                    continue
                if event.implicit[0]:
                    value = known(text := value, _OPEN)
                    if value is _OPEN:
                        value = resolve_plain(text)
                    if value is _MISSING:
                        value = self._bad_number(event)
                elif event.tag is not None and event.tag != "!":
                    value = self._tagged(event)
                if event.anchor is not None:
                    anchors[event.anchor] = (value, 0, 0)
            elif cls is MappingEndEvent or cls is SequenceEndEvent:
                value = container
                if merges is not None:
                    for merged in merges:
                        for name, inherited in merged.items():
                            value.setdefault(name, inherited)
                height = heights.pop() + 1
                if anchor is not None:
                    anchors[anchor] = (value, nodes - begun, height)
                container, key, anchor, begun, merges, path = stack.pop()
                if height > heights[-1]:
                    heights[-1] = height
            elif cls is MappingStartEvent or cls is SequenceStartEvent:
                if key is _MISSING and container.__class__ is dict:
                    raise _Stop(_collection_as_key(event))
                if len(stack) >= MAX_DEPTH:
                    raise _Stop(_fault("SCH003", f"nested deeper than {MAX_DEPTH} levels", event))
                if event.tag is not None and event.tag not in _COLLECTION_TAGS[cls]:
                    self.faults.append(_bad_tag(event))
                if not stack:
                    # The first key, not a `---` or comments before it, is what people look for.
                    line = event.start_mark.line + 1
                stack.append((container, key, anchor, begun, merges, path))
                heights.append(0)
                if marks is not None:
                    path = _step(path, container, key)
                    marks.values.setdefault((len(self.documents), path), _span(event))
                container = {} if cls is MappingStartEvent else []
                key, anchor, begun, merges = _MISSING, event.anchor, nodes, None
                if anchor is not None:
                    anchors[anchor] = (_OPEN, 0, 0)
                continue
            elif cls is AliasEvent:
                if key is _MISSING and container.__class__ is dict:
                    raise _Stop(_fault("SCH007", "a key must be text, not an alias", event))
                value, size, height = self._alias(event, anchors)
                nodes += size
                if nodes > MAX_NODES:
                    raise _Stop(_too_many(event))
                if len(stack) + height > MAX_DEPTH:
                    raise _Stop(_fault("SCH003", f"nested deeper than {MAX_DEPTH} levels", event))
                if height > heights[-1]:
                    heights[-1] = height
            elif cls is DocumentStartEvent:
                root, anchors, heights, line = None, {}, [0], event.start_mark.line + 1
                continue
            elif cls is DocumentEndEvent:
                self.documents.append(Document(root, line, len(self.documents)))
                continue
            elif cls is StreamEndEvent:
                return
            else:  # stream start
                continue
            # a value is complete: hand it to what holds it
            if marks is not None and cls is not MappingEndEvent and cls is not SequenceEndEvent:
                marks.values.setdefault(
                    (len(self.documents), _step(path, container, key)), _span(event)
                )
            if container is None:
                root = value
            elif container.__class__ is list:
                container.append(value)
            elif key is _MERGE:
                merges = merges if merges is not None else []
                merges.extend(_mappings(value, event))
                key = _MISSING
            else:
                container[key] = value
                key = _MISSING

    def _key(self, event: Any, container: dict[str, Any]) -> Any:
        """The text of a key; a repeated one is a fault, and the later value is kept."""
        value = event.value
        if event.tag is not None and event.tag not in _KEY_TAGS:
            self.faults.append(_bad_tag(event))
        if value == "<<" and event.implicit[0]:
            return _MERGE
        if value in container:
            self.faults.append(
                _fault("SCH006", f'the key "{_short(value)}" stands twice in this mapping', event)
            )
        return intern(value)

    @staticmethod
    def _alias(event: Any, anchors: dict[str, tuple[Any, int, int]]) -> tuple[Any, int, int]:
        found = anchors.get(event.anchor)
        # The name is not said: it may be a password that begins with an asterisk.
        if found is None:
            hint = "quote a value that begins with *"
            raise _Stop(_fault("SCH007", "no anchor of this name stands before it", event, hint))
        if found[0] is _OPEN:
            raise _Stop(_fault("SCH007", "the alias stands inside what it stands for", event))
        return found

    def _bad_number(self, event: Any) -> Any:
        self.faults.append(
            _fault(
                "SCH007",
                "the number is too large, or is infinite or not a number",
                event,
                hint="quote it if it is text",
            )
        )
        return 0

    def _tagged(self, event: Any) -> Any:
        """A scalar with an explicit tag: only those of the core schema."""
        tag, value = event.tag, event.value
        if tag == _CORE + "str":
            return value
        resolved = resolve_plain(value)
        wanted = {"int": int, "float": float, "bool": bool, "null": type(None)}.get(
            tag.removeprefix(_CORE)
        )
        if wanted is float and type(resolved) is int:
            resolved = float(resolved)
        if wanted is None or type(resolved) is not wanted:
            self.faults.append(_bad_tag(event))
        return resolved if resolved is not _MISSING else value


_KEY_TAGS = (_CORE + "str", "!")
_COLLECTION_TAGS = {
    MappingStartEvent: (_CORE + "map", "!"),
    SequenceStartEvent: (_CORE + "seq", "!"),
}


# ------------------------------------------------------------------------------- plain scalars

_NULLS = ("", "~", "null", "Null", "NULL")
_KNOWN: dict[str, Any] = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SPECIAL = frozenset(
    sign + word
    for word in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN")
    for sign in (("", "+", "-") if word.lower() == ".inf" else ("",))
)
_MAYBE_NUMBER = frozenset("0123456789+-.")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
# JSON numbers elsewhere (the plan, SQLite, Azure) are 64-bit.
_LARGEST = 2**63


def resolve_plain(text: str) -> Any:
    """A plain scalar by the YAML 1.2 core schema; _MISSING: a number that cannot be held."""
    value = _KNOWN.get(text, _OPEN)
    if value is not _OPEN:
        return value
    value = _number(text) if text[0] in _MAYBE_NUMBER else text
    if len(text) < 64 and len(_KNOWN) < 20_000:
        _KNOWN[text] = value
    return value


def _number(text: str) -> Any:
    if _INT.match(text):
        if len(text) > 20:
            return _MISSING
        number = int(text)
        return number if -_LARGEST <= number < _LARGEST else _MISSING
    if _BASED.match(text):
        if len(text) > 25:
            return _MISSING
        number = int(text[2:], 8 if text[1] == "o" else 16)
        return number if number < _LARGEST else _MISSING
    if _FLOAT.match(text):
        real = float(text)
        return real if math.isfinite(real) else _MISSING
    return _MISSING if text in _SPECIAL else text


# -------------------------------------------------------------------------------------- faults

_HINTS = (
    (
        "mapping values are not allowed",
        'quote a value that holds ": "; the lines of one mapping start in the same column',
    ),
    ("could not find expected ':'", "a key needs a colon and a space after it"),
    ("expected <block end>", "the lines of one mapping start in the same column"),
    ("found unexpected end of stream", "a quote or a bracket is not closed"),
    ("did not find expected ',' or", "a bracket is not closed, or a comma is missing"),
    ("did not find expected node content", "a bracket is not closed, or a value is missing"),
    ("did not find expected key", "the lines of one mapping start in the same column"),
    ("expected alphabetic or numeric character", "quote a value that starts with * or &"),
    ("found unknown escape character", 'write \\\\ for a backslash between "double quotes"'),
    ("cannot start any token", "quote a value that starts with @, `, % or another sign"),
)


def _syntax(data: bytes, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    message = error.problem or error.context or "not readable as YAML"
    if error.context and error.problem and error.context_mark:
        message = f"{error.problem} ({error.context} from line {error.context_mark.line + 1})"
    hint = next((hint for sign, hint in _HINTS if sign in message), None)
    if mark is None:
        return Fault("SCH005", f"not valid YAML: {message}", hint=hint)
    if "unexpected end of stream" in message:
        mark = error.context_mark or mark  # where it begins tells more than the end of the file
    text = data.decode("utf-8-sig")
    lines, written = LINE_BREAK.split(text), LINE_BREAK.split(text.rstrip())
    found = culprit(lines, mark.line + 1)
    if found is not None:
        line_on, begins, ends, message, hint = found
        return Fault("SCH005", f"not valid YAML: {message}", line_on, begins, ends, hint)
    line = lines[mark.line] if mark.line < len(lines) else ""
    before, after = line[: mark.column], line[mark.column :]
    if mark.line >= len(written) and not after and written[-1]:
        # At the end of the file: what is written last shows more.
        place = len(written), len(written[-1])
        return Fault("SCH005", f"not valid YAML: {message}", *place, None, hint)
    if after.startswith("\t"):
        hint = "indent with spaces; YAML does not take tabs"
    elif before.endswith("$") and after.startswith("{{"):
        hint = 'quote a variable inside { } or [ ]: "${{ vars.NAME }}"'
    return Fault("SCH005", f"not valid YAML: {message}", mark.line + 1, mark.column + 1, None, hint)


def _unreadable_character(data: bytes, error: yaml.reader.ReaderError) -> Fault:
    line, column = _line_and_column(data, error.position)
    return Fault("SCH005", f"not valid YAML: {error.reason}", line, column)


def _not_utf8(data: bytes, error: UnicodeDecodeError) -> Fault:
    line, column = _line_and_column(data, error.start)
    hint = "save it as UTF-8"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        hint = "it looks like UTF-16; save it as UTF-8"
    return Fault("SCH004", "the file is not UTF-8", line, column, None, hint)


def _line_and_column(data: bytes, offset: int) -> tuple[int, int]:
    lines = LINE_BREAK.split(data[:offset].decode("utf-8-sig", "replace"))
    return len(lines), len(lines[-1]) + 1


def _too_many(event: Any) -> Fault:
    return _fault(
        "SCH003",
        f"the file holds more than {MAX_NODES:,} values, counting what its aliases stand for",
        event,
    )


def _collection_as_key(event: Any) -> Fault:
    hint = "quote a value that starts with { or ["
    return _fault("SCH007", "a key must be text, not a collection", event, hint)


def _bad_tag(event: Any) -> Fault:
    return _fault(
        "SCH007",
        "the tag is not known, or does not fit its value",
        event,
        hint="remove it, or quote a value that begins with !: only YAML's plain types are read",
    )


def _mappings(value: Any, event: Any) -> list[dict[str, Any]]:
    """What a merge key merges; `event` ends it."""
    mappings = value if isinstance(value, list) else [value]
    if not all(isinstance(mapping, dict) for mapping in mappings):
        raise _Stop(_fault("SCH007", "only mappings can be merged with <<", event))
    return mappings


def _fault(code: str, message: str, event: Any, hint: str | None = None) -> Fault:
    line, column, end = _span(event)
    return Fault(code, message, line, column, end, hint)


def _span(event: Any) -> tuple[int, int, int | None]:
    start, end = event.start_mark, event.end_mark
    same_line = end.line == start.line and end.column > start.column
    return start.line + 1, start.column + 1, end.column + 1 if same_line else None


def _step(path: tuple[str | int, ...], container: Any, key: Any) -> tuple[str | int, ...]:
    if container is None:
        return path
    if container.__class__ is list:
        return (*path, len(container))
    return (*path, "<<" if key is _MERGE else key)


def _short(text: str) -> str:
    """A name from a file, fit for a message."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text[:60])
    return clean + ("..." if len(text) > 60 else "")
