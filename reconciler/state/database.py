"""The one layer of SQL over both databases. Statements are written with `?` for each value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Transaction(Protocol):
    """One that holds what it locks until its end, and is undone whole if it fails."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows that a statement gives."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """The statement once for each row of values."""
        ...


class Database(Protocol):
    """A state database, used by any thread. Every method raises StateError."""

    locking: str
    """What makes a SELECT in a transaction keep its rows from other writers."""

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """The rows of one SELECT; none where there is no database yet."""
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """One transaction; what it has read under `locking` cannot change before it ends."""
        ...

    def clock(self, now: datetime) -> str:
        """The moment as an expression in SQL: the database's own where several machines use it,
        whose clocks differ; else `now`.
        """
        ...

    def compact(self) -> None:
        """Give back the room of what was deleted, where the database does not by itself."""
        ...

    def close(self) -> None:
        """Let go of it; it is opened again when needed."""
        ...


def to_micros(moment: datetime) -> int:
    """As it is stored."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(stored: int) -> datetime:
    """The aware moment in UTC."""
    return _EPOCH + stored * _MICROSECOND


def to_text(value: str | None) -> str | None:
    """What both databases can hold: no NUL, no lone surrogate."""
    if value is None:
        return None
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def containing(text: str) -> str:
    """The pattern of LIKE, with `!` as its escape, for what holds a text in lower case."""
    escaped = "".join(f"!{c}" if c in "!%_" else c for c in text.lower())
    return f"%{to_text(escaped)}%"
