"""A declared schedule -> the form in which Azure reports it, and what that took. Pure.

What Azure cannot do is refused here, before anything is changed; what it spells another way is
rewritten, and the plan says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.firing.clocks.zones import resolve, windows_name
from reconciler.model import (
    Canonical,
    Cron,
    DatastoreChange,
    Job,
    JobDefinition,
    Note,
    Pattern,
    Recurrence,
    Schedule,
    Trigger,
)
from reconciler.providers.azureml.cron import carry_spelling, settle_cron
from reconciler.providers.azureml.ids import PREFIX, Workspace, to_id
from reconciler.providers.azureml.jobs import SENT_WHOLE, input_to_wire
from reconciler.providers.azureml.wire import (
    properties_to_wire,
    schedule_from_wire,
)

_FILLED = re.compile(r"[a-zA-Z0-9_]")
_REGISTER = (
    "register the steps as components and use them by `component: azureml:NAME:VERSION`, or run the"
    " job once and refer to it as azureml:NAME"
)


def canonical(schedule: Schedule, workspace: Workspace, live: Trigger | None = None) -> Canonical:
    """`schedule` as Azure would report it once it is put over one with the trigger `live`."""
    notes: list[Note] = []
    trigger = carry_start(_settle_trigger(schedule.trigger, notes), live)
    trigger = carry_spelling(trigger, live)
    job = _settle_job(schedule.job, notes, workspace)
    notes += _inputs_refused(job) + _not_sent(schedule.job)
    settled = replace(schedule, trigger=trigger, job=job)
    if any(note.kind == "refused" for note in notes):
        return Canonical(settled, tuple(notes))
    # Through the wire and back: whatever reading makes of it is what it will be.
    properties = properties_to_wire(settled, workspace, None)
    reported = schedule_from_wire(schedule.key.name, properties, schedule.key.target, workspace)
    reported = replace(
        reported,
        source=schedule.source,
        hold=schedule.hold,
        mode=schedule.mode,
        renamed_from=schedule.renamed_from,
        adopt=schedule.adopt,
    )
    return Canonical(reported, tuple(notes))


# ----------------------------------------------------------------------------------- the trigger


def carry_start(trigger: Trigger, live: Trigger | None) -> Trigger:
    """`trigger` with the start that Azure filled in when none was sent.

    Sending none again would count from the moment of the update.
    """
    if isinstance(trigger, DatastoreChange) or isinstance(live, DatastoreChange):
        return trigger
    if live is None or live.start_time is None or trigger.start_time is not None:
        return trigger
    return replace(trigger, start_time=_on_the_clock_of(trigger.time_zone, live))


def _on_the_clock_of(zone: str, live: Recurrence | Cron) -> datetime | None:
    """The same instant, as clocks of another zone show it: of the one that will be read back."""
    start = live.start_time
    zone = resolve(windows_name(zone) or zone) or zone
    if start is None or zone == live.time_zone:
        return start
    try:
        instant = start.replace(tzinfo=ZoneInfo(live.time_zone))
        return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except (OverflowError, ZoneInfoNotFoundError):
        return start


def _settle_trigger(trigger: Trigger, notes: list[Note]) -> Trigger:
    if isinstance(trigger, DatastoreChange):
        notes.append(
            Note(
                "refused",
                "trigger",
                "Azure Machine Learning has no trigger for changes in a datastore",
                "keep it to other targets with `targets`; in Azure, Event Grid or a Logic App can"
                " start a pipeline when a blob is made",
            )
        )
        return trigger
    _check_zone(trigger.time_zone, notes)
    if isinstance(trigger, Cron):
        settled, rewritten, refused = settle_cron(trigger)
        if rewritten is not None:
            notes.append(Note("rewritten", "trigger.expression", rewritten))
        if refused is not None:
            hint = "use a recurrence with month_days, or a cron without days of month and months"
            notes.append(Note("refused", "trigger.expression", refused, hint))
        trigger = settled
    if isinstance(trigger, Recurrence) and trigger.pattern == Pattern():
        trigger = replace(trigger, pattern=None)
    return trigger


def _check_zone(name: str, notes: list[Note]) -> None:
    """Azure takes Windows names; the one that stands for the same clock is sent."""
    windows = windows_name(name)
    if windows is None:
        notes.append(
            Note(
                "refused",
                "trigger.time_zone",
                f'Azure has no time zone with the clock of "{name}"',
                "choose one of the zones that Windows names",
            )
        )
    elif resolve(windows) != resolve(name):
        message = f'the time zone {name} is sent as "{windows}", which has the same clock'
        notes.append(Note("rewritten", "trigger.time_zone", message))


# --------------------------------------------------------------------------------------- the job


def _settle_job(job: Job, notes: list[Note], workspace: Workspace) -> Job:
    if job.definition is None:
        name = job.reference.removeprefix(PREFIX)
        if ":" in name and not name.startswith("/"):
            hint = f'write "{PREFIX}{name.split(":")[0]}"'
            notes.append(Note("refused", "create_job.job", "jobs in Azure have no versions", hint))
        return job
    document = json.loads(job.definition.document)
    if document.get("type") == "command":
        what = f"{job.definition.path} is a command job, and Azure schedules pipelines"
        hint = "make it a step of a pipeline job; " + _REGISTER
        notes.append(Note("refused", "create_job.job", what, hint))
        return job
    return _whole(job, job.definition, document, notes, workspace)


def _inputs_refused(job: Job) -> list[Note]:
    """Azure's specification wants a value, or a path, with at least one letter or digit."""
    notes = []
    for name, value in job.inputs.items():
        wire = input_to_wire(value)
        if wire is not None and not _FILLED.search(str(wire.get("uri") or wire.get("value"))):
            what = f'the input "{name}" has no value that Azure takes: {json.dumps(value)[:60]}'
            hint = "leave it out, or give it a value with a letter or a digit"
            notes.append(Note("refused", f"create_job.inputs.{name}", what, hint))
    return notes


def _not_sent(job: Job) -> list[Note]:
    """Keys of a job that the service has no place for in a schedule."""
    odd = sorted(set(job.extra) - {"identity", "properties", "jobs"})
    return [
        Note("approximated", f"create_job.{key}", f"{key} of the job is not sent to Azure")
        for key in odd
    ]


def _whole(
    job: Job,
    definition: JobDefinition,
    document: Mapping[str, Any],
    notes: list[Note],
    workspace: Workspace,
) -> Job:
    """A pipeline of registered components, as part of the schedule."""
    inputs = dict(document.get("inputs") or {}) | dict(job.inputs)
    settings = dict(document.get("settings") or {})
    go_on = settings.pop("continue_on_step_failure", None)
    nodes = {
        name: _node(name, step, definition, notes, workspace)
        for name, step in document["jobs"].items()
    }
    extra = dict(job.extra) | {"jobs": nodes}
    for key in ("identity", "properties"):
        if key not in extra and document.get(key):
            extra[key] = document[key]
    return replace(
        job,
        reference=SENT_WHOLE,
        definition=None,
        inputs={name: _given(value) for name, value in inputs.items()},
        outputs=dict(document.get("outputs") or {}) | dict(job.outputs),
        continue_on_step_failure=(
            job.continue_on_step_failure if job.continue_on_step_failure is not None else go_on
        ),
        settings=settings | dict(job.settings),
        experiment_name=job.experiment_name or document.get("experiment_name"),
        display_name=job.display_name or document.get("display_name"),
        description=job.description or document.get("description"),
        compute=job.compute or document.get("compute"),
        tags=dict(document.get("tags") or {}) | dict(job.tags),
        extra=extra,
    )


def _given(value: Any) -> Any:
    """An input's declaration as the value that it stands for."""
    if isinstance(value, Mapping) and value.get("path") is None:
        return value.get("value", value.get("default"))
    return value


def _node(
    name: str,
    step: Mapping[str, Any],
    definition: JobDefinition,
    notes: list[Note],
    workspace: Workspace,
) -> dict[str, Any]:
    """A step as the service has it: Microsoft's client sends these in snake case."""
    component = step.get("component")
    if not isinstance(component, str) or not component.startswith((PREFIX, "/")):
        what = "an inline command" if "command" in step else "a component file"
        message = f'step "{name}" of {definition.path} is {what}, which has to be registered first'
        notes.append(Note("refused", "create_job.job", message, _REGISTER))
        return {}
    known = ("component", "inputs", "outputs", "compute", "type", "$schema")
    node: dict[str, Any] = {key: value for key, value in step.items() if key not in known}
    node |= {
        "name": name,
        "type": step.get("type", "command"),
        "componentId": to_id(component, "components", workspace),
    }
    if step.get("compute"):
        node["computeId"] = to_id(step["compute"], "computes", workspace)
    if step.get("inputs"):
        node["inputs"] = {key: _node_input(value) for key, value in step["inputs"].items()}
    if step.get("outputs"):
        node["outputs"] = {key: _node_output(value) for key, value in step["outputs"].items()}
    return node


def _node_input(value: Any) -> dict[str, Any]:
    wire = input_to_wire(value) or {"jobInputType": "literal", "value": ""}
    wire["job_input_type"] = wire.pop("jobInputType")
    return wire


def _node_output(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"value": value, "type": "literal"}
    return dict(value) if isinstance(value, Mapping) else {}
