"""Live schedules and what is known of the past -> audits, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.audit.records import RunRecord, ScheduleAudit
from reconciler.audit.timeline import Applied, periods_of
from reconciler.audit.verdicts import TOLERANCE, Firing, judge
from reconciler.model import LiveSchedule


def audit(
    live: Iterable[LiveSchedule],
    applied: Mapping[str, Sequence[Applied]],
    runs_of: Callable[[str, datetime], Sequence[RunRecord]],
    *,
    since: datetime,
    now: datetime,
    firing: Firing,
    tolerance: timedelta = TOLERANCE,
) -> Iterator[ScheduleAudit]:
    """One for each schedule, as they come. `applied`: by name, changes that were made to it, the
    oldest first; `runs_of`: the runs of a schedule since an instant.
    """
    for one in live:
        name = one.key.name
        periods = periods_of(one, applied.get(name, ()), since, now)
        runs = runs_of(name, since)
        yield judge(one.key, periods, runs, firing=firing, tolerance=tolerance)
