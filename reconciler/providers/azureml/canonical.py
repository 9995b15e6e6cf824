"""A declared schedule -> the form in which Azure reports it, and what that took. Pure.

What Azure cannot do is refused here, before anything is changed; what it spells another way is
rewritten, and the plan says so.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reconciler.firing.clocks.zones import resolve, windows_name
from reconciler.model import (
    Canonical,
    Cron,
    DatastoreChange,
    Job,
    Note,
    Pattern,
    Place,
    Recurrence,
    Schedule,
    Trigger,
)
from reconciler.providers.azureml.cron import carry_spelling, settle_cron
from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import (
    IN_SCHEDULE,
    Asset,
    Collected,
    Nowhere,
    Sources,
    Unsendable,
)
from reconciler.providers.azureml.jobs.definition import (
    DEFAULT_EXPERIMENT,
    SENT_WHOLE,
    input_to_wire,
)
from reconciler.providers.azureml.jobs.whole import (
    one_step_pipeline,
    reference_job,
    whole_job,
)
from reconciler.providers.azureml.runs.data_changes import with_data_path
from reconciler.providers.azureml.wire import (
    properties_to_wire,
    schedule_from_wire,
)

_FILLED = re.compile(r"[a-zA-Z0-9_]")
_WRAP = (
    "make it a step of a pipeline job, or say `command_jobs: wrapped` in the target: it is sent as"
    " a pipeline of one step then"
)
_NOWHERE = Nowhere()


@dataclass(frozen=True, slots=True)
class Settled:
    """A schedule as it will be, and how it gets there."""

    canonical: Canonical
    definition: Mapping[str, Any] | None = None
    """The `jobDefinition` to send where nothing is live; what is read back of it is less."""
    needs: Collected = field(default_factory=Collected)
    """What has to be there before the schedule."""


def canonical(schedule: Schedule, workspace: Workspace, live: Trigger | None = None) -> Canonical:
    """`schedule` as Azure would report it once it is put over one with the trigger `live`."""
    return settle(schedule, workspace, live).canonical


def settle(
    schedule: Schedule,
    workspace: Workspace,
    live: Trigger | None = None,
    sources: Sources | None = None,
    *,
    wrap_commands: bool = False,
    named_outputs: bool = True,
    data_changes: bool = False,
) -> Settled:
    """`schedule` settled with what `sources` know; `wrap_commands`: a command job is sent as a
    pipeline of one step; `named_outputs`: the version of the API knows them; `data_changes`: an
    agent looks at datastores.
    """
    notes: list[Note] = []
    trigger = carry_start(_settle_trigger(schedule.trigger, notes, data_changes), live)
    trigger = carry_spelling(trigger, live)
    asked = sources or Sources(_NOWHERE, _NOWHERE)
    job, needs = _settle_job(schedule, notes, workspace, asked, wrap_commands)
    notes += _inputs_refused(job) + _not_sent(schedule.job)
    if not named_outputs:
        notes += _named_refused(schedule.job, job)
    settled = replace(schedule, trigger=trigger, job=job)
    if any(note.kind == "refused" for note in notes):
        return Settled(Canonical(settled, tuple(notes)))
    # Through the wire and back: whatever reading makes of it is what it will be.
    properties = properties_to_wire(settled, workspace, None)
    reported = schedule_from_wire(schedule.key.name, properties, schedule.key.target, workspace)
    reported = replace(
        reported,
        source=schedule.source,
        hold=schedule.hold,
        ended=schedule.ended,
        mode=schedule.mode,
        renamed_from=schedule.renamed_from,
        adopt=schedule.adopt,
        moved=schedule.moved,
        handover=schedule.handover,
    )
    definition = properties["action"]["jobDefinition"]
    if "experimentName" not in definition and reported.job.reference != SENT_WHOLE:
        named = replace(reported.job, experiment_name=DEFAULT_EXPERIMENT)
        reported = replace(reported, job=named)
    return Settled(Canonical(reported, tuple(notes)), definition, needs)


def notes_of(
    schedule: Schedule, of_job: Sequence[Note], *, data_changes: bool = False
) -> tuple[Note, ...]:
    """What is said of a schedule without asking anybody; `of_job`: what `job_notes` gives."""
    notes: list[Note] = []
    _settle_trigger(schedule.trigger, notes, data_changes)
    return (*notes, *of_job)


def job_notes(
    schedule: Schedule,
    workspace: Workspace,
    sources: Sources,
    *,
    wrap_commands: bool,
    named_outputs: bool,
) -> tuple[Note, ...]:
    """What is said of the job of a schedule alone."""
    notes: list[Note] = []
    job, _ = _settle_job(schedule, notes, workspace, sources, wrap_commands)
    notes += _inputs_refused(job) + _not_sent(schedule.job)
    return (*notes, *(() if named_outputs else _named_refused(schedule.job, job)))


def assets_of(schedule: Schedule, workspace: Workspace, sources: Sources) -> Sequence[Asset]:
    """What has to be there before a schedule, as far as its job can be sent."""
    _, needs = _settle_job(schedule, [], workspace, sources, wrap_commands=True)
    return tuple(needs.assets.values())


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


_AGENT = (
    "Azure Machine Learning has no trigger for changes in a datastore: it is made with a time that"
    " never comes, and `reconciler run` or `reconciler agent` looks at the folder and submits its"
    " job"
)
_NO_AGENT = (
    "say `data_changes: agent` in the target and run `reconciler agent`; or keep it to other"
    " targets with `targets`"
)


def _settle_trigger(trigger: Trigger, notes: list[Note], data_changes: bool) -> Trigger:
    if isinstance(trigger, DatastoreChange):
        if data_changes:
            notes.append(Note("rewritten", "trigger", _AGENT))
        else:
            what = "Azure Machine Learning has no trigger for changes in a datastore"
            notes.append(Note("refused", "trigger", what, _NO_AGENT))
        return trigger
    _check_zone(trigger.time_zone, notes)
    trigger = _whole_seconds(trigger, notes)
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


def _whole_seconds(trigger: Recurrence | Cron, notes: list[Note]) -> Recurrence | Cron:
    """Azure's client writes times without fractions of a second."""
    for name in ("start_time", "end_time"):
        moment: datetime | None = getattr(trigger, name)
        if moment is not None and moment.microsecond:
            whole = moment.replace(microsecond=0)
            notes.append(
                Note("rewritten", f"trigger.{name}", f"{name} is sent as {whole:%H:%M:%S}")
            )
            trigger = (
                replace(trigger, start_time=whole)
                if name == "start_time"
                else replace(trigger, end_time=whole)
            )
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


def _settle_job(
    schedule: Schedule,
    notes: list[Note],
    workspace: Workspace,
    sources: Sources,
    wrap_commands: bool,
) -> tuple[Job, Collected]:
    job = schedule.job
    if job.definition is None:
        name = job.reference.removeprefix(PREFIX)
        if ":" in name and not name.startswith("/"):
            hint = f'write "{PREFIX}{name.split(":")[0]}"'
            notes.append(Note("refused", "create_job.job", "jobs in Azure have no versions", hint))
        job = with_data_path(job, schedule.trigger, {})
        try:
            return reference_job(job, workspace, sources, _folder(schedule)), Collected()
        except Unsendable as problem:
            notes += [_refusal(one, "", False) for one in (problem, *problem.others)]
            return job, Collected()
    definition = job.definition
    path = definition.path
    try:
        document = sources.files.job(definition)
    except Unsendable as problem:
        notes.append(_refusal(problem, path, False))
        return job, Collected()
    is_command = document.get("type") == "command"
    if is_command:
        if not wrap_commands:
            what = "it is a command job, and Azure schedules pipelines"
            at = Place(path, ("type",))
            notes.append(Note("refused", "create_job.job", what, _WRAP, at))
            return job, Collected()
        document = one_step_pipeline(document, definition.name)
    job = with_data_path(job, schedule.trigger, document.get("inputs") or {})
    try:
        return whole_job(job, definition, document, workspace, sources)
    except Unsendable as problem:
        notes += [_refusal(one, path, is_command) for one in (problem, *problem.others)]
        return job, Collected()


def _folder(schedule: Schedule) -> str:
    """That of its file, relative to the repository."""
    return posixpath.dirname(schedule.source.path) if schedule.source is not None else ""


def _refusal(problem: Unsendable, path: str, is_command: bool) -> Note:
    keys = problem.keys or ()
    if problem.file == IN_SCHEDULE:
        return Note(
            "refused", ".".join(["create_job", *map(str, keys)]), str(problem), problem.hint
        )
    if is_command and keys[:1] == ("jobs",):
        keys = keys[2:]  # its only step is the file itself
    at = Place(problem.file or path, keys)
    return Note("refused", "create_job.job", str(problem), problem.hint, at)


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


def _named_refused(declared: Job, sent: Job) -> list[Note]:
    """Outputs that are registered under a name: specification 2023-10-01 has no place for it."""
    notes = []
    for output, value in sent.outputs.items():
        if isinstance(value, Mapping) and value.get("name"):
            what = f'the output "{output}" is registered under a name, which this api_version of'
            hint = "say `api_version: 2023-06-01-preview`, the client's own, in the target"
            path, at = f"create_job.outputs.{output}.name", None
            if output not in declared.outputs and declared.definition is not None:
                at = Place(declared.definition.path, ("outputs", output, "name"))
            notes.append(Note("refused", path, f"{what} the target has no place for", hint, at))
    return notes


def _not_sent(job: Job) -> list[Note]:
    """Keys of a job that the service has no place for in a schedule."""
    odd = sorted(set(job.extra) - {"identity", "properties", "jobs"})
    return [
        Note("approximated", f"create_job.{key}", f"{key} of the job is not sent to Azure")
        for key in odd
    ]
