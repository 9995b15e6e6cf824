"""A changed file -> the job that it asks for, as the schedule itself would have made it. Pure.

The name of the job is made of the schedule and the version of the file, so that whoever asks for
it again, after a crash or beside another agent, asks for the same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.shell.binding import BINDING

SCHEDULE = "reconciler-schedule"
"""The property, and the tag, of a job: the schedule that it was submitted for."""
DATA_PATH = "reconciler-data-path"
"""Likewise: the file."""
_TRIGGER_TIME = "creation_context.trigger_time"
_LONGEST_STEM = 200
_OF_THE_SERVICE = ("status", "provisioningState")


def job_name(schedule: str, address: str, stamp: str) -> str:
    """Of the job for one version of a file: at most 255 characters, as Azure wants it."""
    version = hashlib.sha256("\0".join((schedule, address, stamp)).encode()).hexdigest()
    return f"{schedule[:_LONGEST_STEM]}-{version[:32]}"


def job_properties(
    schedule: str,
    definition: Mapping[str, Any],
    parameter: str | None,
    address: str,
    at: datetime,
) -> dict[str, Any]:
    """What to PUT: the job that the schedule holds, with the file as its input.

    Its display name and experiment are as those of jobs that a schedule starts: NAME-INSTANT, and
    the schedule's name where none is given.
    """
    properties = {
        key: value
        for key, value in definition.items()
        if value is not None and key not in _OF_THE_SERVICE
    }
    instant = at.astimezone(UTC)
    moment = f"{instant:%Y-%m-%dT%H:%M:%SZ}"
    inputs = {
        name: _filled(value, moment) for name, value in (properties.get("inputs") or {}).items()
    }
    if parameter is not None:
        inputs[parameter] = _given(inputs.get(parameter), address)
    marks = {SCHEDULE: schedule, DATA_PATH: address}
    return properties | {
        "inputs": inputs,
        "experimentName": properties.get("experimentName") or schedule,
        "displayName": f"{schedule}-{instant:%Y%m%dT%H%M%SZ}",
        "tags": {**(properties.get("tags") or {}), **marks},
        "properties": {**(properties.get("properties") or {}), **marks},
    }


def _given(before: Any, address: str) -> dict[str, Any]:
    kind = before.get("jobInputType", "uri_file") if isinstance(before, Mapping) else "uri_file"
    kept = dict(before) if isinstance(before, Mapping) else {}
    if str(kind).lower() == "literal":
        return {**kept, "jobInputType": kind, "value": address}
    return {**kept, "jobInputType": kind, "uri": address}


def _filled(value: Any, moment: str) -> Any:
    """Macros that a schedule fills in when it starts a job."""
    if not isinstance(value, Mapping) or not isinstance(value.get("value"), str):
        return value
    text = BINDING.sub(
        lambda match: moment if match[1] == _TRIGGER_TIME else match[0], value["value"]
    )
    return {**value, "value": text}
