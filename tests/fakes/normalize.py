"""What the service makes of a schedule that it takes: its spellings, nulls and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .refusals import DAYS, FREQUENCIES

_ACTIONS = ("CreateJob", "InvokeBatchEndpoint", "CreateMonitor", "ImportData")
_JOBS = ("Pipeline", "Command", "Spark", "Sweep", "AutoML")
_JOB: dict[str, Any] = {
    "description": None,
    "tags": {},
    "properties": {},
    "displayName": None,
    "status": "NotStarted",
    "experimentName": "Default",
    "services": None,
    "computeId": None,
    "isArchived": False,
    "identity": None,
    "componentId": None,
}
_PIPELINE: dict[str, Any] = {
    "settings": None,
    "jobs": None,
    "inputs": None,
    "outputs": None,
    "sourceJobId": None,
}


def normalized(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The `properties` as they are kept. What is kept already stays as it is."""
    kept = {
        "description": None,
        "displayName": None,
        **properties,
        "tags": dict(properties.get("tags") or {}),
        "properties": dict(properties.get("properties") or {}),
        "isEnabled": properties.get("isEnabled", True),
        "provisioningState": "Succeeded",
    }
    if isinstance(properties.get("trigger"), Mapping):
        kept["trigger"] = _trigger(properties["trigger"])
    if isinstance(properties.get("action"), Mapping):
        kept["action"] = _action(properties["action"])
    return kept


def _trigger(trigger: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"startTime": None, "endTime": None, "timeZone": "UTC", **trigger}
    _spell(kept, "triggerType", ("Recurrence", "Cron"))
    if kept.get("triggerType") == "Recurrence":
        _spell(kept, "frequency", [word.capitalize() for word in FREQUENCIES])
        pattern = kept.setdefault("schedule", None)
        if isinstance(pattern, Mapping):
            kept["schedule"] = {"weekDays": None, "monthDays": None, **pattern}
            if pattern.get("weekDays") is not None:
                spellings = {word: word.capitalize() for word in DAYS}
                days = [spellings.get(str(day).lower(), day) for day in pattern["weekDays"]]
                kept["schedule"]["weekDays"] = days
    return kept


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(action)
    _spell(kept, "actionType", _ACTIONS)
    if isinstance(action.get("jobDefinition"), Mapping):
        kept["jobDefinition"] = _job(action["jobDefinition"])
    return kept


def _job(job: Mapping[str, Any]) -> dict[str, Any]:
    kept = {**_JOB, **job, "status": "NotStarted"}
    _spell(kept, "jobType", _JOBS)
    for part in ("tags", "properties"):
        kept[part] = dict(kept[part] or {})
    if kept.get("jobType") == "Pipeline":
        kept = {**_PIPELINE, **kept}
    for part in ("inputs", "outputs"):
        if isinstance(kept.get(part), Mapping):
            kept[part] = {name: _described(value) for name, value in kept[part].items()}
    return kept


def _described(value: Any) -> Any:
    return {"description": None, **value} if isinstance(value, Mapping) else value


def _spell(whole: dict[str, Any], name: str, words: Any) -> None:
    """The service's own spelling of a word that it knows, in whatever case it was sent."""
    spellings = {word.lower(): word for word in words}
    if name in whole:
        whole[name] = spellings.get(str(whole[name]).lower(), whole[name])
