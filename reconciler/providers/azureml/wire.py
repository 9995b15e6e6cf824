"""A schedule as Azure Resource Manager has it <-> a Schedule. Pure.

Reading goes through `rules.normalize`, so that what is compared is what is meant. Writing starts
from what is live: members that this program does not know survive an update.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.document import scalar_text
from reconciler.firing.zones import resolve, windows_name
from reconciler.model import (
    FREQUENCIES,
    Cron,
    Job,
    Key,
    Pattern,
    Recurrence,
    Schedule,
    Source,
    Trigger,
)
from reconciler.providers.azureml.ids import Workspace, from_id, to_id
from reconciler.providers.azureml.rules import normalize

OWNER = "reconciler-owner"
SOURCE = "reconciler-source"
REVISION = "reconciler-revision"
DIGEST = "reconciler-digest"
_OWN_TAGS = (OWNER, SOURCE, REVISION, DIGEST)

SENT_WHOLE = "(sent with the schedule)"
"""The reference of a job whose definition is part of the schedule."""

_JOB_TYPES = {"pipeline"}
_EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Marks:
    """What this program keeps in a schedule's tags."""

    owner: str
    source: str | None = None
    revision: str | None = None
    digest: str | None = None


class Foreign(Exception):
    """A schedule that is none of ours to read: a monitor, a data import, a batch endpoint ..."""


# ------------------------------------------------------------------------------------- reading


def schedule_from_wire(
    name: str, properties: Mapping[str, Any], target: str, workspace: Workspace
) -> Schedule:
    """The Schedule of a resource's `properties`; Foreign where it is of another kind."""
    normal = normalize(dict(properties))
    action = normal.get("action") or _EMPTY
    if action.get("actionType") != "createjob":
        raise Foreign(str((properties.get("action") or _EMPTY).get("actionType") or "no action"))
    definition = action.get("jobDefinition") or _EMPTY
    if definition.get("jobType") not in _JOB_TYPES:
        raise Foreign(f"a job of type {definition.get('jobType')}")
    tags = dict(normal.get("tags") or {})
    source = tags.get(SOURCE)
    return Schedule(
        key=Key(target, name),
        trigger=trigger_from_wire(normal.get("trigger") or _EMPTY),
        job=_job_from_wire(definition, workspace),
        enabled=bool(properties.get("isEnabled", True)),
        display_name=normal.get("displayName"),
        description=normal.get("description"),
        tags={key: str(tags[key]) for key in sorted(tags) if key not in _OWN_TAGS},
        properties=dict(sorted((normal.get("properties") or {}).items())) | _state(properties),
        source=_source(source),
    )


STATE = "provisioning_state"
"""Stands among the properties of a schedule whose last put failed, so that it is put again."""


def _state(properties: Mapping[str, Any]) -> dict[str, str | None]:
    state = str(properties.get("provisioningState") or "")
    return {STATE: state} if state.lower() in ("failed", "canceled") else {}


def marks_from_wire(properties: Mapping[str, Any]) -> Marks | None:
    """What this program left in the tags; None: it has never touched this schedule."""
    tags = properties.get("tags") or {}
    owner = tags.get(OWNER)
    if not isinstance(owner, str) or not owner:
        return None
    return Marks(owner, tags.get(SOURCE), tags.get(REVISION), tags.get(DIGEST))


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


def _job_from_wire(definition: Mapping[str, Any], workspace: Workspace) -> Job:
    get = definition.get
    settings = dict(get("settings") or _EMPTY)
    go_on = settings.pop("continue_on_step_failure", None)
    if "default_compute" in settings:
        settings["default_compute"] = from_id(settings["default_compute"], "computes", workspace)
    source, compute = get("sourceJobId"), get("computeId")
    extra: dict[str, Any] = {}
    if get("jobs"):
        extra["jobs"] = _sorted(get("jobs"))
    if get("identity"):
        extra["identity"] = _identity_from_wire(dict(get("identity") or _EMPTY))
    if get("properties"):
        extra["properties"] = _sorted(get("properties"))
    return Job(
        reference=from_id(source, "jobs", workspace) if source else SENT_WHOLE,
        experiment_name=get("experimentName"),
        inputs={name: _input_value(v) for name, v in sorted((get("inputs") or _EMPTY).items())},
        outputs={name: _output_value(v) for name, v in sorted((get("outputs") or _EMPTY).items())},
        continue_on_step_failure=None if go_on is None else scalar_text(go_on).lower() == "true",
        settings=_sorted(settings),
        display_name=get("displayName"),
        description=get("description"),
        compute=from_id(compute, "computes", workspace) if compute else None,
        tags={key: str(value) for key, value in sorted((get("tags") or _EMPTY).items())},
        extra=extra,
    )


def _input_value(value: Mapping[str, Any]) -> Any:
    if str(value.get("jobInputType", "")).lower() == "literal":
        return value.get("value")
    return _sorted({"type": value.get("jobInputType"), "path": value.get("uri"), **_mode(value)})


def _output_value(value: Mapping[str, Any]) -> Any:
    path = {"path": value["uri"]} if value.get("uri") else {}
    return _sorted({"type": value.get("jobOutputType"), **path, **_mode(value)})


def _mode(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"mode": _MODES_READ.get(value["mode"], value["mode"])} if value.get("mode") else {}


# Who a job runs as: the words of a job file, and the wire's.
_IDENTITIES = {
    "aml_token": "AMLToken",
    "managed": "Managed",
    "managed_identity": "Managed",
    "user_identity": "UserIdentity",
}
_IDENTITY_KEYS = {
    "client_id": "clientId",
    "object_id": "objectId",
    "msi_resource_id": "resourceId",
    "resource_id": "resourceId",
}


def _identity_from_wire(identity: Mapping[str, Any]) -> dict[str, Any]:
    words = {wire.lower(): word for word, wire in reversed(_IDENTITIES.items())}
    keys = {wire: key for key, wire in reversed(_IDENTITY_KEYS.items())}
    kind = str(identity.get("identityType"))
    read = {keys.get(k, k): v for k, v in identity.items() if k != "identityType"}
    read["type"] = words.get(kind.lower(), kind)
    return {key: _sorted(read[key]) for key in sorted(read)}


def _identity_to_wire(identity: Any) -> dict[str, Any] | None:
    if not isinstance(identity, Mapping) or not identity:
        return None
    kind = str(identity.get("type"))
    wire: dict[str, Any] = {
        _IDENTITY_KEYS.get(str(k), str(k)): v for k, v in identity.items() if k != "type"
    }
    wire["identityType"] = _IDENTITIES.get(kind.lower(), kind)
    return wire


# ------------------------------------------------------------------------------------- writing


def properties_to_wire(
    schedule: Schedule,
    workspace: Workspace,
    marks: Marks | None,
    live: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The `properties` to PUT: the whole of what is desired, over what is live.

    `schedule` is canonical; `marks` go into its tags; `live` are the properties as last read.
    """
    base = json.loads(json.dumps(live)) if live is not None else {}
    base.pop("provisioningState", None)
    tags = dict(schedule.tags)
    if marks is not None:
        own = (marks.owner, marks.source, marks.revision, marks.digest)
        tags |= {tag: text for tag, text in zip(_OWN_TAGS, own, strict=True) if text is not None}
    action = base.get("action") or {}
    definition = action.get("jobDefinition") or {}
    base |= {
        "displayName": schedule.display_name,
        "description": schedule.description,
        "tags": tags,
        "properties": dict(schedule.properties),
        # Always said: an update without it switches a schedule on.
        "isEnabled": schedule.enabled,
        "trigger": _trigger_over(base.get("trigger") or {}, schedule.trigger),
        "action": {
            **action,
            "actionType": "CreateJob",
            "jobDefinition": _job_to_wire(schedule.job, workspace, definition),
        },
    }
    done: dict[str, Any] = base
    return done


def _trigger_over(live: Mapping[str, Any], trigger: Trigger) -> dict[str, Any]:
    """The trigger to send; members of one of the same kind that are not known here survive."""
    wire = trigger_to_wire(trigger)
    if str(live.get("triggerType")).lower() != wire["triggerType"].lower():
        return wire
    return {key: value for key, value in live.items() if key not in _TRIGGER} | wire


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


def _job_to_wire(job: Job, workspace: Workspace, live: Mapping[str, Any]) -> dict[str, Any]:
    whole = job.reference == SENT_WHOLE
    same_kind = bool(live.get("sourceJobId")) != whole
    wire = {**live} if same_kind else {}
    settings = dict(job.settings)
    if job.continue_on_step_failure is not None:
        settings["continue_on_step_failure"] = job.continue_on_step_failure
    if "default_compute" in settings:
        settings["default_compute"] = to_id(settings["default_compute"], "computes", workspace)
    wire |= {
        "jobType": "Pipeline",
        "sourceJobId": None if whole else to_id(job.reference, "jobs", workspace),
        "jobs": job.extra.get("jobs") if whole else {},
        "experimentName": job.experiment_name or "",
        "displayName": job.display_name,
        "description": job.description,
        "computeId": to_id(job.compute, "computes", workspace) if job.compute else None,
        "inputs": _over(wire.get("inputs"), job.inputs, input_to_wire, _INPUT),
        "outputs": _over(wire.get("outputs"), job.outputs, output_to_wire, _OUTPUT),
        "settings": settings,
        "tags": dict(job.tags),
        "properties": dict(job.extra.get("properties") or {}),
        "identity": _identity_to_wire(job.extra.get("identity")),
    }
    return {
        key: value for key, value in wire.items() if value is not None and key not in _READ_ONLY
    }


def _over(
    live: Any,
    given: Mapping[str, Any],
    to_wire: Callable[[Any], dict[str, Any] | None],
    known: tuple[str, ...],
) -> dict[str, Any]:
    """Inputs, or outputs: as given, with what else is live there."""
    whole: dict[str, Any] = {}
    for name, value in given.items():
        wire = to_wire(value)
        if wire is not None:
            before = (live or {}).get(name) or {}
            kept = {k: v for k, v in before.items() if k not in known and v is not None}
            whole[name] = kept | wire
    return whole


_INPUT = ("jobInputType", "value", "uri", "mode")
_OUTPUT = ("jobOutputType", "uri", "mode")
_TRIGGER = (
    *("triggerType", "frequency", "interval", "schedule", "expression"),
    *("startTime", "endTime", "timeZone"),
)
_READ_ONLY = ("status", "services")
_MODES = {
    "ro_mount": "ReadOnlyMount",
    "rw_mount": "ReadWriteMount",
    "download": "Download",
    "direct": "Direct",
    "eval_mount": "EvalMount",
    "eval_download": "EvalDownload",
    "upload": "Upload",
}
_MODES_READ = {wire: yaml for yaml, wire in _MODES.items()}


def input_to_wire(value: Any) -> dict[str, Any] | None:
    """The value of a job's input: a literal, which is text, or data; None: nothing is given."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        if value.get("path") is None:
            return input_to_wire(value.get("value", value.get("default", "")))
        wire = {"jobInputType": value.get("type", "uri_folder"), "uri": value["path"]}
        if value.get("mode"):
            wire["mode"] = _MODES.get(value["mode"], value["mode"])
        return wire
    return {"jobInputType": "literal", "value": literal(value)}


def output_to_wire(value: Any) -> dict[str, Any]:
    """Where a job's output goes; a bare text is its path."""
    given = value if isinstance(value, Mapping) else {"path": value} if value else {}
    wire = {"jobOutputType": given.get("type", "uri_folder")}
    if given.get("path"):
        wire["uri"] = given["path"]
    if given.get("mode"):
        wire["mode"] = _MODES.get(given["mode"], given["mode"])
    return wire


def literal(value: Any) -> str:
    """A literal as Microsoft's client sends it: True, not true."""
    return str(value) if isinstance(value, bool) else scalar_text(value)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
