"""State databases of both kinds, and values to put into them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.state.records import Condition, Conditions, CycleRecord

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TTL = timedelta(seconds=30)
PLAN: dict[str, Any] = {
    "target": "prod",
    "owner": "us",
    "summary": {"create": 1, "update": 1, "disable": 0, "skip": 0, "noop": 3, "unmanaged": 0},
    "refusals": [],
    "impact": {"start": "2026-11-23T12:00:00+00:00"},
    "changes": [{"action": "create", "name": "a", "impact": {"after": {"first": "later"}}}],
}


class Steady:
    """A steady clock that goes on when told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def cycle(minute: float = 0, **fields: Any) -> CycleRecord:
    began = NOW + timedelta(minutes=minute)
    usual: dict[str, Any] = {
        "target": "prod",
        "started_at": began,
        "ended_at": began + timedelta(seconds=2),
        "outcome": "in_sync",
        "reason": "InSync",
        "message": "nothing to change",
    }
    return CycleRecord(**usual | fields)


def conditions(ready: bool | None, minute: float = 0, **fields: Any) -> Conditions:
    def made(status: bool | None) -> Condition:
        return Condition(status, "InSync", "all is well", NOW + timedelta(minutes=minute))

    other = None if ready is None else not ready
    return Conditions(made(ready), made(other), made(False), **fields)
