"""Schedule <-> document: the one place that knows how a declaration's keys map to the values.

A document here is the resolved form of a declaration, in the words of the format: `trigger.schedule
.hours`, `create_job.settings.continue_on_step_failure`. It is what the embedded workspace stores,
what `schedules show` prints and what a plan's field paths refer to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any, cast

from reconciler.firing.clocks.zones import resolve
from reconciler.model import (
    WEEK_DAYS,
    Cron,
    DatastoreChange,
    Frequency,
    Job,
    JobDefinition,
    Key,
    Pattern,
    Recurrence,
    Schedule,
    Source,
    Trigger,
)

_WEEK_DAY_ORDER = {day: number for number, day in enumerate(WEEK_DAYS)}
_EMPTY: dict[str, Any] = {}
"""Of mappings that are never changed, one that is empty is enough."""
# Keys of create_job that have a field of their own in Job; others go to Job.extra.
_JOB_FIELDS = frozenset(
    [
        "type",
        "job",
        "experiment_name",
        "inputs",
        "outputs",
        "settings",
        "display_name",
        "description",
        "compute",
        "tags",
    ]
)
# Keys that Azure's client takes and makes nothing of; most stand in what it shows of a schedule.
_SHOWN = frozenset(["$schema", "name", "id", "status", "log_files", "creation_context"])
_NOT_EXTRA = _JOB_FIELDS | _SHOWN
_FLAGS = frozenset(
    ("continue_on_step_failure", "force_rerun", "continue_run_on_failed_optional_input")
)


# --------------------------------------------------------------------------- document -> Schedule


def schedule_from_document(
    document: Mapping[str, Any],
    key: Key,
    source: Source | None = None,
    definition: JobDefinition | None = None,
) -> Schedule:
    """The Schedule of a document that has passed schema and lint; ValueError where it had not."""
    return Schedule(
        key=key,
        trigger=trigger_from_document(document["trigger"]),
        job=_job(document["create_job"], definition),
        enabled=as_bool(document.get("is_enabled", True)),
        display_name=document.get("display_name") or None,
        description=document.get("description") or None,
        tags=_labels(document.get("tags")),
        properties=_properties(document.get("properties")),
        source=source,
        renamed_from=document.get("renamed_from"),
        adopt=_adopted(document.get("adopt")),
    )


def _adopted(value: bool | Mapping[str, str] | None) -> str | None:
    if isinstance(value, Mapping):
        return value["from"]
    return "" if value else None


def trigger_from_document(document: Mapping[str, Any]) -> Trigger:
    """The Trigger of a `trigger` mapping."""
    get = document.get
    match str(document["type"]).lower():
        case "recurrence":
            return Recurrence(
                frequency=cast(Frequency, document["frequency"].lower()),
                interval=int(document["interval"]),
                pattern=_pattern(get("schedule")),
                start_time=_time(get("start_time")),
                end_time=_time(get("end_time")),
                time_zone=_zone(get("time_zone")),
            )
        case "cron":
            return Cron(
                expression=" ".join(document["expression"].split()),
                start_time=_time(get("start_time")),
                end_time=_time(get("end_time")),
                time_zone=_zone(get("time_zone")),
            )
        case "datastore":
            return DatastoreChange(
                datastore=document["datastore"],
                path_on_datastore=normal_path(get("path_on_datastore") or ""),
                polling_interval=int(get("polling_interval", 5)),
                data_path_parameter_name=get("data_path_parameter_name") or None,
            )
        case other:
            raise ValueError(f"unknown trigger type {other}")


def as_bool(value: bool | str) -> bool:
    """A boolean, also where a variable made it text."""
    return value if isinstance(value, bool) else value.lower() == "true"


def as_list(value: Any) -> list[Any]:
    """One value or a list of them, as a list; None is the empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def time_of_day(text: str) -> tuple[int, int] | None:
    """Read "18:30" as (18, 30); None if it is no time of day."""
    hours, colon, minutes = text.partition(":")
    digits = (hours + minutes).isascii() and (hours + minutes).isdigit()
    if not (colon and digits and 1 <= len(hours) <= 2 and len(minutes) == 2):
        return None
    hour, minute = int(hours), int(minutes)
    return (hour, minute) if hour < 24 and minute < 60 else None


def normal_path(path: str) -> str:
    """A path on a datastore, without leading, trailing and doubled slashes."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _pattern(document: Mapping[str, Any] | None) -> Pattern | None:
    if not document:
        return None
    hours = _numbers(document.get("hours"))
    minutes = _numbers(document.get("minutes"))
    if (text := document.get("time_of_day")) is not None:
        moment = time_of_day(text)
        if moment is None:
            raise ValueError(f"{text} is not a time of day")
        hours, minutes = (moment[0],), (moment[1],)
    days = {day.lower() for day in as_list(document.get("week_days"))}
    pattern = Pattern(
        hours=hours,
        minutes=minutes,
        week_days=tuple(sorted(days, key=_WEEK_DAY_ORDER.__getitem__)) if days else (),
        month_days=_numbers(document.get("month_days")),
    )
    # Empty lists are what Azure's client sends for "no pattern".
    return _shared(pattern) if pattern != _NO_PATTERN else None


_NO_PATTERN = Pattern()


@lru_cache(maxsize=4096)
def _shared(pattern: Pattern) -> Pattern:
    """One value for all that are equal: of a hundred thousand schedules most fire alike."""
    return pattern


def _numbers(value: Any) -> tuple[int, ...]:
    return tuple(sorted({int(item) for item in as_list(value)}))


def _time(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    """The clock that it shows: an offset has been found to be that of the time zone."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _zone(name: str | None) -> str:
    if name is None:
        return "UTC"
    resolved = resolve(name)
    if resolved is None:
        raise ValueError(f"time zone {name} is not known")
    return resolved


def _job(document: str | Mapping[str, Any], definition: JobDefinition | None) -> Job:
    if isinstance(document, str):
        return Job(reference=document, definition=definition, own_experiment=definition is None)
    get = document.get
    settings = {
        name: as_bool(value) if name in _FLAGS else value
        for name, value in (get("settings") or _EMPTY).items()
    }
    go_on = settings.pop("continue_on_step_failure", None)
    extra = {k: _frozen(v) for k, v in document.items() if k not in _NOT_EXTRA and v is not None}
    return Job(
        reference=document["job"],
        experiment_name=get("experiment_name") or None,
        inputs=_sorted(get("inputs")),
        outputs=_sorted(get("outputs")),
        continue_on_step_failure=go_on,
        settings=_sorted(settings),
        display_name=get("display_name") or None,
        description=get("description") or None,
        compute=get("compute") or None,
        tags=_labels(get("tags")),
        extra=dict(sorted(extra.items())) if extra else _EMPTY,
        definition=definition,
        own_experiment=get("experiment_name") == "",
    )


def _labels(document: Mapping[str, Any] | None) -> dict[str, str]:
    if not document:
        return _EMPTY
    return {name: intern(scalar_text(document[name])) for name in sorted(document)}


def _properties(document: Mapping[str, Any] | None) -> dict[str, str | None]:
    if not document:
        return _EMPTY
    return {
        name: None if document[name] is None else scalar_text(document[name])
        for name in sorted(document)
    }


def scalar_text(value: Any) -> str:
    """A scalar as YAML would write it: true, not True."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _sorted(document: Mapping[str, Any] | None) -> dict[str, Any]:
    if not document:
        return _EMPTY
    return {name: _frozen(document[name]) for name in sorted(document)}


def _frozen(value: Any) -> Any:
    """A copy with sorted keys, at any depth (which the reader of files has bounded)."""
    if isinstance(value, dict):
        return {name: _frozen(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_frozen(item) for item in value]
    return value


def schedule_digest(schedule: Schedule) -> str:
    """A short digest of all that is compared; the same for equal schedules, on every machine."""
    return document_digest(document_from_schedule(schedule))


_SORTED = json.JSONEncoder(sort_keys=True, default=str)
"""Made once: `dumps` makes another for each document."""


def document_digest(document: Mapping[str, Any]) -> str:
    """The same of the document of a Schedule."""
    text = _SORTED.encode(document)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


# --------------------------------------------------------------------------- Schedule -> document


def document_from_schedule(schedule: Schedule) -> dict[str, Any]:
    """The document of a Schedule: what is not set is left out, keys in the order of the docs."""
    document: dict[str, Any] = {"name": schedule.key.name}
    _put(document, "display_name", schedule.display_name)
    _put(document, "description", schedule.description)
    document["trigger"] = document_from_trigger(schedule.trigger)
    document["create_job"] = _job_document(schedule.job)
    document["is_enabled"] = schedule.enabled
    _put(document, "tags", dict(schedule.tags))
    _put(document, "properties", dict(schedule.properties))
    return document


def document_from_trigger(trigger: Trigger) -> dict[str, Any]:
    """The `trigger` mapping of a Trigger."""
    document: dict[str, Any]
    match trigger:
        case Recurrence():
            document = {
                "type": "recurrence",
                "frequency": trigger.frequency,
                "interval": trigger.interval,
            }
            if trigger.pattern is not None:
                document["schedule"] = _pattern_document(trigger.pattern)
        case Cron():
            document = {"type": "cron", "expression": trigger.expression}
        case _:
            document = {"type": "datastore", "datastore": trigger.datastore}
            _put(document, "path_on_datastore", trigger.path_on_datastore)
            document["polling_interval"] = trigger.polling_interval
            _put(document, "data_path_parameter_name", trigger.data_path_parameter_name)
            return document
    for name in ("start_time", "end_time"):
        moment: datetime | None = getattr(trigger, name)
        if moment is not None:
            document[name] = moment.isoformat()
    document["time_zone"] = trigger.time_zone
    return document


def _pattern_document(pattern: Pattern) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name in ("hours", "minutes", "week_days", "month_days"):
        _put(document, name, list(getattr(pattern, name)))
    return document


def _job_document(job: Job) -> dict[str, Any]:
    document: dict[str, Any] = {"job": job.reference}
    settings = dict(job.settings)
    if job.continue_on_step_failure is not None:
        settings["continue_on_step_failure"] = job.continue_on_step_failure
    _put(document, "experiment_name", job.experiment_name)
    _put(document, "display_name", job.display_name)
    _put(document, "description", job.description)
    _put(document, "compute", job.compute)
    _put(document, "inputs", dict(job.inputs))
    _put(document, "outputs", dict(job.outputs))
    _put(document, "settings", settings)
    _put(document, "tags", dict(job.tags))
    document.update(job.extra)
    return document


def _put(document: dict[str, Any], name: str, value: Any) -> None:
    if value is not None and value != {} and value != [] and value != "":
        document[name] = value
