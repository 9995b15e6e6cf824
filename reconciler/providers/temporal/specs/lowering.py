"""A trigger -> when Temporal wakes it. Pure.

Temporal's calendars fire as ours do but for clock changes: it leaves out a time that the clock
skips and takes the second of two where it repeats one, so a time of day that no change touches is
said in its own zone. Everything else is said in UTC and more coarsely: every fire is among the
wakes, and whoever is woken asks `next_fires`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache

from reconciler.firing.clocks.instants import DAY, HOUR, MINUTE, seconds, wall_seconds
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.recurrence import (
    anchor_of,
    effective_pattern,
    elapsed_interval,
)
from reconciler.model import Cron, DatastoreChange, Recurrence
from reconciler.providers.temporal.specs.days import (
    ALL_DAYS,
    ALL_MONTHS,
    ALL_WEEK_DAYS,
    Box,
    Days,
    days_and_times,
)
from reconciler.providers.temporal.specs.spec import Calendar, Interval, Lowered, Spec, ranges

_SINCE = seconds(datetime(2020, 1, 1, tzinfo=UTC))
_UNTIL = seconds(datetime(2100, 1, 1, tzinfo=UTC))
"""Fires from then until then are exact. Past the last change that a zone's file writes out, it goes
on by one rule, so that these years show all that a zone does."""
_LAST = seconds(datetime(9999, 12, 31, tzinfo=UTC))
_ENDS_OF_MONTHS = (28, 29, 30, 31)


def lower(trigger: Recurrence | Cron, created: datetime) -> Lowered:
    """`created`: what one without a start counts from."""
    start, end = _bounds(trigger)
    if isinstance(trigger, Recurrence) and (every := elapsed_interval(trigger)) is not None:
        first = seconds(created) if trigger.start_time is None else _instant(trigger, "start_time")
        return Lowered(Spec(intervals=(Interval(every, first % every),), start=start, end=end))
    anchor = anchor_of(trigger, created) if isinstance(trigger, Recurrence) else 0
    days, times = days_and_times(trigger, anchor)
    if not times or not days.boxes:
        return Lowered(Spec(start=start, end=end))  # it never fires; no calendar never wakes
    zone = trigger.time_zone
    if isinstance(trigger, Cron) and _is_every_hour(trigger, days):
        fields, shifts = parse(trigger.expression), {one % HOUR for one in _offsets(zone)}
        if fields is not None and len(shifts) == 1:
            [shift] = shifts
            minutes = [(minute * MINUTE - shift) % HOUR // MINUTE for minute in fields.minutes]
            box = _calendar(Box(), range(24), minutes, 0)
            return Lowered(Spec((box,), start=start, end=end))
    why = days.inexact or _touched(zone, times)
    if why is None:
        hours = {time // HOUR for time in times}
        minutes = sorted({time % HOUR // MINUTE for time in times})
        made = tuple(_calendar(box, hours, minutes, times[0] % MINUTE) for box in days.boxes)
        return Lowered(Spec(made, time_zone=zone, start=start, end=end))
    return Lowered(Spec(tuple(_cover(days, times, _offsets(zone))), start=start, end=end), why)


def lower_looks(trigger: DatastoreChange, name: str) -> Spec:
    """When the schedule `name` looks at its folder: at a time of its own, not all at once."""
    every = trigger.polling_interval * MINUTE
    return Spec(intervals=(Interval(every, zlib.crc32(name.encode()) % every),))


def _bounds(trigger: Recurrence | Cron) -> tuple[int | None, int | None]:
    start = end = None
    if trigger.start_time is not None:
        start = _instant(trigger, "start_time")
        if isinstance(trigger, Cron) or effective_pattern(trigger) is not None:
            start += 1  # it fires strictly after its start
        start = min(start, _LAST) if start > _SINCE else None
    if trigger.end_time is not None:
        end = max(_SINCE - 1, min(_LAST, _instant(trigger, "end_time")))
    return start, end


def _instant(trigger: Recurrence | Cron, name: str) -> int:
    return clock(trigger.time_zone).instant(wall_seconds(getattr(trigger, name)))


def _is_every_hour(trigger: Cron, days: Days) -> bool:
    fields = parse(trigger.expression)
    return fields is not None and fields.is_hourly and days == Days((Box(),))


# ------------------------------------------------------------------------------------------- zones


@lru_cache(maxsize=1024)
def _offsets(zone: str) -> frozenset[int]:
    """Every offset from UTC that the zone has in those years."""
    known = clock(zone)
    return frozenset(
        [known.offset(_SINCE), *(change.after for change in known.changes(_SINCE, _UNTIL))]
    )


@lru_cache(maxsize=1024)
def _changing(zone: str) -> frozenset[tuple[int, int]]:
    """The spans of times of day, as (start, length), at which Temporal goes wrong on the day of a
    change: what that skips or repeats, and as much before and after. One at midnight takes the
    whole day, for Temporal has it on the week day before.
    """
    spans = set()
    for at, before, after in clock(zone).changes(_SINCE, _UNTIL):
        start, length = (at + min(before, after)) % DAY, abs(after - before)
        if start == 0 or start + length >= DAY:
            return frozenset([(0, DAY)])
        spans.add((start - length, 3 * length))
    return frozenset(spans)


def _touched(zone: str, times: Iterable[int]) -> str | None:
    spans = _changing(zone)
    for time in times:
        if any((time - start) % DAY < length for start, length in spans):
            return "a time of day that clock changes touch"
    return None


# ---------------------------------------------------------------------------------------- covering


def _cover(days: Days, times: Iterable[int], offsets: Iterable[int]) -> Iterator[Calendar]:
    """Calendars in UTC: the times at every offset, on the days that these fall on there."""
    found: dict[tuple[int, int], dict[int, set[int]]] = {}
    for time in times:
        for offset in offsets:
            shift, utc = divmod(time - offset, DAY)
            by_hour = found.setdefault((shift, utc % MINUTE), {})
            by_hour.setdefault(utc // HOUR, set()).add(utc % HOUR // MINUTE)
    for (shift, second), by_hour in sorted(found.items()):
        alike: dict[tuple[int, ...], list[int]] = {}
        for hour, minutes in sorted(by_hour.items()):
            alike.setdefault(tuple(sorted(minutes)), []).append(hour)
        for box in days.boxes:
            for same, hours in alike.items():
                yield _calendar(_shifted(box, shift), hours, same, second)


def _shifted(box: Box, shift: int) -> Box:
    """The days before or after those of a box, and, where months meet, some more."""
    if shift == 0:
        return box
    days = {day + shift for day in box.month_days} & ALL_DAYS
    edge = box.month_days & ({1} if shift < 0 else set(_ENDS_OF_MONTHS))
    if edge:
        days |= set(_ENDS_OF_MONTHS) if shift < 0 else {1}
    months = {(month - 1 + shift) % 12 + 1 for month in box.months} | box.months
    return Box(
        frozenset(days),
        frozenset((day + shift) % 7 for day in box.week_days),
        frozenset(months) if edge else box.months,
    )


def _calendar(box: Box, hours: Iterable[int], minutes: Iterable[int], second: int) -> Calendar:
    assert box.month_days <= ALL_DAYS
    assert box.week_days <= ALL_WEEK_DAYS
    assert box.months <= ALL_MONTHS
    return Calendar(
        ranges([second]),
        ranges(minutes),
        ranges(hours),
        ranges(box.month_days),
        ranges(box.months),
        ranges((day + 1) % 7 for day in box.week_days),
    )
