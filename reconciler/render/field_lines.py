"""A field that differs -> lines to show it by: from a field of the plan document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from reconciler.masking import MASK
from reconciler.render.plain_text import clip, clip_pair, counted, inert, printable, value

Line = tuple[str, str]
"""A mark (`-`, `+`, or a space for what stays), or a name; and printable text."""
_COLUMNS = 300
_LINES = 40
_AROUND = 2
_WIDE = 80
_SAID = ("trigger", "is_enabled")
_JOB = "create_job.job"
_PLAIN = frozenset([str, int, float, bool, list])
"""Of most values it need not be asked whether they are mappings."""


def name_of(field: Mapping[str, Any]) -> str:
    """The path of a field as people write it, printable: `trigger.schedule.hours`."""
    return clip(printable(".".join(field["path"])), _COLUMNS)


def is_short(field: Mapping[str, Any]) -> bool:
    """Whether both values are read best on a line each."""
    return not any(_is_long(part) for part in (field["before"], field["after"]))


def lines_of(field: Mapping[str, Any]) -> list[Line]:
    """Both values: on a line each, or what differs between their lines where they are long."""
    before, after = field["before"], field["after"]
    if value(before) == value(after):
        return [(" ", value(after)), (" ", "(they differ in what is masked)")]
    if not is_short(field):
        return list(_differences(_split(before), _split(after)))
    pair = clip_pair(value(before), value(after), _COLUMNS)
    wanted = zip("-+", pair, (before, after), strict=True)
    return [(mark, text) for mark, text, content in wanted if content is not None]


def facts_of(schedule: Mapping[str, Any]) -> list[Line]:
    """Everything that a schedule says but its name: printable paths, and values on a line each."""
    return [(path, text) for path, text in _flat(schedule, "") if path != "name"]


def unsaid(schedule: Mapping[str, Any]) -> list[Line]:
    """The facts that are not said in words beside it: when it fires, what it runs, whether."""
    left = {key: content for key, content in schedule.items() if key not in _SAID}
    return [(path, text) for path, text in facts_of(left) if path != _JOB]


def _flat(document: Mapping[str, Any], above: str) -> Iterator[Line]:
    """A null within something is a value, as of an input; beside the name it is none."""
    for key, content in document.items():
        path = f"{above}{key}"
        if content and content.__class__ not in _PLAIN and isinstance(content, Mapping):
            yield from _flat(content, f"{path}.")
        elif content is not None or above:
            said = MASK if content == MASK else value(content)
            yield _path(path), clip(said, _COLUMNS)


@lru_cache(maxsize=1024)
def _path(path: str) -> str:
    """Schedules have the same fields."""
    return clip(printable(path), _COLUMNS)


def _is_long(content: Any) -> bool:
    if isinstance(content, str):
        return "\n" in content.rstrip("\n")
    return isinstance(content, list | dict) and len(value(content)) > _WIDE


def _split(content: Any) -> list[str]:
    """A value as lines: text as it is written, lists and mappings as indented JSON."""
    if content is None:
        return []
    if isinstance(content, str):
        lines = content.split("\n")
        return lines[:-1] if len(lines) > 1 and not lines[-1] else lines
    return json.dumps(content, indent=2, ensure_ascii=False, default=str).split("\n")


def _differences(before: list[str], after: list[str]) -> Iterator[Line]:
    """The lines that go and come, with what stands around them; no more than people read."""
    left = _LINES
    for mark, text in _around(before, after):
        if not left:
            rest = counted(max(len(before), len(after)), "line")
            yield " ", f"... (the longer one has {rest})"
            return
        left -= 1
        yield mark, inert(clip(printable(text), _COLUMNS))


def _around(before: list[str], after: list[str]) -> Iterator[Line]:
    matcher = SequenceMatcher(None, before[:2_000], after[:2_000], autojunk=True)
    for number, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if number:
            yield " ", "..."
        for tag, start, end, other_start, other_end in group:
            if tag == "equal":
                yield from ((" ", line) for line in before[start:end])
            else:
                yield from (("-", line) for line in before[start:end])
                yield from (("+", line) for line in after[other_start:other_end])
