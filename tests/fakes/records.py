"""What the workspace keeps: schedules, the operations on them, and what is to become of those."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Author = tuple[str, str]
"""Who, and of which type: User, Application."""
TYPE = "Microsoft.MachineLearningServices/workspaces/schedules"
VIEWS: dict[str, Callable[[bool], bool]] = {
    "enabledonly": lambda enabled: enabled,
    "disabledonly": lambda enabled: not enabled,
    "all": lambda enabled: True,
}


@dataclass(slots=True)
class Record:
    """One schedule as the service keeps it."""

    name: str
    properties: dict[str, Any]
    created: tuple[datetime, Author]
    modified: tuple[datetime, Author]
    sequence: int
    operation: Operation | None = None
    shown: bytes | None = None
    """As it was shown last; None: it has changed since."""


@dataclass(slots=True)
class Operation:
    """A change under way. Each look at it, or at its schedule, brings it on by one step."""

    name: str
    schedule: str
    started: datetime
    left: float
    """Looks at which it is still in progress; infinite: for ever."""
    error: dict[str, Any] | None = None
    leaves: str = "previous"
    """What a put that failed leaves behind: the previous schedule, or one that is failed."""
    deletes: bool = False
    previous: Record | None = None
    ended: datetime | None = None

    @property
    def status(self) -> str:
        return "InProgress" if self.ended is None else "Failed" if self.error else "Succeeded"


@dataclass(slots=True)
class Fate:
    """What becomes of operations to come: of any, or of those on one schedule."""

    left: float
    error: dict[str, Any] | None = None
    leaves: str = "previous"
    schedule: str | None = None
    times: float = 1
