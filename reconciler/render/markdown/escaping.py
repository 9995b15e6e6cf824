"""Text that nobody vouches for -> Markdown that stays that text, in GitHub's, GitLab's and Azure's.

Four ways: `code` (a code span), `prose` (words as words, all else as code spans), `fence` (a block
of code), `markup` (inside HTML). Each of them keeps Markdown, HTML, mentions (@team), references
(#1, !1, ABC-1), links, emoji names and mathematics from being read as such; `printable` has made
the invisible visible.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from reconciler.render.plain_text import clip, printable

_CODE_CHARACTERS = 200
_BACKTICKS = re.compile("`+")
# What no forge makes anything of: words, numbers, times, dates, short paths. No `*`, and no
# `_` but between letters (emphasis); no `:` but in a time (emoji); no `@`, `#`, `!`, `$`, `&`, `%1`
# and `~` (references).
_WORD = re.compile(
    r"""["'(]{0,2}(?:[-+]{0,2}[^\W_]+(?:[-./'_][^\W_]+)*|\d{1,2}:\d{2}(?::\d{2})?|%|=|--?|->)"""
    r"""["')]{0,2}[.,;:?!]?["')]?"""
)
# Words that link all the same: a host name, a key of an issue tracker, what may be a commit.
_LINKED = re.compile(r"(?i:www\.)|[A-Z][A-Z0-9]{1,40}-\d|\b[0-9a-f]{7,64}\b")


def code(text: str, most: int = _CODE_CHARACTERS) -> str:
    """`text` on one line as a code span, with as many backticks as it takes."""
    shown = _shown(text, most)
    marks = "`" * (_longest_run(shown) + 1)
    space = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{marks}{space}{shown}{space}{marks}"


def prose(text: str, most: int = 2_000) -> str:
    """A sentence that may hold anything: plain words stay words, the rest becomes code spans."""
    words = clip(printable(text), most).split(" ")
    runs = groupby(words, key=_is_word)
    return " ".join(" ".join(run) if safe else _span(run) for safe, run in runs)


def _span(words: Iterable[str]) -> str:
    text = " ".join(words)
    return code(text, len(text)) if text.strip(" ") else ""


def _is_word(word: str) -> bool:
    return _WORD.fullmatch(word) is not None and _LINKED.search(word) is None


def fence(lines: Sequence[str], language: str = "") -> str:
    """A fenced block of lines that are printable already, fenced longer than anything in them."""
    longest = max((_longest_run(line) for line in lines), default=0)
    marks = "`" * max(3, longest + 1)
    return "\n".join([f"{marks}{language}", *lines, marks]) + "\n"


def markup(text: str, most: int = _CODE_CHARACTERS) -> str:
    """`text` on one line for a block of HTML, where Markdown is not read."""
    return html.escape(_shown(text, most), quote=False)


def _shown(text: str, most: int) -> str:
    shown = clip(printable(text), most)
    return shown if shown.strip(" ") else f'"{shown}"'  # a code span cannot be empty


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)
