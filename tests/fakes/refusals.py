"""Bodies that the service does not take. Its own words for them are not on record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .clocks import ZONES, local, parsed
from .errors import Refused, service

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
FREQUENCIES = ("minute", "hour", "day", "week", "month")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_FIELDS = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 6, DAYS))
_WORD = "([0-9]+|[A-Za-z]+)"
_PART = re.compile(rf"(?:\*|{_WORD}(?:-{_WORD})?)(?:/[+-]?[0-9]{{1,9}})?")
_RANGES = {"hours": (0, 23), "minutes": (0, 59), "monthDays": (1, 31)}


def bad(message: str) -> Refused:
    return service(400, "BadRequest", message)


def refuse_bad_schedule(name: str, properties: Any, now: datetime) -> None:
    """Raise for what the service refuses."""
    if NAME.fullmatch(name) is None:
        raise bad(f"The schedule name {name!r} is not valid: it must match ^{NAME.pattern}$")
    if not isinstance(properties, Mapping):
        raise bad("The request has no properties")
    trigger, action = (_member(properties, part, "properties") for part in ("trigger", "action"))
    kind = str(trigger.get("triggerType")).lower()
    if kind == "recurrence":
        _recurrence(trigger)
    elif kind == "cron":
        if not isinstance(trigger.get("expression"), str) or not is_cron(trigger["expression"]):
            raise bad(f"{trigger.get('expression')!r} is not a valid NCronTab expression")
    else:
        raise bad(f"The trigger type {trigger.get('triggerType')!r} is not supported")
    _times(trigger, now)
    _action(action)


def _member(whole: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    if not isinstance(whole.get(name), Mapping):
        raise bad(f"The member {where}.{name} is required")
    found: Mapping[str, Any] = whole[name]
    return found


def _recurrence(trigger: Mapping[str, Any]) -> None:
    if str(trigger.get("frequency")).lower() not in FREQUENCIES:
        raise bad(f"The frequency {trigger.get('frequency')!r} is not supported")
    interval = trigger.get("interval")
    if not isinstance(interval, int) or isinstance(interval, bool) or interval < 1:
        raise bad(f"The interval {interval!r} is not a number from 1")
    pattern = trigger.get("schedule")
    if pattern is None:
        return
    for part in ("hours", "minutes"):
        if not isinstance(pattern.get(part), list):
            raise bad(f"The member trigger.schedule.{part} is required")
    for part, (low, high) in _RANGES.items():
        for number in pattern.get(part) or ():
            if not isinstance(number, int) or not low <= number <= high:
                raise bad(f"{number!r} in trigger.schedule.{part} is not from {low} to {high}")
    for day in pattern.get("weekDays") or ():
        if str(day).lower() not in DAYS:
            raise bad(f"{day!r} in trigger.schedule.weekDays is not a day of the week")


def _times(trigger: Mapping[str, Any], now: datetime) -> None:
    zone = trigger.get("timeZone", "UTC")
    if zone not in ZONES:
        raise bad(f"The time zone {zone!r} is not a Windows time zone")
    try:
        times = {
            part: parsed(trigger[part])
            for part in ("startTime", "endTime")
            if trigger.get(part) is not None
        }
    except (TypeError, ValueError) as error:
        raise bad(f"A time of the trigger cannot be read: {error}") from error
    if "endTime" in times and times["endTime"] <= local(now, zone):
        raise bad("trigger endtime can not be past time")


def _action(action: Mapping[str, Any]) -> None:
    parts = {
        "createjob": "jobDefinition",
        "invokebatchendpoint": "endpointInvocationDefinition",
        "createmonitor": "monitorDefinition",
        "importdata": "dataImportDefinition",
    }
    part = parts.get(str(action.get("actionType")).lower())
    if part is None:
        raise bad(f"The action type {action.get('actionType')!r} is not supported")
    definition = _member(action, part, "action")
    if part == "jobDefinition" and not isinstance(definition.get("jobType"), str):
        raise bad("The member action.jobDefinition.jobType is required")


def is_cron(expression: str) -> bool:
    """Five fields of NCronTab: numbers or beginnings of names, ranges, which may run backwards,
    steps of any number, lists; Sunday is 0 only.
    """
    fields = expression.split()
    return len(fields) == len(_FIELDS) and all(
        _is_part(part, low, high, names)
        for field, (low, high, names) in zip(fields, _FIELDS, strict=True)
        for part in field.split(",")
    )


def _is_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    match = _PART.fullmatch(part)
    return match is not None and all(
        any(name.startswith(word.lower()) for name in names)
        or (word.isdigit() and low <= int(word) <= high)
        for word in match.groups()
        if word is not None
    )
