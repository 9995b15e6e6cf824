"""A changed file -> the job that it asks for, as the schedule itself would have made it. Pure.

The name of the job is made of the schedule and the version of the file, so that whoever asks for
it again, after a crash or beside another agent, asks for the same one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.model import DatastoreChange, Schedule
from reconciler.providers.azureml.jobs.definition import DEFAULT_EXPERIMENT
from reconciler.providers.azureml.runs.data_changes import address_of
from reconciler.providers.capabilities import PastFire
from reconciler.shell.binding import BINDING
from reconciler.workspace.datastores.changes import Listed

SCHEDULE = "reconciler-schedule"
"""The property, and the tag, of a job: the schedule that it was submitted for."""
DATA_PATH = "reconciler-data-path"
"""Likewise: the file."""
CAUSE = "reconciler-cause"
"""Likewise: why, where it is none of the schedule's own: data, manual."""
_ADDRESS = "azureml://"
_TRIGGER_TIME = "creation_context.trigger_time"
_LONGEST_STEM = 200
_OF_THE_SERVICE = ("status", "provisioningState")


def job_name(schedule: str, address: str, stamp: str) -> str:
    """Of the job for one version of a file: at most 255 characters, as Azure wants it."""
    version = hashlib.sha256("\0".join((schedule, address, stamp)).encode()).hexdigest()
    return f"{schedule[:_LONGEST_STEM]}-{version[:32]}"


def by_hand_name(schedule: str, at: datetime) -> str:
    """Of a job that somebody asks for: another each time."""
    return f"{schedule[:_LONGEST_STEM]}-{stamp(at)}-{secrets.token_hex(3)}"


def past_job_name(schedule: Schedule, fire: PastFire) -> str:
    """Of the job for a fire of the past: of a file, the one that the agent would ask for."""
    name, trigger = schedule.key.name, schedule.trigger
    if fire.file is None or not isinstance(trigger, DatastoreChange):
        return f"{name[:_LONGEST_STEM]}-{stamp(fire.due_at)}"
    return job_name(name, address_of(trigger, file_name(fire.file)), fire.file.stamp)


def file_name(file: Listed) -> str:
    """Of a file, within its folder."""
    return file.key.rpartition("/")[2]


def stamp(at: datetime) -> str:
    """The instant as Azure writes it into the names of a schedule's jobs."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def job_properties(
    schedule: str,
    definition: Mapping[str, Any],
    inputs: Mapping[str, str],
    at: datetime,
    marks: Mapping[str, str],
) -> dict[str, Any]:
    """What to PUT: the job that the schedule holds, as of the instant `at`, with `inputs` over its
    own. `marks` become properties of it, and tags, beside the schedule's name.

    Its display name and experiment are as those of jobs that a schedule starts: NAME-INSTANT, and
    the schedule's name where none is given; of a reference to another job Default stands for none.
    """
    properties = {
        key: value
        for key, value in definition.items()
        if value is not None and key not in _OF_THE_SERVICE
    }
    instant = at.astimezone(UTC)
    moment = f"{instant:%Y-%m-%dT%H:%M:%SZ}"
    filled = {
        name: _filled(value, moment) for name, value in (properties.get("inputs") or {}).items()
    }
    for name, text in inputs.items():
        filled[name] = _given(filled.get(name), text)
    marks = {SCHEDULE: schedule, **marks}
    experiment = properties.get("experimentName")
    if properties.get("sourceJobId") and experiment == DEFAULT_EXPERIMENT:
        experiment = None
    return properties | {
        "inputs": filled,
        "experimentName": experiment or schedule,
        "displayName": f"{schedule}-{stamp(instant)}",
        "tags": {**(properties.get("tags") or {}), **marks},
        "properties": {**(properties.get("properties") or {}), **marks},
    }


def _given(before: Any, text: str) -> dict[str, Any]:
    """An input with another value; one that the schedule does not have, by what the value says."""
    kept = dict(before) if isinstance(before, Mapping) else {}
    kind = kept.get("jobInputType") or ("uri_file" if text.startswith(_ADDRESS) else "literal")
    member = "value" if str(kind).lower() == "literal" else "uri"
    return {**kept, "jobInputType": kind, member: text}


def _filled(value: Any, moment: str) -> Any:
    """Macros that a schedule fills in when it starts a job."""
    if not isinstance(value, Mapping) or not isinstance(value.get("value"), str):
        return value
    text = BINDING.sub(
        lambda match: moment if match[1] == _TRIGGER_TIME else match[0], value["value"]
    )
    return {**value, "value": text}
