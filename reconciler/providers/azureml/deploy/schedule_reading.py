"""The inputs that a schedule's own file gives its job, as Azure's client reads that file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.model import Schedule
from reconciler.providers.azureml.deploy.files import RepositoryFiles
from reconciler.providers.azureml.jobs.assets import Unsendable


def with_inputs_as_sent(schedule: Schedule, files: dict[str, RepositoryFiles]) -> Schedule:
    """By YAML 1.1 (questions/client_reading), where they stand in the file as they are: what a
    variable or an override gave is left. `files`: by the root of a repository, filled here.
    """
    source, given = schedule.source, schedule.job.inputs
    if not given or source is None or not source.root:
        return schedule
    if source.root not in files:
        files[source.root] = RepositoryFiles(source.root)
    try:
        read = files[source.root].document(source.path)
    except Unsendable:  # the client reads no file with several documents
        return schedule
    declared, sent = _inputs(read.declared), _inputs(read.sent)
    inputs = {
        name: sent[name] if name in sent and _same(value, declared.get(name)) else value
        for name, value in given.items()
    }
    return replace(schedule, job=replace(schedule.job, inputs=inputs))


def root_of(schedule: Schedule) -> str:
    """The repository of its files, on this machine; empty: there is none."""
    if schedule.job.definition is not None:
        return schedule.job.definition.root
    return schedule.source.root if schedule.source is not None else ""


def _inputs(document: Mapping[str, Any]) -> Mapping[str, Any]:
    job = document.get("create_job")
    inputs = job.get("inputs") if isinstance(job, Mapping) else None
    return inputs if isinstance(inputs, Mapping) else {}


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other
