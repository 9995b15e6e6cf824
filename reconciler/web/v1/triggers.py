"""Recurrence and DataStoreTriggerInfo <-> a Trigger. Pure.

v1 has no cron, no end and no days of the month, and knows few zones: `legible.py` has what is
shown instead. What v1 cannot say of a trigger survives a PUT that leaves the rest as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.document import normal_path
from reconciler.firing.clocks.zones import resolve
from reconciler.model import Cron, DatastoreChange, Frequency, Pattern, Recurrence, Trigger
from reconciler.web.v1.enums import FREQUENCY, SCHEDULE_TYPE, WEEK_DAYS, read_enum
from reconciler.web.v1.errors import bad
from reconciler.web.v1.legible import legible, legible_zone

LARGEST = 72_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?Z?")
_FREQUENCIES: dict[str, Frequency] = {
    "Month": "month",
    "Week": "week",
    "Day": "day",
    "Hour": "hour",
    "Minute": "minute",
}


def read_trigger(body: Mapping[str, Any], before: Trigger | None) -> Trigger:
    """The trigger that a body asks for, over the one that is there; V1Error."""
    recurrence, datastore = body.get("Recurrence"), body.get("DataStoreTriggerInfo")
    kind = body.get("ScheduleType")
    if kind is None:
        is_datastore = datastore is not None or isinstance(before, DatastoreChange)
    else:
        is_datastore = read_enum(SCHEDULE_TYPE, kind, "ScheduleType") == "DataStore"
    if before is not None and is_datastore != isinstance(before, DatastoreChange):
        raise bad("The ScheduleType of a schedule cannot be changed")
    given = datastore if is_datastore else recurrence
    if given is None and before is not None:
        return before
    if not isinstance(given, Mapping):
        member = "DataStoreTriggerInfo" if is_datastore else "Recurrence"
        raise bad(f"The member {member} is required for a schedule of this type")
    if is_datastore:
        return _datastore(given)
    made = _recurrence(given)
    if before is None or isinstance(before, DatastoreChange):
        return made
    shown = _recurrence(recurrence_to_v1(before))
    if shown == made:
        return before
    zone = before.time_zone if made.time_zone == shown.time_zone else made.time_zone
    return replace(made, time_zone=zone, end_time=before.end_time)


def trigger_to_v1(trigger: Trigger) -> dict[str, Any]:
    """The members of an entity that say when it runs."""
    if isinstance(trigger, DatastoreChange):
        return {
            "ScheduleType": SCHEDULE_TYPE.index("DataStore"),
            "Recurrence": None,
            "DataStoreTriggerInfo": {
                "DataStoreName": trigger.datastore,
                "PollingInterval": trigger.polling_interval,
                "DataPathParameterName": trigger.data_path_parameter_name,
                "PathOnDataStore": trigger.path_on_datastore or None,
            },
        }
    return {
        "ScheduleType": SCHEDULE_TYPE.index("Recurrence"),
        "Recurrence": recurrence_to_v1(trigger),
        "DataStoreTriggerInfo": None,
    }


def recurrence_to_v1(held: Recurrence | Cron) -> dict[str, Any]:
    """A `Recurrence`: the nearest that v1 has."""
    trigger = legible(held)
    pattern = trigger.pattern
    schedule: dict[str, Any] | None = None
    if pattern is not None:
        schedule = {
            "Hours": list(pattern.hours) or None,
            "Minutes": list(pattern.minutes) or None,
            "WeekDays": [WEEK_DAYS.index(day.capitalize()) for day in pattern.week_days] or None,
        }
    return {
        "Frequency": FREQUENCY.index(trigger.frequency.capitalize()),
        "Interval": trigger.interval,
        "StartTime": trigger.start_time.isoformat() if trigger.start_time else None,
        "TimeZone": legible_zone(trigger.time_zone),
        "Schedule": schedule,
    }


def _recurrence(given: Mapping[str, Any]) -> Recurrence:
    frequency = _FREQUENCIES[read_enum(FREQUENCY, given.get("Frequency"), "Frequency")]
    zone = given.get("TimeZone") or "UTC"
    known = resolve(zone) if isinstance(zone, str) else None
    if known is None:
        raise bad(f"The TimeZone {zone!r} is not known")
    start = given.get("StartTime")
    return Recurrence(
        frequency,
        _number(given.get("Interval"), 1, LARGEST, "Interval"),
        _pattern(given.get("Schedule")),
        start_time=_moment(start, known) if start is not None else None,
        time_zone=known,
    )


def _pattern(given: Any) -> Pattern | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise bad("The member Recurrence.Schedule is not an object")
    days = {read_enum(WEEK_DAYS, day, "week day") for day in _list(given, "WeekDays")}
    pattern = Pattern(
        hours=_numbers(given, "Hours", 23),
        minutes=_numbers(given, "Minutes", 59),
        week_days=tuple(day.lower() for day in WEEK_DAYS if day in days),
    )
    return pattern if pattern != Pattern() else None


def _datastore(given: Mapping[str, Any]) -> DatastoreChange:
    name, path = given.get("DataStoreName"), given.get("PathOnDataStore") or ""
    parameter = given.get("DataPathParameterName")
    if not isinstance(name, str) or not name:
        raise bad("The member DataStoreTriggerInfo.DataStoreName is required")
    if not isinstance(path, str) or ".." in path.split("/"):
        raise bad(f"The PathOnDataStore {path!r} is not a path in a datastore")
    if not isinstance(parameter, str | None):
        raise bad("The member DataStoreTriggerInfo.DataPathParameterName is not a text")
    minutes = given.get("PollingInterval")
    interval = 5 if minutes is None else _number(minutes, 1, LARGEST, "PollingInterval")
    return DatastoreChange(name, normal_path(path), interval, parameter or None)


def _moment(text: Any, zone: str) -> datetime:
    if isinstance(text, str) and _MOMENT.fullmatch(text) and (zone == "UTC" or text[-1] != "Z"):
        try:
            return datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            pass
    raise bad(f"The StartTime {text!r} is not a date and time without an offset")


def _numbers(given: Mapping[str, Any], part: str, high: int) -> tuple[int, ...]:
    return tuple(sorted({_number(one, 0, high, part) for one in _list(given, part)}))


def _number(given: Any, low: int, high: int, name: str) -> int:
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 10:
        given = int(given)
    if isinstance(given, int) and not isinstance(given, bool) and low <= given <= high:
        return given
    raise bad(f"The {name} {given!r} is not a number from {low} to {high}")


def _list(given: Mapping[str, Any], part: str) -> list[Any]:
    found = given.get(part)
    if found is None:
        return []
    if not isinstance(found, list):
        raise bad(f"The member Recurrence.Schedule.{part} is not a list")
    return found
