"""When a recurrence fires: the rules of Azure ML schedules.

They are documented in "Schedule machine learning pipeline jobs" and, for the Logic Apps that run
them, "Schedules for recurring triggers in Azure Logic Apps"; what happens at the start with a
pattern, in the docstring of ScheduleRecurrence of azureml-pipeline-core.

Everything is counted from the *anchor*: start_time, or without one the creation of the schedule.

- Minutes and hours are elapsed time from the anchor; clock changes do not touch them. Azure has no
  pattern for them; if there is one the linter refuses it, and here it is ignored.
- Days, weeks and months are wall time in the zone. The pattern chooses every hour with every
  minute; hours or minutes that it leaves out are the anchor's. Seconds are 0 with a pattern, else
  the anchor's.
- Which days: those of every `interval`-th day, week (from Monday) or month, counted from the
  anchor's, that are one of week_days or of month_days. Given both, either is enough: that is cron's
  rule for its two day fields, and no day that one of them alone would give is lost. Given none: the
  anchor's week day, its day of the month, or for days every one.
- Day 29, 30 or 31 is left out of months without it, never moved to another.
- Without a pattern the anchor is the first fire. With one, fires are strictly after the anchor,
  even if it matches itself. A pattern in which nothing is set is none (the SDK sends empty lists).
- Missed fires are not made up for: the next one is the next multiple, or pattern time, from now.
- end_time is inclusive.

Intervals are 1 or more, as the schema has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache

from reconciler.firing.clocks.instants import (
    DAY,
    EPOCH_ORDINAL,
    FIRST_DAY,
    HOUR,
    LAST,
    LAST_DAY,
    MINUTE,
    NEVER,
    Advance,
    fire_after,
    fires_between,
    seconds,
    wall_seconds,
)
from reconciler.firing.clocks.offsets import NextWall, clock
from reconciler.firing.rules.days import (
    NextDay,
    every_nth_day,
    every_nth_month,
    every_nth_week,
    month_mask,
    next_wall,
    only,
    times_of_day,
    weekday_numbers,
)
from reconciler.model import Pattern, Recurrence

_ELAPSED = {"minute": MINUTE, "hour": HOUR}
_NO_PATTERN = Pattern()


def effective_pattern(recurrence: Recurrence) -> Pattern | None:
    """The pattern that counts: None for minutes and hours, and if nothing in it is set."""
    pattern = recurrence.pattern
    if pattern is None or recurrence.frequency in _ELAPSED:
        return None
    is_set = pattern.hours or pattern.minutes or pattern.week_days or pattern.month_days
    return pattern if is_set else None


def has_open_start(recurrence: Recurrence) -> bool:
    """Whether it has a pattern and no start: what it does on its creation is the target's matter.

    Azure's v1 runs it at once and then by the pattern (ScheduleRecurrence of
    azureml-pipeline-core: without a start_time the first workload is run immediately); of v2 its
    documentation says both. Here it waits for its first time.
    """
    return recurrence.start_time is None and effective_pattern(recurrence) is not None


@lru_cache(maxsize=16384)
def advance(recurrence: Recurrence, created: datetime) -> Advance:
    """The walk along a recurrence that was created then.

    Kept, because whoever asks for the next fire of a schedule will ask again.
    """
    zone = clock(recurrence.time_zone)
    first, last = bounds(recurrence, created)
    interval = elapsed_interval(recurrence)
    if interval is not None:
        return _every(interval, first, last)

    fires_first = effective_pattern(recurrence) is None
    search = wall_times(recurrence, anchor_of(recurrence, created))

    def step(instant: int) -> int:
        if instant < first:
            if fires_first:
                return first if first <= last else NEVER
            instant = first
        found = zone.next(instant, search)
        return found if found <= last else NEVER

    return step


def bounds(recurrence: Recurrence, created: datetime) -> tuple[int, int]:
    """The anchor, and the last instant at which it may fire."""
    zone = clock(recurrence.time_zone)
    start, end = recurrence.start_time, recurrence.end_time
    first = seconds(created) if start is None else zone.instant(wall_seconds(start))
    return first, LAST if end is None else min(LAST, zone.instant(wall_seconds(end)))


def anchor_of(recurrence: Recurrence, created: datetime) -> int:
    """The anchor on the clock of its zone."""
    if recurrence.start_time is not None:
        return wall_seconds(recurrence.start_time)
    first = seconds(created)
    return first + clock(recurrence.time_zone).offset(first)


def elapsed_interval(recurrence: Recurrence) -> int | None:
    """The seconds from one fire to the next, for minutes and hours; None for the others."""
    unit = _ELAPSED.get(recurrence.frequency)
    return None if unit is None else unit * recurrence.interval


def _every(interval: int, first: int, last: int) -> Advance:
    def step(instant: int) -> int:
        found = first if instant < first else instant + interval - (instant - first) % interval
        return found if found <= last else NEVER

    return step


def wall_times(recurrence: Recurrence, anchor: int) -> NextWall:
    """The wall times of a recurrence in days, weeks or months; `anchor` is a wall time too."""
    return next_wall(*days_and_times(recurrence, anchor))


def days_and_times(recurrence: Recurrence, anchor: int) -> tuple[NextDay, tuple[int, ...]]:
    """The search for its days, and its times of day: what its wall times are made of.

    The days go on before the anchor; equal ones have one search, whatever the anchors.
    """
    pattern = effective_pattern(recurrence) or _NO_PATTERN
    return _next_day(recurrence, pattern, anchor // DAY), times(recurrence, anchor)


def times(recurrence: Recurrence, anchor: int) -> tuple[int, ...]:
    """Its times of day, in seconds."""
    pattern, time = effective_pattern(recurrence), anchor % DAY
    if pattern is None:
        return (time,)
    hours = pattern.hours or (time // HOUR,)
    return times_of_day(hours, pattern.minutes or (time % HOUR // MINUTE,))


def _next_day(recurrence: Recurrence, pattern: Pattern, anchor: int) -> NextDay:
    interval, month_days = recurrence.interval, pattern.month_days
    weekdays = weekday_numbers(pattern.week_days)
    if recurrence.frequency == "day":
        days = every_nth_day(anchor % interval, interval)
        if weekdays or month_days:
            # Without month_days, what has not come within seven steps is not of their week days.
            mask = month_mask(month_days, weekdays)
            days = only(days, mask) if month_days else only(days, mask, 7)
        return days
    if recurrence.frequency == "week":
        # A Monday of that week, or of one that comes as well.
        monday = (anchor + 3) // 7 % interval * 7 - 3
        if month_days:
            week = every_nth_week(monday, interval, tuple(range(7)))
            return only(week, month_mask(month_days, weekdays))
        return every_nth_week(monday, interval, weekdays or ((anchor + 3) % 7,))
    at = date.fromordinal(max(FIRST_DAY, min(anchor, LAST_DAY)) + EPOCH_ORDINAL)
    if not weekdays and not month_days:
        month_days = (at.day,)
    month = at.year * 12 + at.month - 1
    return every_nth_month(month % interval, interval, month_mask(month_days, weekdays))


def fires(
    recurrence: Recurrence, after: datetime, until: datetime, created: datetime
) -> Iterator[datetime]:
    """The fires after `after`, up to and with `until`."""
    return fires_between(advance(recurrence, created), after, until)


def next_fire(recurrence: Recurrence, after: datetime, created: datetime) -> datetime | None:
    """The first fire after `after`."""
    return fire_after(advance(recurrence, created), after)
