"""Whether a path that need not be there is one that patterns of `reconciler.yaml` stand for.

The files that are there are found by `files.py`; this says the same of names alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch, fnmatchcase
from pathlib import Path

from reconciler.declare.reading.files import CONFIG_NAME, SUFFIXES, display_path


def is_meant(
    path: str,
    patterns: Sequence[str],
    base: Path,
    exclude: Sequence[str] = (),
    *,
    folder: bool = False,
) -> bool:
    """Whether the YAML file `path`, or for a `folder` some file below it, would be read.

    `path` is absolute; `patterns` and `exclude` are relative to `base`.
    """
    relative = display_path(os.path.join(path, f"x{SUFFIXES[0]}") if folder else path, base)
    if any(fnmatch(relative, pattern) for pattern in exclude):
        return False
    parts = Path(path).parts
    wanted = (Path(os.path.normpath(os.path.join(base, pattern))).parts for pattern in patterns)
    return any(_matches(parts, each, folder=folder) for each in wanted)


def _matches(parts: Sequence[str], wanted: Sequence[str], *, folder: bool) -> bool:
    """In one pass: `states` are the places in `wanted` that what was seen so far can lead to."""
    states = _skipped({0}, wanted)
    below = False
    for part in parts:
        # A folder above it is meant: so is all in it that is YAML and not hidden.
        below = (below or len(wanted) in states) and not part.startswith(".")
        states = _skipped(set(_next(states, wanted, part)), wanted)
    if len(wanted) in states or (folder and states):
        return True
    name = parts[-1]
    return below and (folder or (name.lower().endswith(SUFFIXES) and name != CONFIG_NAME))


def _next(states: set[int], wanted: Sequence[str], part: str) -> Iterator[int]:
    for state in states:
        if state == len(wanted):
            continue
        if wanted[state] == "**":
            if not part.startswith("."):
                yield state
        elif part == wanted[state] or _may_stand_for(wanted[state], part):
            yield state + 1


def _may_stand_for(pattern: str, part: str) -> bool:
    """As in a shell, what is hidden is meant only where the pattern says so."""
    return fnmatchcase(part, pattern) and part.startswith(".") == pattern.startswith(".")


def _skipped(states: set[int], wanted: Sequence[str]) -> set[int]:
    """With those that are reached over `**`, which may stand for nothing."""
    found = set(states)
    for state in sorted(states):
        while state < len(wanted) and wanted[state] == "**":
            state += 1
            found.add(state)
    return found
