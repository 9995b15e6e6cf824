"""What is live and what was seen of it -> from when on a folder's changes count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.providers.capabilities import DataWatch
from reconciler.state.data_cursors import FolderCursor

LONGEST_BACKOFF = timedelta(minutes=15)


def followed(
    watches: Iterable[DataWatch], before: Mapping[str, FolderCursor], now: datetime
) -> dict[str, FolderCursor]:
    """How each stands now, where that is another than `before`."""
    found = {watch.name: _followed(watch, before.get(watch.name), now) for watch in watches}
    return {name: one for name, one in found.items() if one != before.get(name)}


def taken_over(
    watches: Iterable[DataWatch], before: Mapping[str, FolderCursor]
) -> dict[str, tuple[str, FolderCursor]]:
    """By name, whose cursor goes on under it, and that: of schedules that were renamed."""
    found = {}
    for watch in watches:
        old = before.get(watch.renamed_from) if watch.renamed_from is not None else None
        if old is None or watch.name in before or old.folder != _folder(watch):
            continue
        asked = watch.since or old.asked
        cursor = replace(old, asked=asked, disabled=not watch.enabled)
        found[watch.name] = (str(watch.renamed_from), cursor)
    return found


def _folder(watch: DataWatch) -> str:
    return f"{watch.trigger.datastore}/{watch.trigger.path_on_datastore}"


def _followed(watch: DataWatch, before: FolderCursor | None, now: datetime) -> FolderCursor:
    folder = _folder(watch)
    asked = watch.since or (before.asked if before is not None else now)
    if before is None or (before.folder, before.asked) != (folder, asked):
        return FolderCursor(folder, asked, asked, disabled=not watch.enabled)
    if not watch.enabled:
        return replace(before, disabled=True)
    if before.disabled:
        # It was switched on by hand, and the schedule does not say when: at its last change.
        since = max(asked, watch.modified_at or now)
        return FolderCursor(folder, since, asked)
    return before


def next_look(
    watch: DataWatch, cursor: FolderCursor, tried_at: datetime | None, failures: int
) -> datetime | None:
    """When its folder is to be listed next; None: at once. `tried_at`: the last time that this
    process tried; `failures`: how often in vain since it was listed.
    """
    interval = timedelta(minutes=watch.trigger.polling_interval)
    if failures and tried_at is not None:
        longer: timedelta = interval * 2 ** min(failures - 1, 10)
        return tried_at + max(interval, min(longer, LONGEST_BACKOFF))
    if not cursor.seen or cursor.looked_at is None:
        return None
    return cursor.looked_at + interval
