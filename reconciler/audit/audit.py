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
    """One for each schedule, as they come. `applied`: by name, changes that were made to it, under
    the names that it had, the oldest first; `runs_of`: the runs of a schedule since an instant.
    """
    for one in live:
        name = one.key.name
        changes = applied.get(name, ())
        periods = periods_of(one, changes, since, now)
        runs = {run.name: run for run in runs_of(name, since)}
        for old, until in _old_names(name, changes):
            if until >= since:
                # A target that renames nothing leaves them where they were.
                runs |= {
                    run.name: run
                    for run in runs_of(old, since)
                    if (run.due_at or run.began_at) <= until and run.name not in runs
                }
        yield judge(one.key, periods, runs.values(), firing=firing, tolerance=tolerance)


def _old_names(name: str, changes: Sequence[Applied]) -> Iterator[tuple[str, datetime]]:
    """Those that it had, each with the end of the change that gave it another."""
    for one in reversed(changes):
        if one.before is not None and one.before.key.name != name:
            name = one.before.key.name
            yield name, one.ended_at
