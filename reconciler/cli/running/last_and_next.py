"""The last run of each live schedule and its next fire, as `status` shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.cli.running.target_runs import runs_of
from reconciler.cli.session import Session
from reconciler.cli.workspace_target import Workspace
from reconciler.config import Target
from reconciler.model import DatastoreChange, Key, LiveSchedule
from reconciler.providers import has_agent
from reconciler.providers.base import Provider
from reconciler.workspace.store.records import RunRow

_FAR = timedelta(days=366)
"""Within this the next fire is looked for."""
_NEAR = timedelta(days=180)
_NONE = "-"
AROUND = ("LAST RUN (UTC)", "NEXT (UTC)")
"""The heads of the columns that `around_words` fills."""


@dataclass(frozen=True, slots=True)
class Runs:
    """`last`: where the runs of a target are at hand; `following`: None: nothing is foretold."""

    last: RunRow | None
    following: datetime | None
    on_change: bool = False
    """It fires when a file changes."""


def runs_around(
    session: Session,
    target: Target,
    provider: Provider,
    live: Sequence[LiveSchedule],
    holds: Mapping[Key, datetime],
) -> dict[Key, Runs]:
    """By schedule. `holds`: when what is disabled by one comes back. Runs are those of an embedded
    workspace and, in Azure, those that an agent submits for changed files: elsewhere each would be
    a request for what Azure shows itself.
    """
    workspace = Workspace(session, target) if target.provider == "local" else None
    if workspace is not None and not workspace.path.exists():
        workspace = None
    agent = runs_of(session, target) if has_agent(target.options) else None
    found: dict[Key, Runs] = {}
    for one in live:
        last = None
        on_change = one.schedule.enabled and isinstance(one.schedule.trigger, DatastoreChange)
        if workspace is not None:
            with workspace.errors():
                last = next(iter(workspace.runs.newest(schedule=one.key.name, limit=1)), None)
        elif agent is not None and isinstance(one.schedule.trigger, DatastoreChange):
            last = next(iter(agent.newest(schedule=one.key.name, limit=1)), None)
        until = holds.get(one.key) if not one.schedule.enabled else None
        found[one.key] = Runs(last, _following(session, provider, one, until), on_change)
    return found


def _following(
    session: Session, provider: Provider, live: LiveSchedule, held_until: datetime | None
) -> datetime | None:
    """As `next` has it: one that is held is taken to come back when its hold ends."""
    if not live.schedule.enabled and held_until is None:
        return None
    begin = max(session.now, held_until) if held_until is not None else session.now
    try:
        fires = provider.next_fires(live.schedule, begin, begin + _FAR, live.created_at)
        return next(iter(fires), None)
    except OverflowError:
        return None


def around_words(runs: Runs | None, now: datetime) -> tuple[str, str]:
    """`Completed 11-28 05:11` and `11-29 02:00`; a year is said of what is far away."""
    if runs is None:
        return _NONE, _NONE
    last, at = runs.last, runs.following
    said = f"{last.status} {last.started_at or last.created_at:%m-%d %H:%M}" if last else _NONE
    following = f"{at:%m-%d %H:%M}" if at else "on a change" if runs.on_change else _NONE
    following = f"{at:%Y-}{following}" if at and at - now > _NEAR else following
    return said, following


def around_document(runs: Runs | None) -> dict[str, object]:
    """The same for machines."""
    last = runs.last if runs is not None else None
    at = runs.following if runs is not None else None
    return {
        "last_run": None
        if last is None
        else {
            "name": last.name,
            "status": last.status,
            "started_at": last.started_at.isoformat() if last.started_at else None,
        },
        "next": at.isoformat() if at is not None else None,
    }
