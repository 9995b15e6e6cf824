"""What the loop is told, and what it knows of its targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.handover import OfRuns
from reconciler.loop.contention import Contention
from reconciler.state.records import Cause

INTERVAL = timedelta(seconds=60)
LEASE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a loop runs. `target`: what --target says."""

    holder: str
    interval: timedelta = INTERVAL
    lease: timedelta = LEASE
    target: str | None = None
    actor: str | None = None
    parallelism: int = 16


@dataclass(slots=True)
class TargetStatus:
    """What the loop knows of one target."""

    next_at: datetime
    failures: int = 0
    in_hand: bool = False
    again: bool = False
    """It was woken while its cycle was in hand, which may have asked the source too early."""
    cause: Cause | None = None
    """By what, of the cycle that is to come."""
    revision: str | None = None
    outcome: str | None = None
    """Of the last cycle."""
    standby: bool = False
    stateless: bool = False
    """The state could not be asked or written the last time: nobody knows whose it is."""
    contention: Contention = field(default_factory=Contention)
    said: tuple[str, str, str | None] | None = None
    runs_said: tuple[OfRuns, ...] = ()
    """What became of runs that were to be brought from other targets, the last time."""
    began_at: datetime | None = None
    """When its last cycle began, or the one in hand; the source was asked after that."""
    planned: datetime | None = None
    """When the cycle after the one in hand is to be, as the state was told."""


@dataclass(frozen=True, slots=True)
class Health:
    """For probes. `alive`: the loop turns. `ready`: every target had a cycle, or is another's,
    and the state answers.
    """

    alive: bool
    ready: bool
    targets: dict[str, str] = field(default_factory=dict)
    """By target: the last outcome, `standby`, `starting`, or `state_unavailable`."""
