"""What an embedded workspace makes of a job file: what is published of it, what it cannot do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Path, all_of, clip, json_path
from reconciler.declare.jobs.bindings import mapping_at
from reconciler.declare.jobs.job_document import canonical_text
from reconciler.declare.jobs.local_paths import is_local
from reconciler.declare.jobs.self_contained import self_contained
from reconciler.declare.jobs.step_places import place_in_files
from reconciler.model import DatastoreChange, JobDefinition, Note
from reconciler.workspace.datastores.addresses import AddressError
from reconciler.workspace.execution.unbound import unbound
from reconciler.workspace.store.schedules import Publication


def _runs_component(step: Mapping[str, Any]) -> bool:
    of_components = step.get("type") in (None, "command", "pipeline")
    return of_components and isinstance(step.get("component"), str)


def _why_not_here(step: Mapping[str, Any]) -> str:
    """Why a step that is no command cannot run in an embedded workspace."""
    kind = step.get("type")
    if _runs_component(step):
        return f"runs {step['component']}, which is registered in Azure"
    return f"is of the type {kind}, which runs in Azure only" if kind else "is not a command"


_BINDINGS = (
    "bind the output of the step that writes it to ${{parent.outputs.NAME}}",
    "there are ${{parent.inputs.NAME}} and ${{parent.jobs.STEP.outputs.NAME}}",
)
"""For an output of the job; for what is a step's."""
IGNORED_KEYS = (
    "environment",
    "compute",
    "resources",
    "distribution",
    "identity",
    "services",
    "queue_settings",
    "settings.default_compute",
)


def keys_in(document: Mapping[str, Any]) -> set[str]:
    """Those of a job and of its steps, and of its settings as `settings.KEY`."""
    steps = mapping_at(document, "jobs").values()
    said = {key for part in (document, *steps) for key in part}
    return said | {f"settings.{key}" for key in mapping_at(document, "settings")}


def unknown_datastore(trigger: DatastoreChange, known: Iterable[str]) -> Note:
    """A trigger follows a folder of a datastore that the target does not have."""
    hint = nearest(trigger.datastore, [*known]) or "name it under datastores in reconciler.yaml"
    what = f'the target has no datastore "{trigger.datastore}"'
    return Note("refused", "trigger.datastore", what, hint)


def ignored_note(
    keys: Iterable[str], ignored: Iterable[str] = IGNORED_KEYS, machine: str = "this machine"
) -> Note:
    """What a job says of machines that are not this one."""
    found = [key for key in ignored if key in keys]
    what = f"{all_of(found)} {'is' if len(found) == 1 else 'are'} ignored"
    return Note("approximated", "create_job", f"{what}: steps run as processes of {machine}")


def refused(path: Path, message: str, hint: str | None, definition: JobDefinition) -> Note:
    """What stands at `path` of the document that is published of a job, at its place in a file."""
    return Note("refused", "create_job.job", message, hint, place_in_files(path, definition))


def address_note(path: Path, error: AddressError, definition: JobDefinition) -> Note:
    """What `address_errors` found of that document, or of the schedule that runs it."""
    if path[0] == "create_job":
        return Note("refused", json_path(path), str(error), error.hint)
    return refused(path, str(error), error.hint, definition)


@dataclass(frozen=True, slots=True)
class _Known:
    """A definition by what it is told apart by: its snapshots are long to compare."""

    digest: str
    path: str
    definition: JobDefinition = field(compare=False)


def definition_notes(definition: JobDefinition) -> tuple[Note, ...]:
    """What the workspace makes of a job file."""
    return _definition_notes(_Known(definition.digest, definition.path, definition))


@lru_cache(maxsize=1024)
def _definition_notes(known: _Known) -> tuple[Note, ...]:
    definition = known.definition
    document = json.loads(publication(definition).document)
    steps = document.get("jobs") or {"": document}
    notes: list[Note] = []
    for name, step in steps.items():
        if "command" not in step:
            what = f'step "{name}" {_why_not_here(step)}'
            hint = "give the schedules that run it targets that can"
            key = "type"
            if _runs_component(step):
                key, hint = "component", f"name its file under components of the target, or {hint}"
            notes.append(refused(("jobs", name, key), what, hint, definition))
        code = step.get("code")
        if isinstance(code, str) and not is_local(code):
            what = f'step "{name}" runs code that is not here: {code}'
            hint = "name a folder of the repository, or targets that can run it"
            place: Path = ("jobs", name, "code") if "jobs" in document else ("code",)
            notes.append(refused(place, what, hint, definition))
    for path, binding in unbound(document):
        what = f'"${{{{{clip(binding)}}}}}" stands for nothing in a run'
        notes.append(refused(path, what, _BINDINGS[len(path) > 2], definition))
    said = keys_in(document)
    if said & set(IGNORED_KEYS):
        notes.append(ignored_note(said))
    return tuple(notes)


@lru_cache(maxsize=1024)
def publication(definition: JobDefinition) -> Publication:
    """A job file as what is published of it: with its components in it, and its code."""
    made = self_contained(definition)
    return Publication(
        definition.name,
        definition.digest,
        canonical_text(made.document),
        definition.path,
        {code: definition.snapshots[path] for code, path in made.code.items()},
    )


@lru_cache(maxsize=1024)
def experiment_of(document: str) -> str | None:
    """The experiment that a job file names."""
    found = json.loads(document).get("experiment_name")
    return found if isinstance(found, str) and found else None
