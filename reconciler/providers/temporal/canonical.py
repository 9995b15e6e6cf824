"""A declared schedule -> the form in which Temporal keeps it, and what that took."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from reconciler.firing import next_fire
from reconciler.model import (
    Canonical,
    DatastoreChange,
    Job,
    JobDefinition,
    Note,
    Schedule,
    Snapshot,
)
from reconciler.providers.local_jobs import (
    IGNORED_KEYS,
    address_note,
    definition_notes,
    experiment_of,
    ignored_note,
    keys_in,
    publication,
    unknown_datastore,
)
from reconciler.providers.temporal.payload import LARGEST, Payload, Pipeline, payload_of
from reconciler.providers.temporal.specs.lowering import lower
from reconciler.workspace.datastores.address_check import address_errors
from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.store.references import PREFIX
from reconciler.workspace.store.schedules import short_version

_OF_WORKERS = ("compute", "settings.default_compute")
"""A step goes to a worker of its compute."""
_IGNORED = tuple(key for key in IGNORED_KEYS if key not in _OF_WORKERS)


@dataclass(frozen=True, slots=True)
class TargetNames:
    """What jobs and triggers of a target can name."""

    datastores: Collection[str] = ()
    assets: Mapping[str, DataAsset] = field(default_factory=dict)


NO_DATA = TargetNames()


@dataclass(frozen=True, slots=True)
class Settled:
    """A schedule as it will be, and what it carries for its runs; None: it cannot be."""

    canonical: Canonical
    payload: Payload | None


def settle(
    schedule: Schedule,
    before: Payload | None,
    now: datetime,
    *,
    is_live: bool,
    data: TargetNames = NO_DATA,
) -> Settled:
    """`before`: what the live schedule carries. `is_live`: whether there is one."""
    job, trigger = schedule.job, schedule.trigger
    notes = [*_job_notes(job, before, data)]
    if isinstance(trigger, DatastoreChange) and trigger.datastore not in data.datastores:
        notes.append(unknown_datastore(trigger, data.datastores))
    settled = replace(schedule, job=_settled_job(schedule, before))
    pipeline = _pipeline(job, before)
    if pipeline is None:
        return Settled(Canonical(settled, tuple(notes)), None)
    created = before.created if before is not None else now.replace(microsecond=0)
    asks = None if isinstance(trigger, DatastoreChange) else lower(trigger, created).asks
    if asks is not None:
        what = f"Temporal cannot say {asks}: it wakes more often, and runs at its fires"
        notes.append(Note("rewritten", "trigger", what))
    payload = payload_of(settled, created, asks is not None, pipeline)
    size = len(payload.to_bytes())
    if size > LARGEST:
        what = f"its job takes {size:,} bytes, and a schedule of Temporal may have {LARGEST:,}"
        notes.append(Note("refused", "create_job.job", what))
    is_timed = not isinstance(trigger, DatastoreChange)
    over = is_timed and not is_live and next_fire(trigger, now, created) is None
    return Settled(Canonical(settled, tuple(notes), over=over), payload)


def _settled_job(schedule: Schedule, before: Payload | None) -> Job:
    job = schedule.job
    reference, experiment = job.reference, job.experiment_name
    definition = job.definition
    if definition is not None:
        reference = f"{PREFIX}{definition.name}:{short_version(definition.digest)}"
        experiment = experiment or experiment_of(definition.document)
    elif before is not None:
        named = before.pipeline.document.get("experiment_name")
        experiment = experiment or (named if isinstance(named, str) and named else None)
    return replace(job, reference=reference, experiment_name=experiment or schedule.key.name)


def _pipeline(job: Job, before: Payload | None) -> Pipeline | None:
    if job.definition is not None:
        return pipeline_of(job.definition)
    if before is not None and before.schedule["create_job"]["job"] == job.reference:
        return before.pipeline
    return None


def pipeline_of(definition: JobDefinition) -> Pipeline:
    """What of a job file a schedule carries."""
    made = publication(definition)
    code = {text: snapshot.digest for text, snapshot in made.code.items()}
    held = {text: _file_of(snapshot) for text, snapshot in made.code.items()}
    return Pipeline(json.loads(made.document), code, held, made.path)


def _file_of(snapshot: Snapshot) -> str | None:
    return snapshot.files[0].path if snapshot.is_file else None


def refusals(schedule: Schedule, data: TargetNames) -> Sequence[Note]:
    """What a target refuses of a schedule, whatever is live there."""
    made = settle(schedule, None, datetime.now(UTC), is_live=False, data=data)
    return [note for note in made.canonical.notes if note.kind == "refused"]


def _job_notes(job: Job, before: Payload | None, data: TargetNames) -> Iterator[Note]:
    definition = job.definition
    if definition is None:
        if _pipeline(job, before) is None:
            what = f"Temporal keeps no pipelines, and so has none called {job.reference}"
            hint = "name a job file: job: ./NAME.yml"
            yield Note("refused", "create_job.job", what, hint)
        return
    yield from (note for note in definition_notes(definition) if note.kind == "refused")
    document = json.loads(publication(definition).document)
    for where, error in address_errors(document, job.inputs, data.datastores, data.assets):
        yield address_note(where, error, definition)
    said = keys_in(document) | job.extra.keys()
    if said & set(_IGNORED):
        yield ignored_note(said, _IGNORED, "the worker's machine")
