"""Fires that were expected beside runs that there were -> what became of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from reconciler.audit.records import Judged, Period, RunRecord, ScheduleAudit, Verdict
from reconciler.firing import next_fires
from reconciler.model import DatastoreChange, Key, Schedule, Trigger

TOLERANCE = timedelta(minutes=5)
"""How late a run may begin without being called late."""
_EARLY = timedelta(minutes=1)
"""How much before its instant a run may seem to begin, by another clock."""
_MOMENT = timedelta(seconds=1)
"""How long nobody has to know for it to be said: an apply that changed something took less."""
_ENDED = {"Failed": Verdict.FAILED, "Canceled": Verdict.CANCELED}
Firing = Callable[[Schedule], Trigger | None]
"""The trigger by which a target really fires a schedule; None: that cannot be told."""


def judge(
    key: Key,
    periods: Sequence[Period],
    runs: Iterable[RunRecord],
    *,
    firing: Firing,
    tolerance: timedelta = TOLERANCE,
) -> ScheduleAudit:
    """What became of every fire within `periods`, the last of which ends now.

    A run that says which instant it is the run of is held against just that; another one against
    the last fire before it began. Runs in a span of which nothing is known are left out.
    """
    expected: list[datetime] = []
    unknown: list[tuple[datetime, datetime]] = []
    foretold = True
    for period in periods:
        fires = _fires(period, firing)
        if fires is None:
            unknown.append((period.since, period.until))
            foretold = foretold and not _follows_files(period)
        else:
            expected += fires
    now = periods[-1].until
    of: dict[datetime, list[RunRecord]] = {at: [] for at in expected}
    others: list[Judged] = []
    for run in runs:
        if run.cause == "manual" or (run.cause == "backfill" and run.due_at not in of):
            others.append(Judged(run.began_at, Verdict.BY_HAND, (run.name,)))
            continue
        if run.cause == "data":
            others.append(
                Judged(run.began_at, _ENDED.get(run.status, Verdict.ON_TIME), (run.name,))
            )
            continue
        due = run.due_at if run.due_at is not None else _last_before(expected, run.began_at)
        if due is not None and due in of:
            of[due].append(run)
        elif not _within(unknown, run.due_at or run.began_at):
            others.append(Judged(run.began_at, Verdict.UNEXPECTED, (run.name,)))
    judged = [_of_fire(at, ran, now, tolerance) for at, ran in of.items()]
    if others:
        judged = sorted([*judged, *others], key=lambda one: (one.at, one.runs))
    return ScheduleAudit(
        key,
        "".join([one.verdict.value for one in judged]),
        tuple([one for one in judged if one.verdict is not Verdict.ON_TIME]),
        tuple([one for one in _joined(unknown) if one[1] - one[0] >= _MOMENT]),
        foretold,
    )


def _fires(period: Period, firing: Firing) -> list[datetime] | None:
    """None: nobody knows."""
    if not period.known:
        return None
    schedule = period.schedule
    if schedule is None or not schedule.enabled:
        return []
    trigger = firing(schedule)
    if trigger is None or isinstance(trigger, DatastoreChange):
        return None
    return list(next_fires(trigger, period.since, period.until, period.created))


def _follows_files(period: Period) -> bool:
    return period.schedule is not None and isinstance(period.schedule.trigger, DatastoreChange)


def _last_before(expected: Sequence[datetime], began_at: datetime) -> datetime | None:
    index = bisect_right(expected, began_at + _EARLY)
    return expected[index - 1] if index else None


def _within(spans: Iterable[tuple[datetime, datetime]], at: datetime) -> bool:
    return any(since < at <= until for since, until in spans)


def _of_fire(
    at: datetime, runs: Sequence[RunRecord], now: datetime, tolerance: timedelta
) -> Judged:
    if not runs:
        return Judged(at, Verdict.MISSING if now - at > tolerance else Verdict.WAITING)
    if len(runs) > 1:
        return Judged(at, Verdict.DOUBLED, tuple(run.name for run in runs))
    ((name, _, status, began_at, _, _),) = runs
    if status == "Forgotten":
        return Judged(at, Verdict.RAN, (name,))
    begun = status != "NotStarted"
    late_by = (began_at if begun else now) - at
    if late_by > tolerance:
        return Judged(at, _ENDED.get(status, Verdict.LATE), (name,), late_by)
    return Judged(at, _ENDED.get(status, Verdict.ON_TIME if begun else Verdict.WAITING), (name,))


def _joined(spans: Sequence[tuple[datetime, datetime]]) -> Iterable[tuple[datetime, datetime]]:
    """Spans that touch as one."""
    joined: list[tuple[datetime, datetime]] = []
    for since, until in spans:
        if joined and joined[-1][1] >= since:
            joined[-1] = (joined[-1][0], until)
        else:
            joined.append((since, until))
    return joined
