"""What the state knows of targets and schedules -> what pages show of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from reconciler.declare.suspensions import suspension_words
from reconciler.model import Suspension
from reconciler.render.text.drift import TITLES
from reconciler.state.records import Condition, Conditions
from reconciler.state.standings import SYNCS, Audited, ScheduleStanding, Standing

SYNC_WORDS = {
    "contended": "contended",
    "failed": "change failed",
    "drift": "drift",
    "pending": "pending",
    "not_ours": "not ours",
    "suspended": "suspended",
    "held": "held",
    "in_sync": "in sync",
    "removed": "removed",
    "unknown": "not known",
}
KINDS = {
    "contended": "failed",
    "failed": "failed",
    "drift": "running",
    "pending": "running",
    "not_ours": "theirs",
    "suspended": "halted",
    "held": "halted",
    "in_sync": "completed",
    "stalled": "failed",
    "reconciling": "running",
    "ready": "completed",
    "not ready": "running",
    "late": "failed",
}
"""The class of a status, of a sync or a health."""
MEANINGS = {
    "contended": "somebody undoes the same change again and again",
    "failed": "the last change of it failed",
    "drift": "changed where it lives, or nobody knows who made it differ",
    "pending": "changed in the repository, or a stop of it is over; not applied yet",
    "not_ours": "declared here, but another owner's where it lives",
    "suspended": "stopped without a commit, until a moment",
    "held": "paused by its file, until a moment",
    "in_sync": "as it is declared",
    "removed": "not declared any more, and disabled",
}
DIFFERS = ("contended", "failed", "drift", "pending", "not_ours")
_QUIET = ("suspended", "held", "removed", "in_sync")
_LATE = 3


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target as a card or a row shows it."""

    name: str
    sync: str
    health: str
    why: str
    since: datetime | None
    standing: Standing | None
    suspension: Suspension | None
    counts: Sequence[tuple[str, int]]
    """How many of its schedules stand how, the worst first; none that are not there."""
    total: int
    lag: timedelta | None
    """For how long the newest revision has not been in force."""
    missing: int
    """Fires of the last day that are missing, by its last audit."""

    @property
    def order(self) -> tuple[int, int, str]:
        """What needs a person first."""
        syncs = [*SYNCS, "unknown"]
        healths = ["stalled", "late", "reconciling", "not ready", "ready", "unknown"]
        return (healths.index(self.health), syncs.index(self.sync), self.name)


def target_view(
    name: str,
    standing: Standing | None,
    conditions: Conditions | None,
    suspension: Suspension | None,
    audited: Audited | None,
    now: datetime,
) -> TargetView:
    """How a target stands at `now`."""
    counts = standing.counts if standing is not None else {}
    health, condition = _health(conditions)
    why = condition.message if condition is not None else "no loop has looked at it yet"
    if standing is not None and _is_late(standing, now):
        health, why = "late", "its next cycle is overdue: the loop does not run, or stands still"
    if suspension is not None:
        why = f"{why}; {suspension_words(suspension)}" if health == "late" else why
    behind = standing.wanted_at if standing is not None and standing.wanted else None
    return TargetView(
        name=name,
        sync=sync_of(standing, suspension),
        health=health,
        why=why,
        since=standing.next_at if health == "late" and standing else _since(condition),
        standing=standing,
        suspension=suspension,
        counts=[(sync, counts[sync]) for sync in SYNCS if counts.get(sync)],
        total=sum(number for sync, number in counts.items() if sync != "unmanaged"),
        lag=now - behind if behind is not None else None,
        missing=audited.counts.get("missing", 0) if audited is not None else 0,
    )


def sync_of(standing: Standing | None, suspension: Suspension | None) -> str:
    """The word for all of a target: the worst of its schedules, unless nothing is to be changed."""
    if suspension is not None:
        return "suspended"
    if standing is None or not standing.counts:
        return "unknown"
    worst = next((sync for sync in DIFFERS if standing.counts.get(sync)), None)
    return worst or "in_sync"


def _health(conditions: Conditions | None) -> tuple[str, Condition | None]:
    if conditions is None:
        return "unknown", None
    if conditions.stalled.status:
        return "stalled", conditions.stalled
    if conditions.reconciling.status:
        return "reconciling", conditions.reconciling
    return ("ready" if conditions.ready.status else "not ready"), conditions.ready


def _since(condition: Condition | None) -> datetime | None:
    return condition.since if condition is not None else None


def _is_late(standing: Standing, now: datetime) -> bool:
    if standing.next_at is None:
        return False
    interval = max(standing.next_at - standing.cycle_at, timedelta(seconds=20))
    return now > standing.next_at + interval * _LATE


@dataclass(frozen=True, slots=True)
class Group:
    """Schedules that differ for one cause."""

    title: str
    schedules: Sequence[ScheduleStanding]


def by_cause(schedules: Sequence[ScheduleStanding]) -> list[Group]:
    """What differs, under a heading for each cause, as `reconciler drift` shows it."""
    order = list(TITLES)

    def cause(one: ScheduleStanding) -> int:
        return order.index(one.entry.get("cause") or "not_ours")

    ordered = sorted(schedules, key=lambda one: (cause(one), one.name))
    return [Group(TITLES[order[key]], list(group)) for key, group in groupby(ordered, key=cause)]


def held_until(entry: Mapping[str, Any]) -> datetime | None:
    """When its hold or suspension ends; None: it has none."""
    hold = entry.get("hold")
    return datetime.fromisoformat(hold["until"]) if hold else None
