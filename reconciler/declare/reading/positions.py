"""A path into a document -> its place in the file.

Positions of every key would cost more memory than the schedules themselves, so they are not kept:
a file that has something wrong with it is parsed a second time, for its marks alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.declare.reading.yaml_loader import LINE_BREAK, Marks, parse
from reconciler.masking import MASK, mask_lines


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
        self._masked: list[str] = []

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

    def has(self, document: int, path: tuple[str | int, ...]) -> bool:
        """Whether there is a value, or a key, at `path`."""
        if self._marks is None:
            self._marks = Marks()
            parse(self._data, self._marks)
        at = (document, path)
        return at in self._marks.values or at in self._marks.keys

    def first(self, wanted: Callable[[Any], bool]) -> int:
        """The number of the first document that is `wanted`; 0 if none is."""
        documents, _ = parse(self._data)
        return next((one.index for one in documents if wanted(one.data)), 0)

    def line(self, number: int) -> str | None:
        """The text of a line, from 1; None past the end."""
        if self._lines is None:
            self._lines = LINE_BREAK.split(self._data.decode("utf-8-sig", "replace"))
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None

    def excerpt(self, number: int, *, secret: bool = False) -> str | None:
        """A line as it may be shown. `secret`: what is meant in it is a secret value."""
        line = self.line(number)
        if line is None:
            return None
        if not self._masked:
            self._masked = mask_lines(self._lines or [])
        masked = self._masked[number - 1]
        if secret and masked == line:  # its name stands on another line
            return line[: len(line) - len(line.lstrip())] + MASK
        return masked
