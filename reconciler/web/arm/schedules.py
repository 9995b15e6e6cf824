"""A stored schedule <-> the resource that Azure's clients read and write. Pure.

The values go through `providers/azureml/wire.py`, which knows Azure's spelling of all of them. A
schedule that is fired by files is shown with `triggerType: Datastore`, which Azure has not: its
clients see that the name is taken, and by what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.document import scalar_text
from reconciler.firing.clocks.zones import resolve, windows_name
from reconciler.firing.clocks.zones import zone as clock_zone
from reconciler.masking import mask
from reconciler.model import DatastoreChange, Recurrence, Schedule, Trigger
from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.definition import DEFAULT_EXPERIMENT, input_to_wire
from reconciler.providers.azureml.wire import (
    Foreign,
    properties_to_wire,
    schedule_from_wire,
)
from reconciler.web.arm.errors import bad
from reconciler.web.arm.sent_jobs import shown_definition
from reconciler.web.workspace_view import stored_schedule
from reconciler.workspace.store.schedules import ScheduleRow

TYPE = "Microsoft.MachineLearningServices/workspaces/schedules"
HERE = "file://localhost"
"""Before a path of this machine, as it is shown."""
_PLACEHOLDER = Recurrence("day", 1)
_DATASTORE = {
    "datastore": "datastoreName",
    "path_on_datastore": "pathOnDatastore",
    "polling_interval": "pollingInterval",
    "data_path_parameter_name": "dataPathParameterName",
}


def resource(
    row: ScheduleRow,
    place: Workspace,
    *,
    masked: bool,
    sent: Mapping[str, Any] | None = None,
    zone: str | None = None,
    experiment: str | None = None,
) -> dict[str, Any]:
    """A schedule as GET shows it. `masked`: without values that look secret, for who may only
    read, and so never sends them back. `sent`: the `jobDefinition` of a job that was sent whole.
    `zone`: as it was sent, where several names are of one; `experiment`: likewise, where none is
    named; None is as Azure fills it in.
    """
    schedule = stored_schedule(row, "")
    properties = shown_properties(schedule, place, sent)
    unnamed = DEFAULT_EXPERIMENT if experiment is None else experiment
    properties["action"]["jobDefinition"].setdefault("experimentName", unnamed)
    trigger = properties["trigger"]
    filled = filled_start(schedule.trigger, row)
    if filled is not None:
        trigger["startTime"] = filled.isoformat()
    timed = schedule.trigger
    if zone is not None and not isinstance(timed, DatastoreChange):
        trigger["timeZone"] = zone if resolve(zone) == timed.time_zone else trigger["timeZone"]
    properties["provisioningState"] = "Succeeded"
    return {
        "id": f"{place.id}/schedules/{row.name}",
        "name": row.name,
        "type": TYPE,
        "properties": mask("", properties) if masked else properties,
        "systemData": system_data(row.created_at, row.modified_at, row.modified_by),
    }


def filled_start(trigger: Trigger, row: ScheduleRow) -> datetime | None:
    """The start that is shown where none was sent, on the clock of its zone: the creation,
    from which it counts. Azure fills it in; here it stays open, and a put that gives it back
    changes nothing.
    """
    if isinstance(trigger, DatastoreChange) or trigger.start_time is not None:
        return None
    local = row.created_at.astimezone(clock_zone(trigger.time_zone))
    return local.replace(tzinfo=None, microsecond=0)


def as_held(wanted: Schedule, row: ScheduleRow) -> Schedule:
    """A schedule that is put over a row, with what is given back as it was shown as it is held: a
    start that was filled in, a zone that Windows has another name for, numbers that are text there.
    """
    held = stored_schedule(row, "")
    trigger, before = wanted.trigger, held.trigger
    if not isinstance(trigger, DatastoreChange) and not isinstance(before, DatastoreChange):
        if resolve(windows_name(before.time_zone) or "") == trigger.time_zone:
            trigger = replace(trigger, time_zone=before.time_zone)
        filled = filled_start(before, row)
        if filled is not None and trigger.start_time == filled:
            trigger = replace(trigger, start_time=None)
    inputs = {
        name: held.job.inputs[name]
        if name in held.job.inputs and input_to_wire(held.job.inputs[name]) == input_to_wire(value)
        else value
        for name, value in wanted.job.inputs.items()
    }
    return replace(wanted, trigger=trigger, job=replace(wanted.job, inputs=inputs))


def shown_properties(
    schedule: Schedule, place: Workspace, sent: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The `properties` of a schedule; `sent` as for `resource`."""
    trigger = schedule.trigger
    plain = replace(schedule, trigger=_without_zone(trigger))
    definition = shown_definition(sent) if sent is not None else None
    properties = properties_to_wire(plain, place, None, definition=definition)
    if isinstance(trigger, DatastoreChange):
        properties["trigger"] = trigger_by_files(trigger)
    elif plain.trigger != trigger:
        properties["trigger"]["timeZone"] = trigger.time_zone
    wire = properties["trigger"]
    for name in ("startTime", "endTime"):
        wire.setdefault(name, None)
    if isinstance(wire.get("schedule"), dict):
        wire["schedule"] = {"weekDays": None, "monthDays": None, **wire["schedule"]}
    definition = properties["action"]["jobDefinition"]
    for value in (definition.get("inputs") or {}).values():
        uri = str(value.get("uri") or "") if isinstance(value, dict) else ""
        if uri.startswith("/") and not uri.startswith("/subscriptions/"):
            # What looks like a path, Azure's client takes for one of its own machine, and uploads.
            value["uri"] = HERE + uri
    definition |= {"isArchived": False, "status": "NotStarted"}
    for name in ("description", "displayName", "services", "computeId", "identity", "componentId"):
        definition.setdefault(name, None)
    return properties


def trigger_by_files(trigger: DatastoreChange) -> dict[str, Any]:
    """A trigger that Azure has not, as it is shown."""
    return {
        "triggerType": "Datastore",
        "startTime": None,
        "endTime": None,
        "timeZone": "UTC",
        **{wire: getattr(trigger, name) for name, wire in _DATASTORE.items()},
    }


def read_schedule(name: str, properties: Mapping[str, Any], place: Workspace) -> Schedule:
    """The schedule that a body asks for, its job by the name of a pipeline; ArmError."""
    properties = {key: value for key, value in properties.items() if key != "provisioningState"}
    trigger = properties["trigger"]
    try:
        if str(trigger.get("triggerType")).lower() == "datastore":
            plain = {**properties, "trigger": _shown_placeholder()}
            schedule = schedule_from_wire(name, plain, "", place, by_tags=False)
            schedule = replace(schedule, trigger=_datastore(trigger))
        else:
            schedule = schedule_from_wire(name, properties, "", place, by_tags=False)
    except Foreign as error:
        raise bad(f"The schedule holds what is not supported: {error}") from error
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise bad("The request content was invalid and could not be deserialized") from error
    reference = schedule.job.reference
    experiment = schedule.job.experiment_name
    if experiment == DEFAULT_EXPERIMENT:
        experiment = None  # so it is shown: its runs are under the name of the schedule
    if not reference.startswith(PREFIX):
        reference = PREFIX + reference  # as Microsoft's client sends a short name with a version
    # All of the tags: those in which a provider keeps its marks are no less its own here.
    tags = {
        str(k): scalar_text(v) for k, v in (properties.get("tags") or {}).items() if v is not None
    }
    inputs = {key: _own_path(value) for key, value in schedule.job.inputs.items()}
    return replace(
        schedule,
        job=replace(schedule.job, reference=reference, inputs=inputs, experiment_name=experiment),
        tags=dict(sorted(tags.items())),
        source=None,
    )


def system_data(created: datetime, modified: datetime, by: str | None) -> dict[str, Any]:
    """Who, and when."""
    return {
        "createdAt": instant(created),
        "createdBy": by,
        "createdByType": "Application",
        "lastModifiedAt": instant(modified),
        "lastModifiedBy": by,
        "lastModifiedByType": "Application",
    }


def instant(moment: datetime) -> str:
    """As the service writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def _own_path(value: Any) -> Any:
    """An input, with a path of this machine as it was before it was shown."""
    path = value.get("path") if isinstance(value, dict) else None
    if isinstance(path, str) and path.startswith(f"{HERE}/"):
        return {**value, "path": path.removeprefix(HERE)}
    return value


def _without_zone(trigger: Trigger) -> Trigger:
    """A trigger that the wire can say: in a zone that Windows has a name for."""
    if isinstance(trigger, DatastoreChange):
        return _PLACEHOLDER
    return replace(trigger, time_zone="UTC") if windows_name(trigger.time_zone) is None else trigger


def _shown_placeholder() -> dict[str, Any]:
    return {"triggerType": "Recurrence", "frequency": "Day", "interval": 1}


def _datastore(trigger: Mapping[str, Any]) -> DatastoreChange:
    given = {name: trigger.get(wire) for name, wire in _DATASTORE.items()}
    name, path = given["datastore"], given["path_on_datastore"] or ""
    minutes, parameter = given["polling_interval"], given["data_path_parameter_name"]
    if not isinstance(name, str) or not isinstance(path, str):
        raise ValueError("the datastore, or its path, is no text")
    if ".." in path.replace("\\", "/").split("/"):
        raise bad(f"pathOnDatastore {path[:200]!r} leads out of the datastore")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 72_000:
        raise ValueError("the polling interval is no number of minutes")
    if not isinstance(parameter, str | None):
        raise ValueError("the parameter's name is no text")
    return DatastoreChange(name, path.strip("/"), minutes, parameter or None)
