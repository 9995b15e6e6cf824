"""The text of a declaration -> the paths outside of its folder that it may mean. Pure.

A checkout has what declarations refer to and nothing else, and what they refer to is known only
when they are read, which is done elsewhere, with limits. So text is looked through for whatever
could be a path that leads up: too many of them cost a few files, and one that is missed is an error
that names it, never a schedule that looks removed (`find_absent` knows what was left out).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

_QUOTED = re.compile(r"[\"'\[\]{},]")
_GLOB = re.compile(r"[*?\[]")
_LONGEST = 1000


def paths_up(text: str, folder: str) -> Iterator[str]:
    """Each path, relative to the repository, that a line of `text` may lead to with "..".

    `folder`: what they are relative to. A pattern means the folder that its fixed part names.
    """
    for line in text.splitlines():
        if ".." not in line or line.lstrip().startswith("#"):
            continue
        for part in _QUOTED.split(line):
            if ".." in part and len(part) <= _LONGEST:
                yield from _paths(part, folder)


def _paths(part: str, folder: str) -> Iterator[str]:
    stripped = part.strip()
    for said in {stripped.rpartition(": ")[2], *stripped.split()}:
        path = said.removeprefix("- ").removeprefix("file:").strip()
        names = path.split("/")
        if ".." not in names:
            continue
        fixed = []
        for name in names:
            if _GLOB.search(name) or "$" in name:
                break
            fixed.append(name)
        found = posixpath.normpath(posixpath.join(folder, "/".join(fixed) or "."))
        if not found.startswith(("..", "/")):
            yield found


def is_below(path: str, parts: set[str]) -> bool:
    """Whether `path` is one of `parts` or lies in one."""
    if "." in parts or path in parts:
        return True
    names = path.split("/")
    return any("/".join(names[:number]) in parts for number in range(1, len(names)))
