"""What the history says was applied to schedules, for an audit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from reconciler.audit.timeline import Applied
from reconciler.document import schedule_from_document
from reconciler.model import Key, Schedule
from reconciler.state import State
from reconciler.state.records import RESUMED, SUSPENDED, Entry

_PAGE = 200
_LOOKED_AT = 20
"""Entries of one schedule, for the last that was applied."""
_DONE = ("created", "updated", "disabled")


class _Switched(NamedTuple):
    """A suspension, or its end: the history has of it that it was, and no schedule."""

    began_at: datetime
    ended_at: datetime
    is_stop: bool


def past_changes(
    state: State, target: str, names: Collection[str], since: datetime
) -> dict[str, list[Applied]]:
    """By name, the changes since then and the one before them, the oldest first, also those under
    names that a schedule had before.
    """
    found: dict[str, list[Applied | _Switched]] = defaultdict(list)
    now = {name: {name} for name in names}
    """By the name that it had at the time that is looked at: what is called so, or another, now."""
    before: int | None = None
    for entry in _entries(state, target):
        if entry.record.ended_at < since:
            before = entry.id + 1
            break
        renamed: dict[str, set[str]] = defaultdict(set)
        for name, change in _changes(state, entry):
            for one in now.get(name, ()):
                found[one].append(change)
            old = change.before.key.name if isinstance(change, Applied) and change.before else name
            if old != name:
                renamed[old] |= now.pop(name, set())
        for old, those in renamed.items():
            now[old] = now.get(old, set()) | those
    if before is not None:
        for name, those in now.items():
            for one in those & found.keys():
                found[one] += _last_before(state, target, name, before)
    return {name: _with_switches(reversed(changes)) for name, changes in found.items()}


def _entries(state: State, target: str) -> Iterator[Entry]:
    """Those that changed something, the newest first."""
    before: int | None = None
    while page := state.history.list(target, changes=True, limit=_PAGE, before=before):
        yield from page
        before = page[-1].id


def _last_before(
    state: State, target: str, name: str, before: int
) -> Iterator[Applied | _Switched]:
    """What was applied last to a schedule, and how it was switched after that, the newest first."""
    for entry in state.history.list(
        target, schedule=name, changes=True, limit=_LOOKED_AT, before=before
    ):
        for one, change in _changes(state, entry):
            if one == name:
                yield change
                if isinstance(change, Applied):
                    return


def _with_switches(changes: Iterable[Applied | _Switched]) -> list[Applied]:
    """The oldest first: what switches made of the schedule that was applied before them."""
    found: list[Applied] = []
    was_enabled: bool | None = None
    """Before it was suspended; None: it is not."""
    for one in changes:
        if isinstance(one, Applied):
            found.append(one)
            was_enabled = None if one.after.enabled else was_enabled
        elif found:
            last = found[-1].after
            was_enabled = last.enabled if was_enabled is None else was_enabled
            after = replace(last, enabled=was_enabled and not one.is_stop)
            found.append(Applied(one.began_at, one.ended_at, last, after))
            was_enabled = was_enabled if one.is_stop else None
    return found


def _changes(state: State, entry: Entry) -> Iterator[tuple[str, Applied | _Switched]]:
    """What was done in one cycle or apply: the name of a schedule, and the change."""
    whole = state.history.show(entry.id)
    if whole is None:
        return
    record = whole.record
    done = {result.name for result in record.results if result.outcome in _DONE}
    if record.plan is None and record.reason in (SUSPENDED, RESUMED):
        is_stop = record.reason == SUSPENDED
        yield from ((n, _Switched(record.started_at, record.ended_at, is_stop)) for n in done)
    if record.plan is None:
        return
    for change in record.plan["changes"]:
        name = change["name"]
        after = _schedule(change["after"], record.target)
        if name in done and after is not None:
            before = _schedule(change["before"], record.target)
            yield name, Applied(record.started_at, record.ended_at, before, after)


def _schedule(document: Any, target: str) -> Schedule | None:
    if not isinstance(document, Mapping):
        return None
    try:
        return schedule_from_document(document, Key(target, document["name"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # of another version, whose words are not known
