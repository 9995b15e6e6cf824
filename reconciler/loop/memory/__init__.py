"""What revisions declare for targets, and what a loop remembers of it, within bounds.

A schedule takes more than a KiB of memory, and some ten bytes when it is packed beside others like
it; to unpack it costs a quarter of what a cycle does with it. So a loop over few schedules unpacks
nothing, and one over a million has room for them.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.config import Config, Target
from reconciler.loop.memory.packed import pack, unpack
from reconciler.loop.source import Revision
from reconciler.model import Schedule

UNPACKED = 20_000
"""Schedules that are kept as they are, of all targets together: some 25 MiB."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a revision declares for one target."""

    revision: Revision
    config: Config
    target: Target
    schedules: tuple[Schedule, ...]
    until: datetime | None
    """When a hold ends, and it has to be read again. UTC; None: never by itself."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """`packed`: the schedules, which `declared` is without then."""

    declared: Declared
    packed: bytes | None = None


class Memory:
    """Of each target the revision that is wanted, and the one in force. Threads may share it."""

    def __init__(self, unpacked: int = UNPACKED) -> None:
        self._unpacked = unpacked
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, _Kept]] = {}
        self._counts: dict[str, int] = {}
        """By target, how many schedules are kept as they are."""

    def get(self, name: str, revision_id: str, now: datetime) -> Declared | None:
        """What was kept, unless a hold that it knows has come to its end at `now`."""
        with self._lock:
            found = self._kept.get(name, {}).get(revision_id)
        if found is None or (found.declared.until is not None and now >= found.declared.until):
            return None
        if found.packed is None:
            return found.declared
        return replace(found.declared, schedules=unpack(found.packed))

    def keep(self, declared: Declared) -> None:
        """Keep it, and of its target the one that was kept last before it, and no more."""
        name, revision_id = declared.target.name, declared.revision.id
        with self._lock:
            others = {k: v for k, v in self._kept.get(name, {}).items() if k != revision_id}
            self._set(name, dict(list(others.items())[-1:]))
            fits = sum(self._counts.values()) + len(declared.schedules) <= self._unpacked
            if fits:
                self._set(name, {**self._kept[name], revision_id: _Kept(declared)})
        if not fits:
            packed = _Kept(replace(declared, schedules=()), pack(declared.schedules))
            with self._lock:
                self._set(name, {**self._kept[name], revision_id: packed})

    def settle(self, declared: Declared) -> bool:
        """It is in force and wanted: no other of its target is needed any more. Whether it is kept
        as it is.
        """
        name, revision_id = declared.target.name, declared.revision.id
        with self._lock:
            kept = self._kept.get(name, {})
            if revision_id in kept:
                self._set(name, {revision_id: kept[revision_id]})
            return revision_id in kept and kept[revision_id].declared is declared

    def forget(self, name: str) -> None:
        """The target is gone."""
        with self._lock:
            self._kept.pop(name, None)
            self._counts.pop(name, None)

    def _set(self, name: str, kept: dict[str, _Kept]) -> None:
        self._kept[name] = kept
        self._counts[name] = sum(len(one.declared.schedules) for one in kept.values())
