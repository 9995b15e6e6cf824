"""Which fires of the past have no run: what `backfill` plans."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reconciler.audit.audit import audit
from reconciler.audit.records import Verdict
from reconciler.cli.past_changes import past_changes
from reconciler.cli.running.known_runs import KnownRuns
from reconciler.cli.session import Session
from reconciler.cli.state_options import state_of
from reconciler.config import Target
from reconciler.errors import ReconcilerError
from reconciler.model import Cron, DatastoreChange, LiveSchedule, Recurrence, Schedule, Trigger
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import PastFire
from reconciler.workspace.datastores.datastore import WatchError

_FILLED_IN = timedelta(minutes=2)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PastFires:
    """Of one schedule in one span."""

    to_run: tuple[PastFire, ...]
    """Those without a run, the oldest first."""
    ran: int
    """How many are left out: they have a run, or were not to fire then."""


def past_fires(
    session: Session,
    target: Target,
    live: LiveSchedule,
    known: KnownRuns,
    since: datetime,
    until: datetime,
    *,
    missing_only: bool,
    state: str | None,
) -> PastFires:
    """From `since` (inclusive) to `until` (exclusive). `missing_only`: what an audit finds missing
    alone, by what live schedule and history say of what it was then. ReconcilerError.
    """
    provider = session.provider(target)
    try:
        files = known.past_files(live, since, until)
    except WatchError as error:
        raise ReconcilerError(f"the folder cannot be listed: {error}") from error
    if isinstance(live.schedule.trigger, DatastoreChange):
        found = [PastFire(file.modified or since, file) for file in files]
        new = tuple(fire for fire in found if not known.has_run(live, fire))
        return PastFires(new, len(found) - len(new))
    begin = since - _INSTANT
    due = [
        at
        for at in provider.next_fires(
            _as_of_the_past(live), begin, until, _counted_from(live, begin)
        )
        if at < until
    ]
    ran = {
        run.due_at
        for run in known.runs_of(live.key.name, begin)
        if run.cause in ("time", "backfill")
    }
    if missing_only:
        missing = _missing(session, target, provider, known, live, begin, state)
        to_run = [at for at in due if at in missing]
    else:
        to_run = [at for at in due if at not in ran]
    return PastFires(tuple(PastFire(at) for at in to_run), len(due) - len(to_run))


def _as_of_the_past(live: LiveSchedule) -> Schedule:
    """Without a start that is when it was made: Azure fills that in, and nobody asked for it."""
    schedule, trigger = live.schedule, live.schedule.trigger
    if isinstance(trigger, DatastoreChange) or trigger.start_time is None or _counts(trigger):
        return schedule
    start = trigger.start_time.replace(tzinfo=ZoneInfo(trigger.time_zone))
    if live.created_at is None or abs(start - live.created_at) > _FILLED_IN:
        return schedule
    return replace(schedule, trigger=replace(trigger, start_time=None))


def _counts(trigger: Trigger) -> bool:
    """Whether its fires depend on its start, and not on the calendar alone."""
    if isinstance(trigger, Recurrence):
        return trigger.interval != 1 or trigger.pattern is None
    return not isinstance(trigger, Cron)


def _counted_from(live: LiveSchedule, since: datetime) -> datetime:
    """What is counted from, where the trigger has no start: from when the schedule was made, before
    which there is no such fire; a trigger that does not count at all fires before that too.
    """
    return (live.created_at if _counts(live.schedule.trigger) else None) or since


def _missing(
    session: Session,
    target: Target,
    provider: Provider,
    known: KnownRuns,
    live: LiveSchedule,
    since: datetime,
    state: str | None,
) -> set[datetime]:
    with closing(state_of(session.config, state, readonly=True)) as opened:
        applied = past_changes(opened, target.name, {live.key.name}, since)
    [found] = audit(
        [live], applied, known.runs_of, since=since, now=session.now,
        firing=provider.firing_trigger,
    )  # fmt: skip
    return {one.at for one in found.judged if one.verdict is Verdict.MISSING}
