"""What the history says was applied to schedules, for an audit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from reconciler.audit.timeline import Applied
from reconciler.document import schedule_from_document
from reconciler.model import Key, Schedule
from reconciler.state import State
from reconciler.state.records import Entry

_PAGE = 200
_DONE = ("created", "updated", "disabled")


def past_changes(
    state: State, target: str, names: Collection[str], since: datetime
) -> dict[str, list[Applied]]:
    """By name, the changes since then and the one before them, the oldest first."""
    found: dict[str, list[Applied]] = defaultdict(list)
    for entry in _entries(state, target, since):
        for name, change in _changes(state, entry):
            if name in names:
                found[name].append(change)
    for name, changes in found.items():
        before = state.history.list(target, schedule=name, changes=True, limit=len(changes) + 1)
        earlier = [entry for entry in before if entry.record.ended_at < since]
        changes += [change for one, change in _of(state, earlier) if one == name][:1]
        changes.reverse()
    return found


def _entries(state: State, target: str, since: datetime) -> Iterator[Entry]:
    """Those that changed something since then, the newest first."""
    before: int | None = None
    while page := state.history.list(target, changes=True, limit=_PAGE, before=before):
        for entry in page:
            if entry.record.ended_at < since:
                return
            yield entry
        before = page[-1].id


def _of(state: State, entries: Collection[Entry]) -> Iterator[tuple[str, Applied]]:
    for entry in entries:
        yield from _changes(state, entry)


def _changes(state: State, entry: Entry) -> Iterator[tuple[str, Applied]]:
    """What was done in one cycle or apply: the name of a schedule, and the change."""
    whole = state.history.show(entry.id)
    if whole is None or whole.record.plan is None:
        return
    record = whole.record
    done = {result.name for result in record.results if result.outcome in _DONE}
    for change in whole.record.plan["changes"]:
        name = change["name"]
        after = _schedule(change["after"], record.target, name)
        if name in done and after is not None:
            before = _schedule(change["before"], record.target, name)
            yield name, Applied(record.started_at, record.ended_at, before, after)


def _schedule(document: Any, target: str, name: str) -> Schedule | None:
    if not isinstance(document, Mapping):
        return None
    try:
        return schedule_from_document(document, Key(target, name))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # of another version, whose words are not known
