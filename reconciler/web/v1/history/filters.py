"""The filters by which the SDK asks for runs: comparisons, `and`, `or` and brackets. Pure.

    (RunType eq azureml.PipelineRun or Properties/azureml.runsource eq azureml.PipelineRun)
    ((ParentRunId eq null) and (CreatedUtc ge 2026-01-01 00:00:00))

As in Azure, a tag or property that a run has not compares with nothing, null neither: that is how
the SDK asks whether there is one. What is not understood is refused: it must not be taken for no
filter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.web.v1.errors import bad

LONGEST = 4000
DEEPEST = 50
_TOKEN = re.compile(
    r"[()]|'[^']*'|\"[^\"]*\"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.:+Z-]*|[^\s()'\"]+"
)
_SIGNS = ("eq", "ne", "ge", "le", "gt", "lt")
_FIELDS = ("runId", "runType", "status", "parentRunId", "rootRunId", "createdUtc")
_BY_NAME = {field.lower(): field for field in (*_FIELDS, "hidden", "target", "name")}

Wanted = Callable[[Mapping[str, Any]], bool]


def read_filter(text: Any) -> Wanted:
    """What lets a RunDto through; V1Error."""
    if text is None or text == "":
        return lambda dto: True
    if not isinstance(text, str) or len(text) > LONGEST:
        raise bad("The filter is not a text of a few comparisons")
    reader = _Reader(text)
    wanted = reader.either(0)
    if reader.next is not None:
        raise reader.fault()
    return wanted


class _Reader:
    """Reads tokens, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = iter(_TOKEN.findall(text))
        self.next: str | None = next(self._tokens, None)

    def fault(self) -> Exception:
        """What to raise where the next token is not what should stand there."""
        return bad(f"The filter {self._text[:200]!r} is not known here: FIELD eq 'VALUE', and, or")

    def take(self) -> str:
        """The next token; V1Error at the end."""
        token = self.next
        if token is None:
            raise self.fault()
        self.next = next(self._tokens, None)
        return token

    def either(self, depth: int) -> Wanted:
        """`A or B`"""
        parts = [self.both(depth)]
        while self.next == "or":
            self.take()
            parts.append(self.both(depth))
        return lambda dto: any(part(dto) for part in parts)

    def both(self, depth: int) -> Wanted:
        """`A and B`"""
        parts = [self.one(depth)]
        while self.next == "and":
            self.take()
            parts.append(self.one(depth))
        return lambda dto: all(part(dto) for part in parts)

    def one(self, depth: int) -> Wanted:
        """`(A)`, or a comparison."""
        name = self.take()
        if name == "(" and depth < DEEPEST:
            inner = self.either(depth + 1)
            if self.take() != ")":
                raise self.fault()
            return inner
        sign, given = self.take(), self.take()
        group, _, key = name.partition("/")
        known = group.lower() in ("tags", "properties") if key else group.lower() in _BY_NAME
        if not known or sign not in _SIGNS or given in ("(", ")"):
            raise self.fault()
        value = None if given == "null" else given.strip("'\"")
        if key:
            return lambda dto: _holds(dto[group.lower()].get(key, _NOTHING), sign, value)
        return lambda dto: _holds(dto[_BY_NAME[group.lower()]], sign, value)


_NOTHING = object()


def _holds(held: Any, sign: str, value: str | None) -> bool:
    """Whether a comparison holds."""
    if held is _NOTHING:
        return False
    text = str(held).lower() if isinstance(held, bool) else held
    if sign in ("eq", "ne"):
        return bool((text == value) == (sign == "eq"))
    if text is None or value is None:
        return False
    left, right = _moment(text), _moment(value)
    if left is None or right is None:
        return False
    before, same = left < right, left == right
    return {"ge": not before, "gt": not before and not same, "le": before or same, "lt": before}[
        sign
    ]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
