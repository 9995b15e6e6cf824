"""The job that a schedule runs, before and after -> what of it is another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from reconciler.model import ContentChange

Files = Mapping[str, str]
"""By path, what tells the content of a file apart from any other."""


def content_changes(
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    files_before: Files,
    files_after: Files,
) -> tuple[ContentChange, ...]:
    """Of two documents of the job `name`, whose steps are commands, and of the code they run."""
    return tuple(_changes(name, before, after, files_before, files_after))


def _changes(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any], old: Files, new: Files
) -> Iterator[ContentChange]:
    pairs = (
        (f"code of {name}", "file", old, new),
        (f"steps of {name}", "step", _steps(before), _steps(after)),
        (f"job {name}", "key", _others(before), _others(after)),
    )
    for what, kind, was, shall_be in pairs:
        if was != shall_be:
            yield ContentChange(
                what,
                kind,
                changed=tuple(sorted(k for k in was if k in shall_be and was[k] != shall_be[k])),
                added=tuple(sorted(shall_be.keys() - was.keys())),
                removed=tuple(sorted(was.keys() - shall_be.keys())),
            )


def _steps(document: Mapping[str, Any]) -> Mapping[str, Any]:
    steps = document.get("jobs")
    return steps if isinstance(steps, Mapping) else {}


def _others(document: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in document.items() if key not in ("jobs", "$schema")}


MOST_LINES = 80
"""Of the lines of a diff; the rest is counted."""
_AROUND = 2
_COMPARED = 2_000
"""Lines of each side that are compared: more than people read, and no more than takes a moment."""


def diff_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The lines that go and come, with what stands around them."""
    old, new = before[:_COMPARED], after[:_COMPARED]
    matcher = SequenceMatcher(None, old, new, autojunk=True)
    for number, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if number:
            yield "  ..."
        for tag, start, end, other_start, other_end in group:
            if tag == "equal":
                yield from (f"  {line}" for line in old[start:end])
            else:
                yield from (f"- {line}" for line in old[start:end])
                yield from (f"+ {line}" for line in new[other_start:other_end])


def shortened(lines: Sequence[str]) -> tuple[str, ...]:
    """At most MOST_LINES, and how many more there are."""
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], f"  ... and {more:,} more lines") if more > 0 else tuple(lines)
