"""How far schedules of an embedded workspace have followed their folders, for other targets."""

from __future__ import annotations

from datetime import datetime

from reconciler.model import DatastoreChange, LiveSchedule
from reconciler.providers.capabilities import DataCursor
from reconciler.workspace.store.database import Database
from reconciler.workspace.store.ledger import Ledger


def data_cursor(database: Database, live: LiveSchedule) -> DataCursor | None:
    """See KeepsCursors. StoreError."""
    folder, known = _folder(live), Ledger(database).kept_cursor(live.key.name)
    if folder is None or known is None:
        return None
    of, cursor = known
    since, found = cursor.since, of
    if since is None:
        moment, _, found = of.partition(" ")
        since = datetime.fromisoformat(moment)
    return DataCursor(found, since, cursor.seen) if found == folder else None


def put_data_cursor(
    database: Database, live: LiveSchedule, cursor: DataCursor, now: datetime
) -> None:
    """See KeepsCursors: the schedule need not be there yet. StoreError."""
    if cursor.folder == _folder(live):
        name = live.key.name
        Ledger(database).carry_in(name, cursor.folder, cursor.since, cursor.seen, now)


def _folder(live: LiveSchedule) -> str | None:
    trigger = live.schedule.trigger
    if not isinstance(trigger, DatastoreChange):
        return None
    return f"{trigger.datastore}/{trigger.path_on_datastore}"
