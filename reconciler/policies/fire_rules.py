"""Schedules against the policies that have to do with when they fire. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from reconciler.declare.findings import Finding, clip
from reconciler.model import Schedule
from reconciler.plan.impact.heatmap import Heat
from reconciler.policies.calendars import CalendarError, Closed, read_calendar
from reconciler.policies.fires import DAYS, Year, between, lowest, near
from reconciler.policies.rules import LeastDistance, MostFires, NoFires, Policy

_SHOWN = 3
"""Of what there may be thousands: spans, schedules."""
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}
_TEXT = {"minute": "%Y-%m-%d %H:%M UTC", "hour": "%Y-%m-%d %H:00-%H:59 UTC", "day": "%Y-%m-%d UTC"}
Said = Iterator[tuple[Schedule | None, Finding]]
"""What is wrong with a schedule, or, without one, at the policy itself."""


# ---------------------------------------------------------------------------------- how many fire


def too_many(policy: Policy, rule: MostFires, schedules: Iterable[Schedule], year: Year) -> Said:
    """Groups of schedules of which too many fire at a time: one Finding each."""
    for name, group in sorted(_groups(rule.each, schedules).items()):
        heat = Heat()
        for schedule in group:
            heat.add(year.fires(schedule)[0])
        over, first, count = _worst(heat, rule)
        if not over:
            continue
        when = year.at(first).strftime(_TEXT[rule.per])
        among = _busiest(group, year, first, first + _MINUTES[rule.per])
        more = "" if over == 1 else f"; there are {over:,} such {rule.per}s in {DAYS} days"
        message = f"{count:,} fires in {name}, {when}: at most {rule.count:,} may be{more}; {among}"
        yield None, Finding("POL002", ("policies", policy.index, "max_fires"), message)


def _groups(each: str, schedules: Iterable[Schedule]) -> Mapping[str, list[Schedule]]:
    """By what they are called in a message."""
    groups: dict[str, list[Schedule]] = defaultdict(list)
    for schedule in schedules:
        key = schedule.key
        if each == "target":
            groups[f"target {key.target}"].append(schedule)
        elif each == "pipeline":
            groups[f"pipeline {pipeline_of(schedule)} of {key.target}"].append(schedule)
        else:
            value = schedule.tags.get(tag := each.removeprefix("tags."))
            if value is not None:
                groups[f"{tag} {clip(value)} of {key.target}"].append(schedule)
    return groups


def _worst(heat: Heat, rule: MostFires) -> tuple[int, int, int]:
    """In how many periods there are too many; the worst one's first minute, and its count."""
    if rule.per == "minute":
        over = heat.above(rule.count)
        first = next(iter(heat.busiest(1)), 0)
        return over.bit_count(), first, heat.at(first)
    hours = [count for day in heat.rows(DAYS) for count in day]
    size = 1 if rule.per == "hour" else 24
    counts = [sum(hours[at : at + size]) for at in range(0, len(hours), size)]
    count = max(counts)
    first = counts.index(count) * _MINUTES[rule.per]
    return sum(one > rule.count for one in counts), first, count


def _busiest(group: Iterable[Schedule], year: Year, first: int, end: int) -> str:
    counts = [(len(year.fires_between(one, first, end)), one.key.name) for one in group]
    ordered = sorted(((-count, name) for count, name in counts if count))
    named = ", ".join(f"{name} ({-count:,})" for count, name in ordered[:_SHOWN])
    rest = len(ordered) - _SHOWN
    return named + (f" and {rest:,} more" if rest > 0 else "")


# --------------------------------------------------------------------------------- where none may


def when_closed(policy: Policy, rule: NoFires, schedules: Iterable[Schedule], year: Year) -> Said:
    """Schedules that fire in a span of the calendar: one Finding each."""
    zone = ZoneInfo(rule.time_zone)
    try:
        spans = read_calendar(rule.calendar, zone, year.start, year.end)
    except CalendarError as error:
        yield None, Finding("POL003", ("policies", policy.index, "no_fires"), str(error))
        return
    masks: dict[int, list[tuple[int, Closed]]] = {}
    for schedule in schedules:
        bits, second = year.fires(schedule)
        if second not in masks:
            masks[second] = [(_mask(span, second, year), span) for span in spans]
        met = [(bits & mask, span) for mask, span in masks[second] if bits & mask]
        if met:
            shown = [_fire(hit, second, span, zone, year) for hit, span in met[:_SHOWN]]
            more = len(met) - _SHOWN
            tail = f" and on {more:,} more of the calendar" if more > 0 else ""
            message = f"it fires at {', '.join(shown)}{tail}; nothing may then"
            yield schedule, Finding("POL003", ("trigger",), message)


def _mask(span: Closed, second: int, year: Year) -> int:
    return between(year.minutes_before(span.start, second), year.minutes_before(span.end, second))


def _fire(bits: int, second: int, span: Closed, zone: ZoneInfo, year: Year) -> str:
    at = year.at(lowest(bits), second).astimezone(zone)
    label = f" ({clip(span.label)})" if span.label else ""
    return f"{at:%Y-%m-%d %H:%M} {zone.key}{label}"


# ---------------------------------------------------------------------------------- how far apart


def too_close(rule: LeastDistance, schedules: Iterable[Schedule], year: Year) -> Said:
    """Schedules that fire too soon before or after another one of their pipeline: one Finding each.

    Of two such schedules it is the one that comes later in the order of names.
    """
    distance = rule.distance // timedelta(minutes=1)
    groups: dict[tuple[str, str], list[Schedule]] = defaultdict(list)
    for schedule in schedules:
        groups[schedule.key.target, pipeline_of(schedule)].append(schedule)
    for group in groups.values():
        taken = 0
        for number, schedule in enumerate(group):
            bits = year.fires(schedule)[0]
            if bits & taken:
                at = lowest(bits & taken)
                other, minutes = _nearest(group[:number], at, distance, year)
                yield (
                    schedule,
                    Finding("POL004", ("trigger",), _close(other, at, minutes, distance, year)),
                )
            if number + 1 < len(group):
                taken |= near(bits, distance)


def _nearest(group: Iterable[Schedule], at: int, distance: int, year: Year) -> tuple[Schedule, int]:
    """Of those that fire close to a minute: the one that does nearest to it, and by how much."""
    found = [
        (abs(minute - at), minute - at, one.key, one)
        for one in group
        for minute in year.fires_between(one, max(at - distance + 1, 0), at + distance)
    ]
    _, minutes, _, other = min(found, key=lambda one: one[:3])
    return other, minutes


def _close(other: Schedule, at: int, minutes: int, distance: int, year: Year) -> str:
    how = "as does" if not minutes else f"{abs(minutes)} min {'before' if minutes > 0 else 'after'}"
    where = f" ({other.source})" if other.source else ""
    return (
        f"it fires at {year.at(at):%Y-%m-%d %H:%M} UTC, {how} {other.key.name}{where}, which runs "
        f"the same pipeline; they are to be {distance} min apart"
    )


def pipeline_of(schedule: Schedule) -> str:
    """The pipeline that it runs, whatever its version."""
    job = schedule.job
    if job.definition is not None:
        return job.definition.path
    parts = job.reference.split(":")
    return ":".join(parts[:2]) if parts[0] == "azureml" else job.reference
