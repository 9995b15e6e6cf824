"""A path into a document -> its place in the file.

Positions of every key would cost more memory than the schedules themselves, so they are not kept:
a file that has something wrong with it is parsed a second time, for its marks alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.declare.load import Marks, parse

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Span:
    """Part of one line, counted from 1; `end_column` is the one after the last."""

    line: int
    column: int
    end_column: int | None = None


class Locator:
    """Places in one file; parses it when the first one is asked for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._marks: Marks | None = None
        self._lines: list[str] | None = None

    def find(self, document: int, path: tuple[str | int, ...], *, on_key: bool = False) -> Span:
        """The value at `path`, or its key; where there is none, the nearest parent's key."""
        if self._marks is None:
            self._marks = Marks()
            parse(self._data, self._marks)
        first, second = self._marks.values, self._marks.keys
        if on_key:
            first, second = second, first
        exact = first.get((document, path)) or second.get((document, path))
        if exact is not None and not (exact[2] is None and not on_key and path):
            return Span(*exact)
        while path:
            key = self._marks.keys.get((document, path))
            if key is not None:
                return Span(*key)
            path = path[:-1]
        return Span(*self._marks.values.get((document, ()), (1, 1, None)))

    def line(self, number: int) -> str | None:
        """The text of a line, from 1; None past the end."""
        if self._lines is None:
            # What libyaml counts as a line break, so that the numbers agree.
            self._lines = _BREAK.split(self._data.decode("utf-8", "replace"))
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None
