"""Where a line of a file is on the forge -> a link to it. Only what may stand in a link is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.render.markdown.escaping import code

IN_LINKS = ":/?&=%#.,;@+~!$*'()-_"


@dataclass(frozen=True, slots=True)
class FileLinks:
    """Addresses of files at one commit: before the path, and after the line's number.

    `before` ends where a path begins; `line` holds `{line}`, and `{after}` for the line below.
    """

    before: str
    line: str

    def of(self, path: str, line: int) -> str:
        """The address of a line of a file."""
        end = self.line.format(line=line, after=line + 1)
        return f"{self.before}{quote(path, safe='/._-')}{end}"


def linked(text: str, url: str | None) -> str:
    """A code span that leads to `url`, where there is one."""
    shown = code(text)
    return f"[{shown}](<{quote(url, safe=IN_LINKS)}>)" if url else shown


def place_link(source: Mapping[str, Any], links: FileLinks | None) -> str:
    """`schedules/nightly.yaml:3`, as a link where it is known where that leads."""
    path, line = source["path"], source["line"]
    return linked(f"{path}:{line}", links.of(path, line) if links is not None else None)
