"""Fires between two targets: those due while a schedule changed its target that neither ran."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from reconciler.cli.output import say
from reconciler.cli.running.known_runs import KnownRuns, known_runs
from reconciler.cli.session import Session
from reconciler.errors import ReconcilerError
from reconciler.model import LiveSchedule
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import PastFire, RemembersRuns
from reconciler.render.plain_text import counted, printable

_INSTANT = timedelta(microseconds=1)
_NOTICED = 3.0
"""Seconds after which whoever fired a schedule has seen that it ended, and settled all of it."""

_SURE = timedelta(seconds=1)
_STARTED = {"temporal": timedelta(seconds=60), "azureml": timedelta(minutes=10)}
"""By provider of those that answer before a schedule is at work: by then one that they took is."""
_LISTED = timedelta(seconds=30)
"""By then Azure shows the job of a fire, if it made one."""
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
    started_by = _STARTED.get(new.provider)
    begun = max((_there(one, moments[one.key.name]) for one in live), default=None)
    if started_by is not None and begun is not None and begun + started_by > datetime.now(UTC):
        _wait_for_server(max(moments.values()))
    due = {one.key.name: _due(one, moments[one.key.name], provider, started_by) for one in live}
    if not any(due.values()):
        return []
    both = known_runs(old, session.provider(old)), known_runs(new, provider)
    found = (_Missing(one, _without_run(one, due[one.key.name], both)) for one in live)
    missing = [one for one in found if one.fires]
    if missing:
        missing = _after_a_while(missing, both, "azureml" in (old.provider, new.provider))
    started = []
    for one in missing:
        for fire in one.fires:
            run = both[1].backfill(one.live, PastFire(fire), datetime.now(UTC))
            started += [] if run is None else [run]
    return started


def _after_a_while(
    missing: Sequence[_Missing], both: tuple[KnownRuns, KnownRuns], is_azure: bool
) -> list[_Missing]:
    """Of these, what still has no run when whoever fired it has said so."""
    end = max(one.fires[-1] for one in missing) + _LISTED if is_azure else datetime.now(UTC)
    while True:
        time.sleep(_NOTICED)
        for known in both:
            if isinstance(known, RemembersRuns):
                known.forget_runs()
        found = (replace(one, fires=_without_run(one.live, one.fires, both)) for one in missing)
        missing = [one for one in found if one.fires]
        if not missing or datetime.now(UTC) >= end:
            return list(missing)


def _wait_for_server(at: datetime) -> None:
    """It answers before a schedule is at work: what is due in between it drops. In Temporal a
    backfill has the name of the fire, so that one that is only late there is no second run.
    """
    left = (at - datetime.now(UTC)).total_seconds()
    time.sleep(_NOTICED + min(max(left, 0.0), CLOSE.total_seconds()))


def _due(
    live: LiveSchedule, at: datetime, provider: Provider, started_by: timedelta | None
) -> tuple[datetime, ...]:
    """What was due before it can have fired as it does now, or was sure to."""
    there = _there(live, at)
    if started_by is not None:
        there = min(datetime.now(UTC) - _SURE, there + started_by)
    since = at - _INSTANT
    fires = provider.next_fires(live.schedule, since, there, since)
    return tuple(one for one in fires if one < there)


def _there(live: LiveSchedule, at: datetime) -> datetime:
    """When it began where it is: what changed it later than it was made there is something else."""
    made = live.created_at
    if made is not None and made > at:
        return made
    moments = [one for one in (made, live.modified_at) if one is not None]
    return max(moments, default=datetime.now(UTC))


def _without_run(
    live: LiveSchedule, fires: tuple[datetime, ...], both: tuple[KnownRuns, KnownRuns]
) -> tuple[datetime, ...]:
    return tuple(
        one for one in fires if not any(known.has_run(live, PastFire(one)) for known in both)
    )
