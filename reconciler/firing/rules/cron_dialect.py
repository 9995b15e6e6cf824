"""The dialect of cron expressions: what of NCrontab's is read, and how it is put to cronsim.

Whatever NCrontab takes (Azure's crons are its) is taken, and means the same here; the rules are
those of its documentation and of its behaviour (github.com/atifaziz/NCrontab):

- a name is any beginning of an English one, in any case; of several the first: `T` is Tuesday;
- a range that runs backwards has its ends swapped: `FRI-MON` is Monday to Friday;
- `N/step` goes on to the last value of the field, which for days of the week is 6, Saturday;
- a range of one value is that value, whatever its step: `9-9/2` is 9;
- a step of 0 or less is 1.

Beyond that, 7 is Sunday too, and `L`, `LW`, `5L`, `1#2` are known: these are cronsim's, like the
rule of Debian's cron for the two day fields (see `cron_expression.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

DAYS_OF_WEEK = 4
"""Which of the five fields it is, from 0."""
FIELD_NAMES = ("minutes", "hours", "days of the month", "months", "days of the week")
LOW = (0, 0, 1, 1, 0)
HIGH = (59, 23, 31, 12, 6)
_HIGHEST = (59, 23, 31, 12, 7)
"""What cronsim reads: 7 is Sunday too."""
_NAMES: tuple[tuple[str, ...], ...] = (
    *((), (), ()),
    (
        *("JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE"),
        *("JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER"),
    ),
    ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"),
)

_VALUE = r"[0-9]{1,9}|[A-Z]+"
_TERM = re.compile(rf"(?:(\*)|({_VALUE})(?:-({_VALUE}))?)(?:/([+-]?[0-9]{{1,9}}))?")
_BOUND = re.compile(r"([A-Z]+)(#.*)")


@dataclass(frozen=True, slots=True)
class Term:
    """An item of a list in a field, of a form that NCrontab has; values may be out of range."""

    field: int
    text: str
    """In capitals."""
    first: int | None
    """None: `*`."""
    last: int | None
    """The end of a range, as it is written. None: there is none."""
    step: int | None

    @property
    def runs_backwards(self) -> bool:
        """Whether the ends have to be swapped."""
        return self.first is not None and self.last is not None and self.first > self.last

    def values(self) -> range:
        """What it stands for, in order; a value that is out of range as it stands."""
        low, high = LOW[self.field], HIGH[self.field]
        step = max(self.step or 1, 1)
        if self.first is None:
            return range(low, high + 1, step)
        last = self.last
        if last is None:
            last = self.first if self.step is None else max(self.first, high)
        ends = sorted((self.first, last))
        return range(ends[0], ends[1] + 1, step)


@lru_cache(maxsize=8192)
def read_term(field: int, text: str) -> Term | None:
    """An item of a list in the field; None if it has not one of NCrontab's forms."""
    upper = text.upper()
    match = _TERM.fullmatch(upper)
    if match is None:
        return None
    star, first, last, step = match.groups()
    number = int(step) if step is not None else None
    if star:
        return Term(field, upper, None, None, number)
    ends = [_value(field, end) for end in (first, last) if end is not None]
    if None in ends:
        return None
    return Term(field, upper, ends[0], ends[1] if last is not None else None, number)


def terms(expression: str) -> Iterator[Term]:
    """All items of an expression of five fields that have one of NCrontab's forms."""
    for field, text in enumerate(expression.split()):
        for item in text.split(","):
            term = read_term(field, item)
            if term is not None:
                yield term


def is_ncrontab(field: int, text: str) -> bool:
    """Whether NCrontab takes the text of a field."""
    return text.isascii() and all(_is_taken(read_term(field, item)) for item in text.split(","))


def names_like(field: int, text: str) -> tuple[str, ...]:
    """The names of the field's values that begin with `text`, in capitals: it stands for the first;
    none of a number.
    """
    return tuple(name for name in _NAMES[field] if name.startswith(text))


@lru_cache(maxsize=16384)
def for_cronsim(expression: str) -> str:
    """Five fields, as cronsim reads what is meant. What is not of NCrontab's forms stays."""
    fields = enumerate(expression.upper().split())
    return " ".join(
        ",".join(_for_cronsim(field, item) for item in text.split(",")) for field, text in fields
    )


def _value(field: int, text: str) -> int | None:
    if text.isdigit():
        return int(text)
    names = names_like(field, text)
    return _NAMES[field].index(names[0]) + LOW[field] if names else None


def _is_taken(term: Term | None) -> bool:
    if term is None:
        return False
    low, high = LOW[term.field], HIGH[term.field]
    return all(end is None or low <= end <= high for end in (term.first, term.last))


@lru_cache(maxsize=8192)
def _for_cronsim(field: int, item: str) -> str:
    term = read_term(field, item)
    if term is None:
        bound = _BOUND.fullmatch(item)
        day = _value(field, bound[1]) if bound is not None else None
        return item if bound is None or day is None else f"{day}{bound[2]}"
    if term.first is None:
        return "*" if term.step is None or term.step <= 1 else f"*/{term.step}"
    if term.runs_backwards and not _is_taken(term):
        return item
    if term.last is not None and term.last > _HIGHEST[field]:
        return item  # also where the step leaves that end out
    values = term.values()
    if len(values) == 1:
        return str(values[0])
    step = f"/{values.step}" if values.step > 1 else ""
    return f"{values.start}-{values.stop - 1}{step}"
