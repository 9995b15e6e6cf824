"""Spec <-> what Temporal's API says of when a schedule wakes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from temporalio.api.schedule.v1 import (
    IntervalSpec,
    ScheduleSpec,
    StructuredCalendarSpec,
)
from temporalio.api.schedule.v1 import Range as WireRange

from reconciler.firing.clocks.zones import resolve
from reconciler.model import Cron, Recurrence
from reconciler.providers.temporal.specs.spec import Calendar, Range, Spec

_MINUTE = 60
_EPOCH = datetime(1970, 1, 1)


def spec_to_wire(spec: Spec) -> ScheduleSpec:
    """In just the form in which Temporal answers, so that both can be compared."""
    made = ScheduleSpec(
        structured_calendar=[_calendar(one) for one in spec.calendars],
        timezone_name=spec.time_zone,
    )
    for one in spec.intervals:
        interval = IntervalSpec()
        interval.interval.FromSeconds(one.seconds)
        interval.phase.FromSeconds(one.phase)
        made.interval.append(interval)
    if spec.start is not None:
        made.start_time.FromSeconds(spec.start)
    if spec.end is not None:
        made.end_time.FromSeconds(spec.end)
    return made


def _calendar(calendar: Calendar) -> StructuredCalendarSpec:
    return StructuredCalendarSpec(
        second=_to_wire(calendar.seconds),
        minute=_to_wire(calendar.minutes),
        hour=_to_wire(calendar.hours),
        day_of_month=_to_wire(calendar.month_days),
        month=_to_wire(calendar.months),
        day_of_week=_to_wire(calendar.week_days),
    )


def _to_wire(ranges: Iterable[Range]) -> list[WireRange]:
    return [WireRange(start=start, end=end, step=step) for start, end, step in ranges]


# ------------------------------------------------------------------------------ what others made


def trigger_from_wire(spec: ScheduleSpec) -> Recurrence | Cron | None:
    """The trigger that a spec made by hand comes to; None where the format has no words for it."""
    start = spec.start_time.ToDatetime() if spec.HasField("start_time") else None
    end = spec.end_time.ToDatetime() if spec.HasField("end_time") else None
    zone = resolve(spec.timezone_name or "UTC")
    if spec.exclude_structured_calendar or spec.HasField("jitter") or zone is None:
        return None
    if len(spec.interval) == 1 and not spec.structured_calendar:
        [one] = spec.interval
        every, odd = divmod(one.interval.ToSeconds(), _MINUTE)
        if odd or not every:
            return None
        first = start or _EPOCH
        phase = timedelta(seconds=one.phase.ToSeconds())
        behind = (first - _EPOCH - phase) % timedelta(minutes=every)
        if behind:
            first += timedelta(minutes=every) - behind
        return Recurrence("minute", every, None, first, end)
    if len(spec.structured_calendar) != 1 or spec.interval or (zone != "UTC" and (start or end)):
        return None
    expression = _expression(spec.structured_calendar[0])
    return None if expression is None else Cron(expression, start, end, zone)


def _expression(calendar: StructuredCalendarSpec) -> str | None:
    whole = [_from_wire(calendar.second), calendar.year]
    month_days = _field(calendar.day_of_month, 1, 31)
    week_days = _field(calendar.day_of_week, 0, 6)
    if whole != [[0], []] or (month_days != "*" and week_days != "*"):
        return None
    fields = [_field(calendar.minute, 0, 59), _field(calendar.hour, 0, 23), month_days]
    return " ".join([*fields, _field(calendar.month, 1, 12), week_days])


def _field(ranges: Iterable[WireRange], low: int, high: int) -> str:
    values = _from_wire(ranges)
    return "*" if values == list(range(low, high + 1)) else ",".join(map(str, values))


def _from_wire(ranges: Iterable[WireRange]) -> list[int]:
    values: set[int] = set()
    for one in ranges:
        values.update(range(one.start, max(one.end, one.start) + 1, one.step or 1))
    return sorted(values)
