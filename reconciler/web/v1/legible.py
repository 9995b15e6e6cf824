"""Triggers that v1 has no words for, in the nearest words that it has. Pure.

The SDK reads every schedule of a list or none: `recurrence.frequency` of each, a time zone of its
own enumeration, hours and minutes of days and weeks only (azureml-pipeline-core, schedule.py). So
each is shown in a form that it can read; what a schedule really does is said in its properties,
and a PUT that gives back what was shown changes nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from reconciler.firing.clocks import windows_zones
from reconciler.firing.clocks.zones import WINDOWS, resolve, windows_name, zone
from reconciler.firing.rules.cron_expression import parse
from reconciler.model import Cron, Pattern, Recurrence

_DAYS = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_YEAR = 2026


def legible(trigger: Recurrence | Cron) -> Recurrence:
    """The recurrence of v1 that is nearest: the trigger itself, where v1 can say it."""
    shown = _of_cron(trigger) if isinstance(trigger, Cron) else trigger
    pattern = shown.pattern
    if pattern is None:
        return shown
    if shown.frequency not in ("day", "week"):
        return replace(shown, pattern=None)
    if shown.frequency == "day" and pattern.week_days and shown.interval == 1:
        shown = replace(shown, frequency="week")
    days = pattern.week_days if shown.frequency == "week" else ()
    kept = Pattern(hours=pattern.hours, minutes=pattern.minutes, week_days=days)
    return replace(shown, pattern=kept if kept != Pattern() else None)


@lru_cache(maxsize=1024)
def legible_zone(name: str) -> str:
    """A Windows id that the SDK knows: of the same clock, or else of the nearest offsets."""
    known = windows_name(name)
    if known is not None and known in windows_zones.AZURE:
        return known
    proper = resolve(name)
    if proper is None:
        return "UTC"
    wanted = _offsets(proper)

    def distance(id_: str) -> tuple[float, str]:
        other = resolve(WINDOWS[id_])
        if other is None:
            return (float("inf"), id_)
        return (sum(abs(a - b) for a, b in zip(wanted, _offsets(other), strict=True)), id_)

    return min(windows_zones.AZURE, key=distance)


def note_of(trigger: Recurrence | Cron) -> dict[str, str]:
    """What a property of the schedule says of what is not shown; empty: all of it is."""
    notes = {}
    if isinstance(trigger, Cron):
        notes["reconciler.trigger"] = f"cron {trigger.expression}"
    elif legible(trigger) != trigger or trigger.end_time is not None:
        notes["reconciler.trigger"] = "a recurrence that v1 shows in part"
    if legible_zone(trigger.time_zone) != windows_name(trigger.time_zone):
        notes["reconciler.time_zone"] = trigger.time_zone
    return notes


def _of_cron(cron: Cron) -> Recurrence:
    fields = parse(cron.expression)
    bounds = (cron.start_time, cron.end_time, cron.time_zone)
    if fields is None:
        return Recurrence("day", 1, None, *bounds)
    weekdays = fields.weekdays if fields.weekdays is not None else tuple(range(7))
    is_every_date = len(fields.month_days) == 31
    if not is_every_date and len(weekdays) == 7 and len(fields.month_days) == 1:
        return Recurrence("month", 1, None, *bounds)
    by_week = len(weekdays) < 7 and (is_every_date or not fields.either_day)
    days = tuple(_DAYS[day] for day in weekdays) if by_week else ()
    pattern = Pattern(hours=fields.hours, minutes=fields.minutes, week_days=days)
    return Recurrence("week" if by_week else "day", 1, pattern, *bounds)


@lru_cache(maxsize=1024)
def _offsets(name: str) -> tuple[float, ...]:
    """Seconds from UTC in the middle of each month of a year."""
    moments = (datetime(_YEAR, month, 15, 12, tzinfo=UTC) for month in range(1, 13))
    shifts = (moment.astimezone(zone(name)).utcoffset() for moment in moments)
    return tuple(shift.total_seconds() if shift is not None else 0.0 for shift in shifts)
