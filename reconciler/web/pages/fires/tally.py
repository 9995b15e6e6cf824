"""How much fires in each minute of the next two weeks: counted once, then only what changed.

Schedules are shared out over SHARES parts, each with a sum of its own, so that a change of one
among 10,000 counts a few dozen again and not all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import reduce
from zlib import crc32

from reconciler.firing.counting.bitsets import span_of
from reconciler.firing.counting.count import raster
from reconciler.plan.impact.heatmap import Heat
from reconciler.web.pages.upcoming_fires import KnownFires

DAYS = 14
QUARTER = 15
"""Minutes: zones differ by whole quarters of an hour."""
COUNTED = timedelta(days=DAYS + 1)
"""The last day of a zone in the west ends later than UTC's."""
_SHARES = 256


class FireTally:
    """The counts of all minutes from a midnight of UTC on. May be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: datetime | None = None
        self._known: dict[str, KnownFires] = {}
        self._shares: dict[int, Heat] = {}
        self._whole = Heat()
        self._quarters: list[int] = []

    def of(self, known: Iterable[KnownFires], first: datetime) -> tuple[Heat, list[int]]:
        """The counts by minute from `first`, a midnight of UTC, and by quarter of an hour."""
        with self._lock:
            wanted = {one.name: one for one in known if one.following is not None}
            changed = self._changed(wanted) if self._first == first else set(range(_SHARES))
            if changed:
                self._count(wanted, first, changed)
            self._first, self._known = first, wanted
            return self._whole, self._quarters

    def _changed(self, wanted: Mapping[str, KnownFires]) -> set[int]:
        before = self._known
        names = {name for name, one in wanted.items() if before.get(name) is not one}
        return {_share(name) for name in names | (before.keys() - wanted.keys())}

    def _count(self, wanted: Mapping[str, KnownFires], first: datetime, changed: set[int]) -> None:
        span = span_of(first, first + COUNTED - timedelta(seconds=1))
        self._shares.update((share, Heat()) for share in changed)
        for name, one in wanted.items():
            share = _share(name)
            if share in changed:
                self._shares[share].add(raster(one.trigger, span, one.created_at).bits)
        self._whole = reduce(Heat.plus, self._shares.values(), Heat())
        self._quarters = self._whole.blocks(QUARTER, span.minutes // QUARTER)


def _share(name: str) -> int:
    return crc32(name.encode()) % _SHARES
