"""Fires between two targets: those due while a schedule changed its target that neither ran."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from reconciler.cli.output import say
from reconciler.cli.running.known_runs import KnownRuns, known_runs
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import PastFire
from reconciler.render.plain_text import counted, printable

_INSTANT = timedelta(microseconds=1)
_NOTICED = 3.0
"""Seconds after which whoever fired a schedule has seen that it ended, and settled all of it."""

_SURE = timedelta(seconds=1)
_STARTED = timedelta(seconds=60)
"""By then a schedule that Temporal took is at work."""
CLOSE = timedelta(seconds=10)
"""A moment that is nearer than this may come before the new target is at work."""

Between = Mapping[tuple[str, str, str], datetime]
"""By old target, new target and name: from when on fires may be in neither."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """Fires of one schedule that have no run in either."""

    live: LiveSchedule
    fires: tuple[datetime, ...]


def run_between(session: Session, between: Between) -> list[str]:
    """Run each fire that was due from its moment until its schedule was in the new target, and has
    a run in neither: at most once, however often it is called. What went wrong, in words.
    """
    errors: list[str] = []
    started: list[str] = []
    by_targets: dict[tuple[str, str], dict[str, datetime]] = {}
    for (source, target, name), at in between.items():
        by_targets.setdefault((source, target), {})[name] = at
    for (source, target), moments in sorted(by_targets.items()):
        try:
            started += _between(session, source, target, moments)
        except ReconcilerError as error:
            errors.append(f"fires between {source} and {target}: {error.message}")
    if started:
        say(f"{counted(len(started), 'fire')} between the targets made up for:")
        for run in started:
            say(f"  {printable(run)}")
    return errors


def _between(
    session: Session, source: str, target: str, moments: Mapping[str, datetime]
) -> list[str]:
    old, new = (session.config.target(name) for name in (source, target))
    provider = session.provider(new)
    live = [one for one in provider.list() if one.key.name in moments and one.schedule.enabled]
    by_server = new.provider == "temporal"
    if by_server:
        _wait_for_server(max(moments.values()))
    due = {one.key.name: _due(one, moments[one.key.name], provider, by_server) for one in live}
    if not any(due.values()):
        return []
    both = known_runs(old, session.provider(old)), known_runs(new, provider)
    missing = [_Missing(one, _without_run(one, due[one.key.name], both)) for one in live]
    if any(one.fires for one in missing):
        time.sleep(_NOTICED)
    started = []
    for one in missing:
        for fire in _without_run(one.live, one.fires, both):
            run = both[1].backfill(one.live, PastFire(fire), datetime.now(UTC))
            started += [] if run is None else [run]
    return started


def _wait_for_server(at: datetime) -> None:
    """Temporal answers before a schedule is at work: what is due in between it drops. A backfill
    has the name of the fire, so that one that is only late there is no second run.
    """
    left = (at - datetime.now(UTC)).total_seconds()
    time.sleep(_NOTICED + min(max(left, 0.0), CLOSE.total_seconds()))


def _due(
    live: LiveSchedule, at: datetime, provider: Provider, by_server: bool
) -> tuple[datetime, ...]:
    """What was due before it can have fired as it does now, or was sure to."""
    moments = [one for one in (live.created_at, live.modified_at) if one is not None]
    there = max(moments, default=datetime.now(UTC))
    if by_server:
        there = min(datetime.now(UTC) - _SURE, there + _STARTED)
    since = at - _INSTANT
    fires = provider.next_fires(live.schedule, since, there, since)
    return tuple(one for one in fires if one < there)


def _without_run(
    live: LiveSchedule, fires: tuple[datetime, ...], both: tuple[KnownRuns, KnownRuns]
) -> tuple[datetime, ...]:
    return tuple(
        one for one in fires if not any(known.has_run(live, PastFire(one)) for known in both)
    )
