"""How the runs of each schedule and day went, kept between requests for as long as it is worth.

Of a small workspace they are read each time; of one with thousands of schedules, where that takes a
tenth of a second, seldom enough to take no more than a fraction of a percent of a core.
"""

from __future__ import annotations

import threading
import time
from datetime import date, datetime, timedelta

from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.listings.outcomes import DayCount, Outcomes, Record

_WORTH = 300
"""They are kept so many times as long as reading them took."""
_LONGEST = timedelta(minutes=1)
_SHORT = timedelta(milliseconds=20)
"""What takes less is read each time."""


class KeptRecords:
    """The records of one workspace. May be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: date | None = None
        self._until: datetime | None = None
        self._kept: tuple[list[Record], list[DayCount]] = [], []

    def since(
        self, workspace: Workspace, first: date, now: datetime
    ) -> tuple[list[Record], list[DayCount]]:
        """The records since a day, and the days, a minute old at most."""
        with self._lock:
            if self._of != first or self._until is None or now >= self._until:
                begin = time.thread_time()
                outcomes = Outcomes(workspace.store.database)
                self._kept = outcomes.records(first), outcomes.days(first)
                took = timedelta(seconds=time.thread_time() - begin)
                self._of = first
                self._until = now + min(_LONGEST, _WORTH * took) if took > _SHORT else None
            return self._kept
