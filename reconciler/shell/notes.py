"""What reading a command finds out about the values in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn


class Unclear(Exception):
    """Bash may evaluate the content of any variable here, or it is not known that it does not."""


@dataclass(slots=True)
class Word:
    """One word of a command, as bash would read it."""

    raw: str = ""
    """As it is written."""
    literal: str | None = ""
    """Its text without its quotes; None where something is expanded in it."""
    head: str = ""
    """What of `literal` is known: all up to the first expansion."""
    single: bool = True
    """Whether it is one argument, whatever is expanded."""
    holders: set[str] = field(default_factory=set)
    """The variables in it that hold a value."""

    def add(self, text: str) -> None:
        """`text` stands in it as it is."""
        if self.literal is not None:
            self.literal += text
            self.head = self.literal

    def expand(self, *, single: bool) -> None:
        """Something unknown stands in it; `single`: that cannot make two arguments of it."""
        self.literal = None
        self.single = self.single and single

    @property
    def may_be_option(self) -> bool:
        """Whether what is expanded in it could make an option of it."""
        return self.literal is None and (not self.single or self.head[:1] in ("", "-", "+"))


@dataclass(slots=True)
class Document:
    """A heredoc or here-string of a command. It is read after the command."""

    holds: bool = False
    """Whether anything is expanded in it."""


def _last(word: Word) -> str | None:
    """The name of the file that it may be the path of."""
    return None if word.literal is None else word.literal.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Where the values of a step may not be any text."""

    restricted: Mapping[str, str]
    """By variable, what stands in the way: only safe values may be in it."""
    no_option: Mapping[str, str] = field(default_factory=dict)
    """By variable, what would take it for an option: no value that begins with a hyphen."""
    evaluated: str | None = None
    """Why every value of the step has to be a safe one; None if they need not."""
    handed: tuple[str, ...] = ()
    """What takes values, or what they can reach, for code: `eval`, `bash -c` ..."""

    def reason(self, variable: str) -> str | None:
        """Why only a safe value may be in `variable`; None where any text may."""
        return self.restricted.get(variable, self.evaluated)


@dataclass(slots=True)
class Notes:
    """What is found on the way."""

    holders: frozenset[str]
    restricted: dict[str, str] = field(default_factory=dict)
    no_option: dict[str, str] = field(default_factory=dict)
    handed: list[str] = field(default_factory=list)
    run: list[Word] = field(default_factory=list)
    """The words that name what is run: scripts, and programs by their path."""
    words: list[Word] = field(default_factory=list)
    """All other words: what may be the name of a file that is written."""
    later: list[Callable[[], None]] = field(default_factory=list)
    """What can be looked at when the heredocs have been read."""

    def restrict(self, word: Word, where: str) -> None:
        """Only safe values may stand in `word`."""
        self.restrict_all(word.holders, where)

    def restrict_all(self, holders: Iterable[str], where: str) -> None:
        """Only safe values may be in these."""
        for holder in holders:
            self.restricted.setdefault(holder, where)

    def hand(self, what: str) -> None:
        """`what` takes text for code."""
        if what not in self.handed:
            self.handed.append(what)

    def written_and_run(self) -> str | None:
        """A file that is run, and whose name stands in the script elsewhere too."""
        run = {id(word) for word in self.run}
        names = {_last(word) for word in self.words if id(word) not in run} - {None}
        return next((name for word in self.run if (name := _last(word)) in names), None)

    def refuse(self, what: str) -> NoReturn:
        """`what` takes text for code: nothing is known of what it does with any value."""
        self.hand(what)
        raise Unclear(what)
