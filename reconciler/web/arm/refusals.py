"""Bodies of a schedule that are not taken. Pure.

What Azure's service refuses, and what an embedded workspace cannot do: batch endpoints, monitors,
data imports. It says so in Azure's shape,
before anything is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.firing.clocks.zones import resolve
from reconciler.firing.rules.cron import can_read
from reconciler.model import FREQUENCIES, WEEK_DAYS
from reconciler.web.arm.errors import bad
from reconciler.web.arm.sent_jobs import is_whole

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}")
LARGEST_INTERVAL = 72_000
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?")
_RANGES = {"hours": (0, 23), "minutes": (0, 59), "monthDays": (1, 31)}
_OTHER_ACTIONS = {
    "invokebatchendpoint": "calls a batch endpoint",
    "createmonitor": "makes a monitor",
    "importdata": "imports data",
}
_TEXTS = ("displayName", "description")
_MAPS = ("tags", "properties")
_JOB_MAPS = ("inputs", "outputs", "settings", "tags", "properties", "jobs", "services")
_JOB_TEXTS = ("displayName", "description", "experimentName", "computeId", "componentId")


def refuse_bad_schedule(name: str, properties: Any, now: datetime) -> None:
    """Raise ArmError for what is not taken."""
    if NAME.fullmatch(name) is None:
        raise bad(f"The schedule name {name!r} is not valid: it must match ^{NAME.pattern}$")
    if not isinstance(properties, Mapping):
        raise bad("The request has no properties")
    _members_are(properties, "properties", _TEXTS, _MAPS)
    if not isinstance(properties.get("isEnabled", True), bool):
        raise bad("The member properties.isEnabled is neither true nor false")
    _trigger(_member(properties, "trigger", "properties"), now)
    _action(_member(properties, "action", "properties"))


def _trigger(trigger: Mapping[str, Any], now: datetime) -> None:
    kind = str(trigger.get("triggerType")).lower()
    if kind == "recurrence":
        _recurrence(trigger)
    elif kind == "cron":
        expression = trigger.get("expression")
        if not isinstance(expression, str) or not can_read(expression):
            raise bad(f"{expression!r} is not a valid NCronTab expression")
    elif kind == "datastore":
        return  # ours alone; read further where its members are
    else:
        raise bad(f"The trigger type {trigger.get('triggerType')!r} is not supported")
    _times(trigger, now)


def _recurrence(trigger: Mapping[str, Any]) -> None:
    if str(trigger.get("frequency")).lower() not in FREQUENCIES:
        raise bad(f"The frequency {trigger.get('frequency')!r} is not supported")
    interval = trigger.get("interval")
    if not _is_number(interval, 1, LARGEST_INTERVAL):
        raise bad(f"The interval {interval!r} is not a number from 1 to {LARGEST_INTERVAL}")
    pattern = trigger.get("schedule")
    if pattern is None:
        return
    if not isinstance(pattern, Mapping):
        raise bad("The member trigger.schedule is not an object")
    for part in ("hours", "minutes"):
        if not isinstance(pattern.get(part), list):
            raise bad(f"The member trigger.schedule.{part} is required")
    for part, (low, high) in _RANGES.items():
        for number in _list(pattern, part):
            if not _is_number(number, low, high):
                raise bad(f"{number!r} in trigger.schedule.{part} is not from {low} to {high}")
    for day in _list(pattern, "weekDays"):
        if str(day).lower() not in WEEK_DAYS:
            raise bad(f"{day!r} in trigger.schedule.weekDays is not a day of the week")


def _times(trigger: Mapping[str, Any], now: datetime) -> None:
    zone = trigger.get("timeZone", "UTC")
    known = resolve(zone) if isinstance(zone, str) else None
    if known is None:
        raise bad(f"The time zone {zone!r} is not a Windows time zone")
    times = {
        part: _moment(trigger[part], part)
        for part in ("startTime", "endTime")
        if trigger.get(part) is not None
    }
    local = now.astimezone(ZoneInfo(known) if known != "UTC" else UTC).replace(tzinfo=None)
    if "endTime" in times and times["endTime"] <= local:
        raise bad("trigger endtime can not be past time")


def _moment(text: Any, part: str) -> datetime:
    if isinstance(text, str) and _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise bad(f"trigger.{part} {text!r} is not a date and time without an offset")


def _action(action: Mapping[str, Any]) -> None:
    kind = str(action.get("actionType")).lower()
    if kind in _OTHER_ACTIONS:
        raise bad(
            f"An embedded workspace has no schedule that {_OTHER_ACTIONS[kind]}: actionType"
            f" {action['actionType']!r} is not supported; it runs published pipelines (CreateJob)"
        )
    if kind != "createjob":
        raise bad(f"The action type {action.get('actionType')!r} is not supported")
    definition = _member(action, "jobDefinition", "action")
    kind = str(definition.get("jobType")).lower()
    if kind != "pipeline":
        raise bad(f"The job type {definition.get('jobType')!r} is not supported: use Pipeline")
    _members_are(definition, "jobDefinition", _JOB_TEXTS, _JOB_MAPS)
    _refuse_bad_job(definition)


def refuse_bad_job(name: str, properties: Any) -> None:
    """Raise ArmError for a job to run that is not taken."""
    if NAME.fullmatch(name) is None:
        raise bad(f"The job name {name!r} is not valid: it must match ^{NAME.pattern}$")
    _members_are(properties, "properties", _JOB_TEXTS, _JOB_MAPS)
    kind = str(properties.get("jobType")).lower()
    if kind == "command":
        if not isinstance(properties.get("command"), str) or not properties["command"].strip():
            raise bad("The member properties.command is required")
        _inputs_and_outputs(properties)
        return
    if kind != "pipeline":
        raise bad(
            f"A job of the type {properties.get('jobType')!r} runs in Azure only: an embedded"
            " workspace runs commands, and pipelines of commands"
        )
    if properties.get("sourceJobId"):
        raise bad(
            "A job that refers to another is not run again: send its steps, or run a published"
            " pipeline by a schedule"
        )
    _refuse_bad_job(properties)


def _refuse_bad_job(definition: Mapping[str, Any]) -> None:
    source = definition.get("sourceJobId")
    if not isinstance(source, str | None):
        raise bad("The member jobDefinition.sourceJobId is not a text")
    if source and definition.get("jobs"):
        raise bad("A job has steps, jobs, or is another's, sourceJobId; not both")
    if not source and not is_whole(definition):
        raise bad(
            "The job has no steps: send them with the schedule, or publish a job file with"
            " `reconciler pipelines publish`, and refer to it by sourceJobId"
        )
    _inputs_and_outputs(definition)


def _inputs_and_outputs(definition: Mapping[str, Any]) -> None:
    for part, kind in (("inputs", "jobInputType"), ("outputs", "jobOutputType")):
        for name, value in (definition.get(part) or {}).items():
            if value is None:
                continue
            if not isinstance(value, Mapping) or not isinstance(value.get(kind), str):
                raise bad(f"The member jobDefinition.{part}.{name}.{kind} is required")


# ------------------------------------------------------------------------------------------- shapes


def _member(whole: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    found = whole.get(name)
    if not isinstance(found, Mapping):
        raise bad(f"The member {where}.{name} is required")
    return found


def _members_are(
    whole: Mapping[str, Any], where: str, texts: tuple[str, ...], maps: tuple[str, ...]
) -> None:
    for name in texts:
        if not isinstance(whole.get(name), str | None):
            raise bad(f"The member {where}.{name} is not a text")
    for name in maps:
        if not isinstance(whole.get(name), Mapping | None):
            raise bad(f"The member {where}.{name} is not an object")


def _list(pattern: Mapping[str, Any], part: str) -> list[Any]:
    found = pattern.get(part)
    if found is None:
        return []
    if not isinstance(found, list):
        raise bad(f"The member trigger.schedule.{part} is not a list")
    return found


def _is_number(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
