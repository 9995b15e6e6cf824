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
from reconciler.firing.clocks.zones import windows_name
from reconciler.masking import mask
from reconciler.model import DatastoreChange, Recurrence, Schedule, Trigger
from reconciler.providers.azureml.ids import PREFIX, Workspace
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
_PLACEHOLDER = Recurrence("day", 1)
_DATASTORE = {
    "datastore": "datastoreName",
    "path_on_datastore": "pathOnDatastore",
    "polling_interval": "pollingInterval",
    "data_path_parameter_name": "dataPathParameterName",
}


def resource(
    row: ScheduleRow, place: Workspace, *, masked: bool, sent: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A schedule as GET shows it. `masked`: without values that look secret, for who may only
    read, and so never sends them back. `sent`: the `jobDefinition` of a job that was sent whole.
    """
    schedule = stored_schedule(row, "")
    properties = shown_properties(schedule, place, sent)
    properties["provisioningState"] = "Succeeded"
    return {
        "id": f"{place.id}/schedules/{row.name}",
        "name": row.name,
        "type": TYPE,
        "properties": mask("", properties) if masked else properties,
        "systemData": system_data(row.created_at, row.modified_at, row.modified_by),
    }


def shown_properties(
    schedule: Schedule, place: Workspace, sent: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The `properties` of a schedule; `sent` as for `resource`."""
    trigger = schedule.trigger
    plain = replace(schedule, trigger=_without_zone(trigger))
    definition = shown_definition(sent) if sent is not None else None
    properties = properties_to_wire(plain, place, None, definition=definition)
    if isinstance(trigger, DatastoreChange):
        properties["trigger"] = {
            "triggerType": "Datastore",
            "startTime": None,
            "endTime": None,
            "timeZone": "UTC",
            **{wire: getattr(trigger, name) for name, wire in _DATASTORE.items()},
        }
    elif plain.trigger != trigger:
        properties["trigger"]["timeZone"] = trigger.time_zone
    wire = properties["trigger"]
    for name in ("startTime", "endTime"):
        wire.setdefault(name, None)
    if isinstance(wire.get("schedule"), dict):
        wire["schedule"] = {"weekDays": None, "monthDays": None, **wire["schedule"]}
    definition = properties["action"]["jobDefinition"]
    definition |= {"isArchived": False, "status": "NotStarted"}
    for name in ("description", "displayName", "services", "computeId", "identity", "componentId"):
        definition.setdefault(name, None)
    return properties


def read_schedule(name: str, properties: Mapping[str, Any], place: Workspace) -> Schedule:
    """The schedule that a body asks for, its job by the name of a pipeline; ArmError."""
    properties = {key: value for key, value in properties.items() if key != "provisioningState"}
    trigger = properties["trigger"]
    try:
        if str(trigger.get("triggerType")).lower() == "datastore":
            plain = {**properties, "trigger": _shown_placeholder()}
            schedule = schedule_from_wire(name, plain, "", place)
            schedule = replace(schedule, trigger=_datastore(trigger))
        else:
            schedule = schedule_from_wire(name, properties, "", place)
    except Foreign as error:
        raise bad(f"The schedule holds what is not supported: {error}") from error
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise bad("The request content was invalid and could not be deserialized") from error
    reference = schedule.job.reference
    if not reference.startswith(PREFIX):
        reference = PREFIX + reference  # as Microsoft's client sends a short name with a version
    # All of the tags: those in which a provider keeps its marks are no less its own here.
    tags = {
        str(k): scalar_text(v) for k, v in (properties.get("tags") or {}).items() if v is not None
    }
    return replace(
        schedule,
        job=replace(schedule.job, reference=reference),
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
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= 72_000:
        raise ValueError("the polling interval is no number of minutes")
    if not isinstance(parameter, str | None):
        raise ValueError("the parameter's name is no text")
    return DatastoreChange(name, path.strip("/"), minutes, parameter or None)
