"""Changes in a datastore, as a schedule of Azure holds them: a time that never comes, and tags.

Pure. Azure's API has no such trigger. The schedule there is a whole one all the same, with its job
and its switch; who submits its job is the agent (`reconciler.agent`), which reads these tags. See
docs/decisions/0060-data-changes-on-azure.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.model import DatastoreChange, Job, Pattern, Recurrence, Trigger

DATASTORE = "reconciler-datastore"
PATH = "reconciler-path-on-datastore"
INTERVAL = "reconciler-polling-interval"
PARAMETER = "reconciler-data-path-parameter"
SINCE = "reconciler-watched-since"
"""When it was enabled, or its folder became another: what was there before is not run."""
RENAMED = "reconciler-renamed-from"
"""The name that it had, for the agent: what was seen of the folder under that goes on."""
TAGS = (DATASTORE, PATH, INTERVAL, PARAMETER, SINCE, RENAMED)

NEVER = Recurrence("day", 1, start_time=datetime(2999, 1, 1))
"""What stands in the place of the trigger."""


def data_tags(
    trigger: DatastoreChange, since: datetime | None, before: Mapping[str, Any]
) -> dict[str, str]:
    """The tags that say it; `since`: an aware instant, or not known; `before`: the tags as they
    are.
    """
    tags = {
        DATASTORE: trigger.datastore,
        PATH: trigger.path_on_datastore,
        INTERVAL: str(trigger.polling_interval),
        PARAMETER: trigger.data_path_parameter_name or "",
        SINCE: since.astimezone(UTC).isoformat() if since is not None else "",
        RENAMED: str(before.get(RENAMED) or ""),
    }
    # Not every client of Azure keeps a tag without text.
    return {tag: text for tag, text in tags.items() if text}


def data_trigger(trigger: Trigger, tags: Mapping[str, Any]) -> DatastoreChange | None:
    """What a live trigger and tags stand for; None: the trigger is what it is."""
    datastore = tags.get(DATASTORE)
    interval = tags.get(INTERVAL)
    if not isinstance(datastore, str) or not _is_never(trigger):
        return None
    if not (isinstance(interval, str) and interval.isascii() and interval.isdigit()):
        return None
    path, parameter = tags.get(PATH), tags.get(PARAMETER)
    if not all(one is None or isinstance(one, str) for one in (path, parameter)):
        return None
    return DatastoreChange(datastore, path or "", int(interval), parameter or None)


def watched_folder(tags: Mapping[str, Any]) -> tuple[Any, Any]:
    """The datastore and the path that tags name."""
    return tags.get(DATASTORE), tags.get(PATH) or ""


def watched_since(tags: Mapping[str, Any]) -> datetime | None:
    """From when on changes count; None: it does not say."""
    try:
        since = datetime.fromisoformat(str(tags.get(SINCE)))
    except ValueError:
        return None
    return since.astimezone(UTC) if since.tzinfo is not None else None


def address_of(trigger: DatastoreChange, name: str = "") -> str:
    """A file of the folder, as an input of a job names it; without a name, the folder."""
    folder = f"{trigger.path_on_datastore}/" if trigger.path_on_datastore else ""
    return f"azureml://datastores/{trigger.datastore}/paths/{folder}{name}"


def with_data_path(job: Job, trigger: Trigger, declared: Mapping[str, Any]) -> Job:
    """`job` with the folder as the value of the input that changes fill, where it has no other:
    Azure takes no schedule whose job lacks one. `declared`: the inputs of its job file.
    """
    if not isinstance(trigger, DatastoreChange) or trigger.data_path_parameter_name is None:
        return job
    name = trigger.data_path_parameter_name
    before = declared.get(name)
    if name in job.inputs or _has_value(before):
        return job
    return replace(job, inputs={**job.inputs, name: data_value(before, address_of(trigger))})


def data_value(declared: Any, address: str) -> Any:
    """An address as the value of an input that is declared so: text where it takes text."""
    kind = declared.get("type", "uri_file") if isinstance(declared, Mapping) else "uri_file"
    if kind not in ("uri_file", "uri_folder", "mltable"):
        return address
    mode = (
        {"mode": declared["mode"]} if isinstance(declared, Mapping) and "mode" in declared else {}
    )
    return {"type": kind, "path": address, **mode}


def _has_value(declared: Any) -> bool:
    if not isinstance(declared, Mapping):
        return declared is not None
    return any(declared.get(key) is not None for key in ("path", "value", "default"))


def _is_never(trigger: Trigger) -> bool:
    return (
        isinstance(trigger, Recurrence)
        and trigger.pattern in (None, Pattern())
        and replace(trigger, pattern=None) == NEVER
    )
