"""Fires between two targets: those due after a move that neither of them ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from reconciler.cli.running.known_runs import KnownRuns
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import PastFire

_INSTANT = timedelta(microseconds=1)
_BY_TIME = ("time", "backfill")


@dataclass(slots=True)
class Between:
    """What came of it."""

    started: list[str] = field(default_factory=list)
    """The runs of fires that nobody ran, by name."""
    errors: list[str] = field(default_factory=list)


def run_between(
    moved: Sequence[tuple[str, datetime]],
    source: KnownRuns,
    target: KnownRuns,
    provider: Provider,
) -> Between:
    """Run each fire that was due from its moment until the schedule was in the new target, and ran
    in neither. `moved`: names, and the moments from when they were to fire there. `provider`: that
    of the new target. It may be called again: what has its run is left.
    """
    done = Between()
    live = {one.key.name: one for one in provider.list()}
    for name, at in moved:
        found = live.get(name)
        if found is None or not found.schedule.enabled:
            continue
        try:
            done.started += _of_one(found, at, source, target, provider)
        except ReconcilerError as error:
            done.errors.append(f"{found.key}: {error.message}")
    return done


def _of_one(
    live: LiveSchedule, at: datetime, source: KnownRuns, target: KnownRuns, provider: Provider
) -> list[str]:
    since, now = at - _INSTANT, datetime.now(UTC)
    made = _there_since(live)
    due = [one for one in provider.next_fires(live.schedule, since, now, since) if one < made]
    if not due:
        return []
    ran = {
        run.due_at
        for known in (source, target)
        for run in known.runs_of(live.key.name, since)
        if run.cause in _BY_TIME
    }
    started = []
    for one in due:
        if one not in ran:
            run = target.backfill(live, PastFire(one), now)
            started += [] if run is None else [run]
    return started


def _there_since(live: LiveSchedule) -> datetime:
    """Since when it can have fired as it does now."""
    moments = [one for one in (live.created_at, live.modified_at) if one is not None]
    return max(moments, default=datetime.now(UTC))
