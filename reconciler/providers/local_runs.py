"""The runs of an embedded workspace: those that there were, and those of the past to be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from reconciler.audit.records import RunRecord, RunStatus
from reconciler.model import DatastoreChange, Schedule, Trigger
from reconciler.providers.capabilities import PastFire
from reconciler.system.workspace_files import folder_beside
from reconciler.workspace.datastores.changes import Listed, changed_within
from reconciler.workspace.datastores.datastore import Datastore, WatchError
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.moving.brought import Brought, bring_runs
from reconciler.workspace.store.records import Fire, new_run
from reconciler.workspace.store.runs import Runs


def recorded_runs(database: Database, schedule: str, since: datetime) -> list[RunRecord]:
    """Those of a schedule that were made or due since then, the forgotten ones too. StoreError."""
    rows = Runs(database).of_schedule(schedule, since)
    fires = Ledger(database).runs_since(schedule, since)
    known = {row[0] for row in rows}
    found = [
        RunRecord(name, schedule, cast(RunStatus, status), begun, due, cause)
        for name, status, cause, due, begun in rows
    ]
    found += [
        RunRecord(name, schedule, "Forgotten", due_at, due_at, "time" if by_time else "data")
        for name, due_at, by_time in fires
        if name not in known
    ]
    return found


def files_within(
    trigger: Trigger, places: Mapping[str, Datastore], since: datetime, until: datetime
) -> Sequence[Listed]:
    """The files that changed in the folder of a trigger from `since` (inclusive) to `until`
    (exclusive), the oldest first; none of a trigger by time. WatchError.
    """
    if not isinstance(trigger, DatastoreChange):
        return ()
    place = places.get(trigger.datastore)
    if place is None:
        raise WatchError(f'the target has no datastore "{trigger.datastore}"')
    return changed_within(place.list(trigger.path_on_datastore), since, until)


def has_run(database: Database, schedule: Schedule, fire: PastFire) -> bool:
    """Whether the ledger has a run of it. StoreError."""
    return Ledger(database).has_run(_fire(schedule, fire))


def backfill(database: Database, schedule: Schedule, fire: PastFire, now: datetime) -> str | None:
    """Record a fire of the past and its run; its name, or None where it had one. StoreError.

    A run for a file has the place in the ledger that the engine's own would have.
    """
    return Ledger(database).backfill(_fire(schedule, fire), now)


def brought_runs(here: Database, there: Database, schedule: str, target: str) -> Brought:
    """Bring the ended runs of a schedule from another workspace. StoreError."""
    from reconciler.workspace.engine.executor import run_folder

    folder = folder_beside(there.path.absolute(), "runs")
    return bring_runs(here, there, schedule, target, lambda run: run_folder(folder, run))


def _fire(schedule: Schedule, fire: PastFire) -> Fire:
    file = fire.file
    key = fire.due_at.isoformat() if file is None else f"{file.key}\n{file.stamp}"
    run = new_run(schedule, "backfill", fire.due_at, file)
    return Fire(schedule.key.name, key, fire.due_at, run)
