"""What the loop keeps: the history of its cycles, and how each target stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

CycleOutcome = Literal[
    "in_sync", "applied", "partial", "failed", "stalled", "waiting", "unavailable", "broken"
]
"""`waiting`: there is drift that is only observed, or that waits for a window. `stalled`: a
person has to do something. `broken`: an earlier revision is in force. `unavailable`: tried again.
"""
STATUS_AFTER: Mapping[CycleOutcome, tuple[bool, bool, bool]] = {
    "in_sync": (True, False, False),
    "applied": (True, False, False),
    "waiting": (False, False, False),
    "partial": (False, True, False),
    "failed": (False, True, False),
    "unavailable": (False, True, False),
    "stalled": (False, False, True),
    "broken": (False, False, True),
}
"""Whether a target is ready, reconciling, stalled after a cycle that came to that."""
Cause = Literal["start", "interval", "webhook", "signal", "apply"]
"""What started a cycle."""
_CHANGED = ("created", "updated", "disabled")
SUSPENDED, RESUMED = "Suspended", "Resumed"
"""The reasons by which a suspension, and its end, stand in the history."""


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """What became of one change. `action` and `outcome` in the words of the plan document."""

    name: str
    action: str
    outcome: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CycleRecord:
    """One cycle of one target, or one apply by hand. Instants are in UTC."""

    target: str
    started_at: datetime
    ended_at: datetime
    outcome: CycleOutcome
    reason: str
    """One word in CamelCase, for machines."""
    message: str
    """A line for people."""
    revision: str | None = None
    """What was in force."""
    author: str | None = None
    actor: str | None = None
    """Who ran it."""
    cause: Cause = "interval"
    plan: Mapping[str, Any] | None = None
    """The plan document's entry for the target, without what is unchanged; None: no change."""
    results: tuple[ResultRecord, ...] = ()
    durations: Mapping[str, float] = field(default_factory=dict)
    """Seconds by step: fetch, read, plan, apply."""
    wanted: str | None = None
    """The newest revision of the source, where it is not the one in force."""
    wanted_at: datetime | None = None
    """When the newest revision was committed, or first seen; None: not known."""
    suspended: int = 0
    """How many of its schedules are suspended; not kept."""

    @property
    def pending(self) -> int:
        """How many changes its plan has."""
        summary = self.plan["summary"] if self.plan else {}
        return sum(summary.get(action, 0) for action in ("create", "update", "disable"))

    @property
    def not_ours(self) -> int:
        """How many declared schedules are somebody else's, and not applied."""
        count: int = self.plan["summary"].get("skip", 0) if self.plan else 0
        return count

    @property
    def changed(self) -> int:
        """How many changes were made."""
        return sum(each.outcome in _CHANGED for each in self.results)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the history: a cycle, and how often it was repeated with nothing new."""

    id: int
    record: CycleRecord
    """The first of them; `ended_at` and `durations` are the last one's. In a list, `plan` is
    None, and `results` is empty.
    """
    count: int = 1
    has_plan: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One of a target's conditions, as in Flux. `since`: when `status` was last another."""

    status: bool | None
    """None: unknown."""
    reason: str
    message: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a target stands."""

    ready: Condition
    reconciling: Condition
    stalled: Condition
    attempted: str | None = None
    """The last revision that was tried."""
    applied: str | None = None
    """The last revision that the target was brought to, whole."""
