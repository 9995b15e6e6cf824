"""What a forge is asked for: notes (comments and issues) that we wrote, and reviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from reconciler.errors import ForgeError


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take: seconds, and attempts."""

    connect: float = 10.0
    read: float = 60.0
    attempts: int = 5
    backoff: float = 1.0


@dataclass(frozen=True, slots=True)
class Note:
    """A comment of a pull request, or an open issue, as the forge has it."""

    id: str
    body: str
    mine: bool
    """Written by whoever our token stands for; only such notes are edited or believed."""
    title: str = ""
    edited: datetime | None = None
    """When its text was written last; None where nobody asks for it."""


MOST_MERGED = 200
"""Merges that are looked through for who showed a change."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A pull request that was merged, and when."""

    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """What the CI job runs for."""

    number: int | None
    """The pull request; None: it runs for none."""
    commit: str
    branch: str

    def pull_request(self, review: str, hint: str) -> int:
        """The number; ForgeError with `hint` where it runs for no such review."""
        if self.number is None:
            raise ForgeError(f"this job runs for no {review}", hint=hint)
        return self.number


class Forge(Protocol):
    """The repository that the CI job runs for. Every method raises ForgeError."""

    name: str
    review: str
    """What a pull request is called there."""

    def number(self) -> int:
        """The pull request that this job runs for."""

    def merged(self) -> Merged | None:
        """The merged pull request that brought the commit of this job; None if none did."""

    def merged_lately(self) -> Iterable[Merged]:
        """Pull requests that were merged into the branch of this job, the newest first.

        As far back as MOST_MERGED of them.
        """

    def comments(self, number: int) -> Iterable[Note]:
        """Every comment of a pull request that may be ours, oldest first."""

    def add_comment(self, number: int, body: str) -> None:
        """Write a comment. Not repeated by itself when the answer is lost: ForgeUnavailable."""

    def edit_comment(self, number: int, note: Note, body: str) -> None:
        """Replace the text of a comment."""

    def issues(self, label: str) -> Iterable[Note]:
        """Every open issue with that label, oldest first."""

    def open_issue(self, label: str, title: str, body: str) -> None:
        """Open an issue."""

    def edit_issue(self, note: Note, title: str, body: str) -> None:
        """Replace the title and text of an issue."""

    def close_issue(self, note: Note, body: str) -> None:
        """Replace the text of an issue, and close it."""


def needed(environment: Mapping[str, str], name: str, hint: str) -> str:
    """A variable of the CI job; ForgeError with `hint` where it is not set."""
    value = environment.get(name, "").strip()
    if not value:
        raise ForgeError(f"{name} is not set", hint=hint)
    return value


def moment(text: str) -> datetime:
    """An instant, as all three forges write it: ISO 8601, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def newest_first(merged: Iterable[Merged]) -> list[Merged]:
    """By when they were merged; of the same moment, as in a queue, the last number first."""
    return sorted(merged, key=lambda one: (one.at, one.number), reverse=True)


def whole_number(text: str | None) -> int | None:
    """The number of a pull request, as an environment spells it; None if it is none."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return int(text) or None
