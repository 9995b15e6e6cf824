"""A schedule as Azure Resource Manager has it <-> a Schedule. Pure.

Reading goes through `rules.normalize`, so that what is compared is what is meant. Writing starts
from what is live: members that this program does not know survive an update.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.firing.clocks.zones import resolve, windows_name
from reconciler.model import (
    FREQUENCIES,
    Cron,
    DatastoreChange,
    Key,
    Pattern,
    Recurrence,
    Schedule,
    Source,
    Trigger,
)
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.jobs.definition import (
    job_from_wire,
    job_to_wire,
    over_live,
    without_ignored,
)
from reconciler.providers.azureml.rules import normalize
from reconciler.providers.azureml.runs.data_changes import NEVER, data_tags, data_trigger
from reconciler.providers.azureml.runs.data_changes import TAGS as DATA_TAGS

OWNER = "reconciler-owner"
SOURCE = "reconciler-source"
REVISION = "reconciler-revision"
DIGEST = "reconciler-digest"
SUSPENDED = "reconciler-suspended"
REPOSITORY = "reconciler-repository"
_MARKS = (OWNER, SOURCE, REVISION, DIGEST, REPOSITORY)
_OWN_TAGS = (*_MARKS, SUSPENDED, *DATA_TAGS)

_TEXTS = ("displayName", "description")
_JOB_TYPES = {"pipeline"}
_EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Marks:
    """What this program keeps in a schedule's tags."""

    owner: str
    source: str | None = None
    revision: str | None = None
    digest: str | None = None
    repository: str | None = None


class Foreign(Exception):
    """A schedule that is none of ours to read: a monitor, a data import, a batch endpoint ..."""

    def __init__(self, kind: str, trigger: Trigger | None = None) -> None:
        """`trigger`: when it fires, which is known all the same unless None."""
        super().__init__(kind)
        self.trigger = trigger


# ------------------------------------------------------------------------------------- reading


def schedule_from_wire(
    name: str,
    properties: Mapping[str, Any],
    target: str,
    workspace: Workspace,
    *,
    by_tags: bool = True,
) -> Schedule:
    """The Schedule of a resource's `properties`; Foreign where it is of another kind. `by_tags`:
    tags that stand for changes in a datastore are read as that.
    """
    try:
        normal = normalize(dict(properties))
    except (TypeError, ValueError, AttributeError) as error:
        raise Foreign("what cannot be read") from error
    kind = _other_kind(normal, properties)
    try:
        trigger = trigger_from_wire(normal.get("trigger") or _EMPTY)
    except Foreign as error:
        raise Foreign(f"{kind}, with {error}" if kind else str(error)) from error
    if kind is not None:
        raise Foreign(kind, trigger)
    if by_tags:
        trigger = data_trigger(trigger, tags_from_wire(properties)) or trigger
    try:
        return _read(Key(target, name), normal, properties, trigger, workspace)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Foreign("a job that cannot be read", trigger) from error


def _read(
    key: Key,
    normal: Mapping[str, Any],
    properties: Mapping[str, Any],
    trigger: Trigger,
    workspace: Workspace,
) -> Schedule:
    tags = dict(normal.get("tags") or {})
    return Schedule(
        key=key,
        trigger=trigger,
        job=job_from_wire(without_ignored(normal["action"]["jobDefinition"]), workspace),
        enabled=bool(properties.get("isEnabled", True)),
        display_name=normal.get("displayName"),
        description=normal.get("description"),
        tags={key: str(tags[key]) for key in sorted(tags) if key not in _OWN_TAGS},
        properties=dict(sorted((normal.get("properties") or {}).items())) | _state(properties),
        source=_source(tags.get(SOURCE)),
    )


def _other_kind(normal: Mapping[str, Any], properties: Mapping[str, Any]) -> str | None:
    """What it does where that is no pipeline job."""
    action = normal.get("action")
    if not isinstance(action, Mapping) or action.get("actionType") != "createjob":
        said = properties.get("action")
        return str((said if isinstance(said, Mapping) else {}).get("actionType") or "no action")
    definition = action.get("jobDefinition")
    kind = definition.get("jobType") if isinstance(definition, Mapping) else None
    return None if isinstance(kind, str) and kind in _JOB_TYPES else f"a job of type {kind}"


STATE = "provisioning_state"
"""Stands among the properties of a schedule whose last put failed, so that it is put again."""


def _state(properties: Mapping[str, Any]) -> dict[str, str | None]:
    state = str(properties.get("provisioningState") or "")
    return {STATE: state} if state.lower() in ("failed", "canceled") else {}


def tags_from_wire(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The tags of a resource; none where it has something else in their place."""
    tags = properties.get("tags")
    return tags if isinstance(tags, Mapping) else _EMPTY


def marks_from_wire(properties: Mapping[str, Any]) -> Marks | None:
    """What this program left in the tags; None: it has never touched this schedule."""
    tags = tags_from_wire(properties)
    owner = tags.get(OWNER)
    if not isinstance(owner, str) or not owner:
        return None
    return Marks(
        owner, tags.get(SOURCE), tags.get(REVISION), tags.get(DIGEST), tags.get(REPOSITORY)
    )


def trigger_from_wire(trigger: Mapping[str, Any]) -> Trigger:
    """The Trigger of a normalized `trigger`; Foreign where it is of another kind."""
    try:
        times = {
            "start_time": _time(trigger.get("startTime")),
            "end_time": _time(trigger.get("endTime")),
        }
        zone = str(trigger.get("timeZone", "UTC"))
        if resolve(zone) is None:
            raise Foreign(f'a trigger in the time zone "{zone}", which is not known here')
        match trigger.get("triggerType"):
            case "recurrence":
                pattern = trigger.get("schedule") or _EMPTY
                if trigger["frequency"] not in FREQUENCIES:
                    raise Foreign(f"a trigger of frequency {trigger['frequency']}")
                return Recurrence(
                    trigger["frequency"],
                    int(trigger["interval"]),
                    _pattern_from_wire(pattern) if pattern else None,
                    time_zone=zone,
                    **times,
                )
            case "cron":
                expression = " ".join(trigger["expression"].split())
                return Cron(expression, time_zone=zone, **times)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Foreign("a trigger that cannot be read") from error
    raise Foreign(f"a trigger of type {trigger.get('triggerType')}")


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _pattern_from_wire(pattern: Mapping[str, Any]) -> Pattern:
    def numbers(name: str) -> tuple[int, ...]:
        return tuple(sorted(int(number) for number in pattern.get(name, ())))

    days = tuple(sorted(pattern.get("weekDays", ()), key=_WEEK.index))
    return Pattern(numbers("hours"), numbers("minutes"), days, numbers("monthDays"))


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None


def _source(text: Any) -> Source | None:
    if not isinstance(text, str) or not text:
        return None
    path, colon, line = text.rpartition(":")
    return Source(path, int(line)) if colon and line.isdigit() else Source(text, 1)


# ------------------------------------------------------------------------------------- writing


def properties_to_wire(
    schedule: Schedule,
    workspace: Workspace,
    marks: Marks | None,
    live: Mapping[str, Any] | None = None,
    definition: Mapping[str, Any] | None = None,
    *,
    since: datetime | None = None,
) -> dict[str, Any]:
    """The `properties` to PUT: the whole of what is desired, over what is live.

    `schedule` is canonical; `marks` go into its tags; `live` are the properties as last read;
    `definition` is the `jobDefinition` where it is known better than from the schedule. `since`:
    from when on changes of a datastore count, if its trigger is one by them.
    """
    base = json.loads(json.dumps(live)) if live is not None else {}
    base.pop("provisioningState", None)
    tags = dict(schedule.tags)
    asked = (base.get("tags") or {}).get(SUSPENDED)
    if asked is not None and not schedule.enabled:
        tags[SUSPENDED] = asked
    if marks is not None:
        own = (marks.owner, marks.source, marks.revision, marks.digest, marks.repository)
        tags |= {tag: text for tag, text in zip(_MARKS, own, strict=True) if text is not None}
    trigger = schedule.trigger
    if isinstance(trigger, DatastoreChange):
        tags |= data_tags(trigger, since, base.get("tags") or {})
        trigger = NEVER
    action = base.get("action") or {}
    before = action.get("jobDefinition") or {}
    if definition is None:
        definition = job_to_wire(schedule.job, workspace, before)
    else:
        definition = over_live(definition, before, workspace)
    base |= {
        "displayName": schedule.display_name,
        "description": schedule.description,
        "tags": tags,
        "properties": dict(schedule.properties),
        # Always said: an update without it switches a schedule on.
        "isEnabled": schedule.enabled,
        "trigger": _trigger_over(base.get("trigger") or {}, trigger),
        "action": {
            **action,
            "actionType": "CreateJob",
            "jobDefinition": definition,
        },
    }
    return {key: value for key, value in base.items() if value is not None or key not in _TEXTS}


def _trigger_over(live: Mapping[str, Any], trigger: Trigger) -> dict[str, Any]:
    """The trigger to send; members of one of the same kind that are not known here survive."""
    wire = trigger_to_wire(trigger)
    if str(live.get("triggerType")).lower() != wire["triggerType"].lower():
        return wire
    kept = {key: value for key, value in live.items() if key not in _TRIGGER}
    pattern = live.get("schedule")
    if "schedule" in wire and isinstance(pattern, Mapping):
        unknown = {key: value for key, value in pattern.items() if key not in _PATTERN}
        wire["schedule"] = unknown | wire["schedule"]
    return kept | wire


def trigger_to_wire(trigger: Trigger) -> dict[str, Any]:
    """A recurrence or cron as `trigger`; ValueError for what Azure has not, or a zone it lacks."""
    if isinstance(trigger, Recurrence):
        wire: dict[str, Any] = {
            "triggerType": "Recurrence",
            "frequency": trigger.frequency.capitalize(),
            "interval": trigger.interval,
        }
        pattern = trigger.pattern or Pattern()
        # Hours and minutes are required in a pattern, and a pattern is what Microsoft's client
        # always sends.
        wire["schedule"] = {"hours": list(pattern.hours), "minutes": list(pattern.minutes)}
        if pattern.week_days:
            wire["schedule"]["weekDays"] = [day.capitalize() for day in pattern.week_days]
        if pattern.month_days:
            wire["schedule"]["monthDays"] = list(pattern.month_days)
    elif isinstance(trigger, Cron):
        wire = {"triggerType": "Cron", "expression": trigger.expression}
    else:
        raise ValueError("Azure has no trigger for changes in a datastore")
    zone = windows_name(trigger.time_zone)
    if zone is None:
        raise ValueError(f"Azure has no time zone like {trigger.time_zone}")
    for name, moment in (("startTime", trigger.start_time), ("endTime", trigger.end_time)):
        if moment is not None:
            wire[name] = moment.isoformat()
    wire["timeZone"] = zone
    return wire


_PATTERN = ("hours", "minutes", "weekDays", "monthDays")
_TRIGGER = (
    *("triggerType", "frequency", "interval", "schedule", "expression"),
    *("startTime", "endTime", "timeZone"),
)
