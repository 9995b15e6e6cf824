"""Text that is safe to print, and the small shapes that all text output is made of."""

from __future__ import annotations

import json
import math
import textwrap
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import Any

_JSON = json.JSONEncoder(ensure_ascii=False, default=str)
"""Made once: `dumps` makes another for each value."""

Paint = Callable[[str, str], str]
"""(text, role) -> the text in the colour of that role."""


def plain(text: str, role: str) -> str:
    """No colour."""
    return text


def columns_of(paint: Paint) -> int | None:
    """How wide the terminal is that is painted on; None where it is none, and nothing is cut."""
    found = getattr(paint, "columns", None)
    return max(found, _LEAST_COLUMNS) if isinstance(found, int) else None


_LEAST_COLUMNS = 40


# Printable by their class, but blank: fillers of Hangul and Khmer, an empty Braille cell, a joiner.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


_NAME_COLUMNS = 48


def printable(text: str) -> str:
    """`text` with what nobody sees, and what a terminal or a CI runner obeys, written as escapes.

    Runners take `##[` and `##vso[` anywhere in a line for the start of a command.
    """
    if not (text.isprintable() and (text.isascii() or _BLANK.isdisjoint(text))):
        text = "".join(c if c.isprintable() and c not in _BLANK else _escape(c) for c in text)
    return text.replace("##", "#\\u0023") if "##" in text else text


def short_revision(name: str) -> str:
    """A commit, or what else tells a revision apart, for people: its first digits, and whether
    there was more than the commit.
    """
    start, dirty, _ = name.partition("-dirty")
    return start[:12] + dirty


def inert(line: str) -> str:
    """A printable line that no CI runner takes for a command: they start with `::`."""
    if "::" not in line:
        return line
    start = len(line) - len(line.lstrip())
    return f"{line[:start]}\\u003a{line[start + 1 :]}" if line.startswith("::", start) else line


def _escape(character: str) -> str:
    code = ord(character)
    known = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return known or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def value(content: Any) -> str:
    """A value of a declaration on one line: text in quotes, nothing as `(none)`."""
    if content is None:
        return "(none)"
    kind = content.__class__
    if kind is int or (kind is float and math.isfinite(content)):
        return repr(content)  # as JSON has it, which takes ten times as long to say so
    return printable(_JSON.encode(content))


def clip(text: str, most: int) -> str:
    """At most `most` characters."""
    return text if len(text) <= most else text[: most - 3] + "..."


def clip_pair(before: str, after: str, most: int) -> tuple[str, str]:
    """Both clipped, and what differs first kept in sight."""
    pairs = enumerate(zip(before, after, strict=False))
    start = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    if start < most // 2 or max(len(before), len(after)) <= most:
        return clip(before, most), clip(after, most)
    start -= most // 4
    return clip(f"...{before[start:]}", most), clip(f"...{after[start:]}", most)


def width(text: str) -> int:
    """How many columns a terminal gives it."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def pad(text: str, columns: int) -> str:
    """`text` filled up with spaces."""
    return text + " " * (columns - width(text))


def middle(text: str, most: int) -> str:
    """At most `most` columns, with the middle left out: names and paths differ at both ends."""
    if width(text) <= most:
        return text
    end = max((most - 3) // 2, 1)
    start = max(most - 3 - end, 1)
    while width(text[:start]) + 3 + width(text[-end:]) > most and start > 1 and end > 1:
        start, end = start - 1, end - 1
    return f"{text[:start]}...{text[-end:]}"


def wrapped(text: str, columns: int | None, indent: int) -> str:
    """`text` broken between words, its further lines indented; it begins at column `indent`."""
    if columns is None or indent + width(text) <= columns:
        return text
    room = max(columns - indent, _LEAST_COLUMNS // 2)
    lines = textwrap.wrap(text, room, break_on_hyphens=False)
    return ("\n" + " " * indent).join(lines)


def aligned(rows: Sequence[tuple[str, str]], within: int | None = None) -> list[str]:
    """Names and texts in two columns, one row a line; a long name pushes its own text alone.
    `within`: so many columns, and what is longer goes on below.
    """
    most = _NAME_COLUMNS if within is None else min(_NAME_COLUMNS, within // 2)
    columns = min(max((width(name) for name, _ in rows), default=0), most)
    names = [name if within is None else middle(name, most) for name, _ in rows]
    return [
        inert(f"    {pad(name, columns)}  {wrapped(text, within, columns + 6)}")
        for name, (_, text) in zip(names, rows, strict=True)
    ]


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    paint: Paint = plain,
    *,
    sentences: Collection[str] = (),
) -> str:
    """Columns, the last one not filled up. On a terminal they keep to its width: the last one is
    cut at its end, then the widest in the middle; those titled as `sentences` say, at their end.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [
        max(width(row[column]) for row in [list(header), *cells]) for column in range(len(header))
    ]
    within = columns_of(paint)
    if within is not None:
        said = [place for place, title in enumerate(header) if title in sentences]
        widths = _narrowed(widths, [width(title) for title in header], within, said)
        ends = {header[-1], *sentences}
        cells = [
            [
                clip(cell, w) if title in ends else middle(cell, w)
                for title, cell, w in zip(header, row, widths, strict=True)
            ]
            for row in cells
        ]

    def line(row: Sequence[str]) -> str:
        return "  ".join(pad(cell, w) for cell, w in zip(row, widths, strict=True)).rstrip()

    return "\n".join([paint(line(header), "heading"), *(line(row) for row in cells)]) + "\n"


_LEAST_CELL = 12


def _narrowed(
    widths: Sequence[int], titles: Sequence[int], within: int, said: Collection[int] = ()
) -> list[int]:
    """The widths of columns that fit: the last one narrowed first, which has the words, then the
    widest; none below that of its title, and the first, which has the names, only where the others
    are as narrow as they can be. Columns that are `said`, and the first, share what is left.
    """
    left = list(widths)
    least = [min(w, max(title, _LEAST_CELL)) for w, title in zip(widths, titles, strict=True)]
    rest = sum(least[place] for place in range(1, len(least)) if place not in said)
    share = (within - rest - 2 * (len(left) - 1)) // (len(said) + 1)
    for place in said:
        least[place] = min(widths[place], max(least[place], share))
    others = sum(least[1:]) + 2 * (len(left) - 1)
    least[0] = max(least[0], min(left[0], within - others))
    over = sum(left) + 2 * (len(left) - 1) - within
    words = max(0, min(over, left[-1] - least[-1]))
    left[-1] -= words
    over -= words
    while over > 0:
        room = [w - small for w, small in zip(left, least, strict=True)]
        if not any(room):
            break
        widest = max((i for i, free in enumerate(room) if free), key=left.__getitem__)
        left[widest] -= 1
        over -= 1
    return left


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 -> "1 file", 2 -> "2 files"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
