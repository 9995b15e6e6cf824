"""Schedule files with one member of their trigger or their create_job put, odd, or left out.

All are made of three: one names a job file, one a job file with what it is to run with, and one a
registered job with that.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Variant = tuple[str, Document]
"""What is odd about it, and the document."""

LEFT_OUT = object()
JOB_FILE = "scheduled-job.yml"
JOB: Document = {
    "type": "pipeline",
    "display_name": "Of the file",
    "tags": {"team": "risk", "of": "file"},
    "properties": {"of": "file"},
    "settings": {"default_compute": "azureml:cpu", "force_rerun": True},
    "inputs": {"rate": 0.5, "rows": {"type": "uri_folder", "path": "azureml:claims:3"}},
    "outputs": {"model": {"type": "uri_folder", "mode": "upload"}},
    "jobs": {
        "train": {
            "type": "command",
            "component": "azureml:train:1",
            "inputs": {"rate": "${{parent.inputs.rate}}", "rows": "${{parent.inputs.rows}}"},
            "outputs": {"model": "${{parent.outputs.model}}"},
        }
    },
}
_CRON: Document = {"type": "cron", "expression": "0 2 * * *"}
_DAILY: Document = {
    "type": "recurrence",
    "frequency": "day",
    "interval": 1,
    "schedule": {"hours": [2], "minutes": [30]},
}
_TIMES: tuple[Any, ...] = (
    *("2030-01-01T00:00:00", "2030-01-01T00:00:00+02:00", "2030-01-01T00:00:00Z", "2030-01-01"),
    *(
        "2030-01-01 00:00:00",
        "2030-01-01T00:00",
        "2030-01-01T00:00:00.5",
        "2030-01-01T00:00:00-0500",
    ),
    *("20300101T000000", "tomorrow", "", None, 5),
)
_TRIGGER: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("start_time", _TIMES),
    (
        "end_time",
        ("2031-01-01T00:00:00", "2031-01-01T00:00:00+02:00", "2031-01-01T00:00:00Z", None),
    ),
    ("time_zone", ("UTC", "W. Europe Standard Time", "Europe/Berlin", "Mars/Phobos", "", None, 5)),
    ("timezone", ("UTC",)),
    ("type", (LEFT_OUT, "event", "Cron", "CRON", "Recurrence", None)),
)
_OF_CRON: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (
        "expression",
        (
            LEFT_OUT,
            None,
            "",
            5,
            "0 2 * * 1-5",
            "*/15 * * * *",
            "0 2 1 * *",
            "0 0 2 * * *",
            "@daily",
        ),
    ),
    ("frequency", ("day",)),
    ("schedule", ({"hours": 1, "minutes": 2},)),
)
_OF_RECURRENCE: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("frequency", ("minute", "hour", "Day", "WEEK", "week", "month", "year", LEFT_OUT, None)),
    ("interval", (2, "2", 0, -1, 1.0, 1.5, True, LEFT_OUT, None)),
    ("expression", ("0 2 * * *",)),
    ("pattern", ({"hours": 1, "minutes": 2},)),
    (
        "schedule",
        (
            *(LEFT_OUT, None, {}, {"hours": 2}, {"minutes": 2}, {"hours": [], "minutes": []}),
            *({"hours": 2, "minutes": 30}, {"hours": "2", "minutes": ["30"]}),
            *({"hours": [9, 2, 2], "minutes": [30, 0]}, {"hours": 25, "minutes": 0}),
            {"hours": 2, "minutes": 0, "week_days": "monday"},
            {"hours": 2, "minutes": 0, "week_days": ["Friday", "MONDAY"]},
            {"hours": 2, "minutes": 0, "week_days": ["mon"]},
            {"hours": 2, "minutes": 0, "month_days": [31, 1]},
            {"hours": 2, "minutes": 0, "month_days": 0},
            {"hours": 2, "minutes": 0, "month_days": None, "week_days": None},
        ),
    ),
)
_PATTERNS = (
    *(("week", {"week_days": one}) for one in ("monday", ["Friday", "MONDAY"], [])),
    *(("month", {"month_days": one}) for one in (1, [31, 1], "3", [])),
    *(("month", {"week_days": ["monday"]}), ("month", {"week_days": "sunday", "month_days": 3})),
    *(("hour", {}), ("minute", {})),
)
_IDENTITIES = (
    *({"type": "user_identity"}, {"type": "managed"}, {"type": "aml_token"}),
    {"type": "managed_identity", "client_id": "00000000-0000-0000-0000-000000000001"},
)
_JOB: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("type", (LEFT_OUT, "pipeline", "command", "spark", "Pipeline", None)),
    ("name", ("named", "a b", None, 5)),
    ("display_name", ("Shown", "", None, 5)),
    ("description", ("Told", "", None)),
    ("experiment_name", ("nightly", "", "Default", None)),
    ("tags", ({"of": "schedule"}, {"n": 3}, {"b": True}, {"x": None}, {}, None)),
    ("properties", ({"of": "schedule"}, {"n": 3}, {"x": None}, {}, None)),
    ("compute", ("azureml:cpu", "cpu", "serverless", "", None)),
    ("identity", (*_IDENTITIES, {"type": "odd"}, None)),
    ("services", ({"tool": {"type": "jupyter_lab"}}, {"own": {"type": "custom"}}, {}, None)),
    ("id", ("azureml:train",)),
    ("status", ("Completed",)),
    ("log_files", ({"a": "b"},)),
    ("creation_context", ({"created_by": "me"},)),
    ("limits", ({"timeout": 60},)),
    ("resources", ({"instance_count": 2},)),
    ("environment", ("azureml:mine:3",)),
    ("environment_variables", ({"A": "b"},)),
    ("code", ("./src",)),
    ("component", ("azureml:train:1",)),
    ("jobs", ({"other": {"type": "command", "component": "azureml:train:2"}}, {}, None)),
    ("$schema", ("https://azuremlschemas.azureedge.net/latest/pipelineJob.schema.json",)),
    ("odd", ("a",)),
    (
        "settings",
        (
            *({"default_compute": "azureml:gpu"}, {"default_compute": "serverless"}),
            *({"default_datastore": "azureml:lake"}, {"continue_on_step_failure": False}),
            *({"force_rerun": False}, {"continue_run_on_failed_optional_input": True}),
            *({"identity": one} for one in _IDENTITIES),
            *({"odd": "a"}, {"odd": {"a": [1]}}, {"odd": 3}, {"force_rerun": None}, {}, None),
            *({"default_compute": "gpu"}, {"continue_on_step_failure": "true"}),
        ),
    ),
    (
        "inputs",
        (
            *({"rate": one} for one in (1, 0.25, True, "text", "", None, "1e-3")),
            *({"more": one} for one in (1, "text", None, {"path": "azureml:claims:4"})),
            {"rows": {"path": "azureml:claims:4"}},
            {"rows": {"mode": "download"}},
            {"rows": {"type": "uri_file", "path": "azureml://datastores/lake/paths/a"}},
            {"rate": {"type": "number", "default": 3}},
            {"at": "${{creation_context.trigger_time}}"},
            *({}, None),
        ),
    ),
    (
        "outputs",
        (
            {"model": {"mode": "mount"}},
            {"model": {"path": "azureml://datastores/lake/paths/${{name}}/m"}},
            {"model": {"type": "mltable"}},
            {"model": "azureml://datastores/lake/paths/m"},
            *({"model": None}, {"more": {"type": "uri_folder"}}, {"more": None}, {}, None),
        ),
    ),
)
_TOP: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("display_name", ("Shown", "", None, 5)),
    ("description", ("Told", "", None)),
    ("tags", ({"a": "b"}, {"n": 3}, {"b": True}, {"x": None}, {}, None)),
    ("properties", ({"a": "b"}, {"n": 3}, {"x": None}, {}, None)),
    ("is_enabled", (True, False, "no", None)),
    ("provisioning_state", ("Succeeded",)),
    ("creation_context", ({"created_by": "me"},)),
    ("$schema", ("https://azuremlschemas.azureedge.net/latest/schedule.schema.json",)),
    ("odd", ("a",)),
    ("trigger", (LEFT_OUT, None, {}, "daily")),
    (
        "create_job",
        (
            *(LEFT_OUT, None, {}, JOB, "azureml:train", "azureml:train:1", "train", "not-here.yml"),
            *(f"./{JOB_FILE}", {"job": "azureml:train"}, {"type": "pipeline", "job": JOB}),
            *({"type": "command", "job": "azureml:train"}, f"file:{JOB_FILE}"),
        ),
    ),
)


def variants() -> Iterator[Variant]:
    """All of them, in an order that stays; each is a document of its own."""
    forms: tuple[tuple[str, Any], ...] = (
        ("file", JOB_FILE),
        ("file with", {"type": "pipeline", "job": f"./{JOB_FILE}"}),
        ("registered with", {"type": "pipeline", "job": "azureml:train"}),
    )
    for name, job in forms:
        yield name, {"trigger": _CRON, "create_job": job}
    whole = {"trigger": _CRON, "create_job": JOB_FILE}
    for key, value in _values(_TOP):
        yield f"{key}: {_shown(value)}", _with(whole, (key,), value)
    for name, trigger, more in (("cron", _CRON, _OF_CRON), ("daily", _DAILY, _OF_RECURRENCE)):
        for key, value in _values((*_TRIGGER, *more)):
            document = _with({**whole, "trigger": trigger}, ("trigger", key), value)
            yield f"{name}.{key}: {_shown(value)}", document
    for frequency, pattern in _PATTERNS:
        trigger = {**_DAILY, "frequency": frequency, "schedule": _DAILY["schedule"] | pattern}
        yield f"{frequency}: {pattern}", {**whole, "trigger": trigger}
    for time, zone in itertools.product(_TIMES[:3], ("UTC", "W. Europe Standard Time")):
        trigger = {**_CRON, "start_time": time, "time_zone": zone}
        yield f"{time} in {zone}", {**whole, "trigger": trigger}
    for name, job in forms[1:]:
        for key, value in _values(_JOB):
            document = _with({**whole, "create_job": job}, ("create_job", key), value)
            yield f"{name} {key}: {_shown(value)}", document


def _values(table: tuple[tuple[str, tuple[Any, ...]], ...]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, values in table for value in values)


def _with(document: Document, keys: tuple[str, ...], value: Any) -> Document:
    changed = copy.deepcopy(document)
    holder = changed
    for key in keys[:-1]:
        holder = holder[key]
    if value is LEFT_OUT:
        holder.pop(keys[-1], None)
    else:
        holder[keys[-1]] = copy.deepcopy(value)
    return changed


def _shown(value: Any) -> str:
    return "(left out)" if value is LEFT_OUT else repr(value)[:70]
