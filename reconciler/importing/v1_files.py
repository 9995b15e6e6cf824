"""A `Schedule:` file of the retired CLI v1 -> its keys as the SDK v1 spells them. Pure.

What is spelled otherwise is read as what it must mean, and said; what is not known is not kept, and
said. The keys are those of azureml-pipeline-core 1.61, schedule.py: ScheduleYaml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.firing.clocks.zones import WINDOWS, resolve

_SCHEDULE = (
    "name",
    "description",
    "recurrence",
    "pipeline_parameters",
    "wait_for_provisioning",
    "wait_timeout",
    "datastore_name",
    "polling_interval",
    "data_path_parameter_name",
    "continue_on_step_failure",
    "path_on_datastore",
)
_RECURRENCE = (
    "frequency",
    "interval",
    "start_time",
    "time_zone",
    "hours",
    "minutes",
    "time_of_day",
    "week_days",
)
_OF_DATASTORE = (
    "datastore_name",
    "path_on_datastore",
    "polling_interval",
    "data_path_parameter_name",
)

Remark = tuple[tuple[str, ...], str]
"""The path of a key in the file, and what is said of it."""


def read_v1(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Remark]]:
    """The `Schedule` of a document with known keys, and what is to be said of the others. Its
    recurrence and pipeline_parameters are mappings, where they are there.
    """
    remarks: list[Remark] = [
        ((key,), f'"{key}" is not known beside Schedule, and not kept')
        for key in document
        if key != "Schedule"
    ]
    found = _spelled(document.get("Schedule") or {}, _SCHEDULE, ("Schedule",), remarks)
    recurrence = found.get("recurrence")
    if recurrence:
        place = ("Schedule", _as_written(document["Schedule"], "recurrence"))
        found["recurrence"] = _spelled(recurrence, _RECURRENCE, place, remarks)
        zone = (*place, _as_written(recurrence, "time_zone"))
        _translate_zone(found["recurrence"], zone, remarks)
        beside = [key for key in _OF_DATASTORE if found.get(key) is not None]
        if beside:
            place = ("Schedule", _as_written(document["Schedule"], beside[0]))
            what = f"recurrence is kept, and {', '.join(beside)} not: a schedule has one trigger"
            remarks.append((place, what))
    return found, remarks


def _spelled(
    given: Mapping[Any, Any], known: tuple[str, ...], place: tuple[str, ...], remarks: list[Remark]
) -> dict[str, Any]:
    """`given` by the known spelling of its keys."""
    found = {key: given[key] for key in known if key in given}
    meant = {_bare(key): key for key in known}
    for key, value in given.items():
        if key in known:
            continue
        name = meant.get(_bare(str(key)))
        path = (*place, str(key))
        if name is None:
            remarks.append((path, f'"{key}" is not known, and not kept'))
        elif name in found:
            remarks.append((path, f'"{key}" is not kept: {name} is there, too'))
        else:
            remarks.append((path, f'"{key}" is read as {name}'))
            found[name] = value
    return found


def _translate_zone(
    recurrence: dict[str, Any], place: tuple[str, ...], remarks: list[Remark]
) -> None:
    """`PacificStandardTime`, as the SDK's TimeZone names it -> `Pacific Standard Time`."""
    zone = recurrence.get("time_zone")
    if not isinstance(zone, str) or resolve(zone) is not None:
        return
    name = _ZONES.get(_plain(zone.rpartition(".")[2]))
    if name is not None:
        recurrence["time_zone"] = name
        remarks.append((place, f'the time zone "{zone}" is written as "{name}"'))


def _as_written(given: Mapping[Any, Any], name: str) -> str:
    """The key of a mapping that is read as `name`."""
    return next((str(k) for k in given if _bare(str(k)) == _bare(name)), name)


def _bare(key: str) -> str:
    return _plain(key).removesuffix("s")


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


_ZONES = {_plain(name): name for name in WINDOWS}
