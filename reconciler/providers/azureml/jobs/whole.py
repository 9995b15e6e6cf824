"""A job file that is sent as part of its schedule -> the Job with steps of the wire. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from reconciler.model import Job, JobDefinition
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.jobs.assets import (
    IN_SCHEDULE,
    Collected,
    Sources,
    Unsendable,
    gathered,
    raise_all,
)
from reconciler.providers.azureml.jobs.components import Context
from reconciler.providers.azureml.jobs.definition import SENT_WHOLE
from reconciler.providers.azureml.jobs.interface import declared_input
from reconciler.providers.azureml.jobs.steps import Pipeline
from reconciler.providers.azureml.jobs.terms.data import data_input
from reconciler.providers.azureml.jobs.terms.words import from_wire


def whole_job(
    job: Job,
    definition: JobDefinition,
    document: Mapping[str, Any],
    workspace: Workspace,
    sources: Sources,
) -> tuple[Job, Collected]:
    """What a schedule makes of a pipeline's document, and what has to be there first. Unsendable.

    As Azure's client has it, what the schedule gives is merged into that document, at any depth,
    and so its paths too are relative to the job's file.
    """
    context = Context(workspace, sources.files, sources.ids, Collected())
    home = posixpath.dirname(definition.path)
    # What steps declare of what is bound to them comes from what the schedule gives.
    given_too = {
        key: merged(document.get(key), more)
        for key, more in (("inputs", job.inputs), ("outputs", job.outputs))
    }
    own = given_too["inputs"]
    pipeline = Pipeline({**document, **given_too}, home, context)
    settings = dict(document.get("settings") or {})
    go_on = settings.pop("continue_on_step_failure", None)
    problems: list[Unsendable] = []
    steps = gathered(problems, pipeline.steps)
    theirs = {name: own[name] for name in job.inputs}
    own = {name: value for name, value in own.items() if name not in theirs}
    defaults = gathered(problems, partial(_inputs, own, home, context, None))
    given = gathered(problems, partial(_inputs, theirs, home, context, IN_SCHEDULE))
    raise_all(problems)
    extra = dict(job.extra) | {"jobs": steps}
    component = pipeline.component()
    declared = pipeline.component_document()
    if component is not None:
        extra["component"] = component
    for key in ("identity", "properties"):
        if document.get(key):
            extra[key] = merged(document[key], extra.get(key))
    experiment = document.get("experiment_name")
    is_unnamed = job.own_experiment or (experiment == "" and not job.experiment_name)
    inputs = {**_defaults(declared), **defaults, **given}
    inputs = {name: value for name, value in inputs.items() if value is not None}
    whole = replace(
        job,
        reference=SENT_WHOLE,
        definition=None,
        inputs=inputs,
        outputs=_outputs(document, job, declared),
        continue_on_step_failure=(
            job.continue_on_step_failure if job.continue_on_step_failure is not None else go_on
        ),
        settings=merged(settings, job.settings),
        experiment_name=None if is_unnamed else job.experiment_name or experiment,
        own_experiment=is_unnamed,
        display_name=(
            job.display_name or document.get("display_name") or declared.get("display_name")
        ),
        description=(job.description or document.get("description") or declared.get("description")),
        compute=job.compute or document.get("compute"),
        tags=dict(document.get("tags") or {}) | dict(job.tags),
        extra=extra,
    )
    return whole, context.collected


def merged(under: Any, over: Any) -> dict[str, Any]:
    """`over` laid upon `under`: mappings merge at any depth, all else replaces."""
    result = dict(under or {})
    for key, value in (over or {}).items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value
    return result


def reference_job(job: Job, workspace: Workspace, sources: Sources, folder: str) -> Job:
    """A reference, with the data that the schedule in `folder` gives it where it is, and in the
    version that a label stands for. Unsendable.
    """
    context = Context(workspace, sources.files, sources.ids, Collected())
    data = {
        name: value
        for name, value in job.inputs.items()
        if isinstance(value, Mapping) and value.get("path") is not None
    }
    if not data:
        return job
    return replace(job, inputs={**job.inputs, **_inputs(data, folder, context, IN_SCHEDULE)})


def _defaults(component: Mapping[str, Any]) -> dict[str, Any]:
    """Of a component that is the job: its client fills in what the component declares."""
    inputs = {key: declared_input(one) for key, one in (component.get("inputs") or {}).items()}
    return {key: one.get("default") for key, one in inputs.items()}


def _outputs(document: Mapping[str, Any], job: Job, component: Mapping[str, Any]) -> dict[str, Any]:
    """Of a component that is the job: those that it declares, too."""
    given = merged(document.get("outputs"), job.outputs)
    declared = component.get("outputs") or {}
    return {**declared, **{key: one for key, one in given.items() if one or key not in declared}}


def _inputs(
    given: Mapping[str, Any], folder: str, context: Context, file: str | None
) -> dict[str, Any]:
    found = {}
    problems: list[Unsendable] = []
    for name, value in given.items():
        try:
            found[name] = _given(value, folder, context)
        except Unsendable as problem:
            what = f'input "{name}": '
            problems.append(problem.within(value, ("inputs", name), prefix=what, file=file))
    raise_all(problems)
    return found


def _given(value: Any, folder: str, context: Context) -> Any:
    """An input's declaration as the value that it stands for, data with where it is."""
    if not isinstance(value, Mapping):
        return value if value != "" else None  # Azure takes none, and its client sends none
    if value.get("path") is None:
        return value.get("value", value.get("default"))
    wire = data_input(value, folder, context.workspace, context.ids)
    if wire["job_input_type"] == "literal":
        return wire["value"]
    mode = {"mode": from_wire("input_modes", wire["mode"])} if "mode" in wire else {}
    return {"type": wire["job_input_type"], "path": wire["uri"], **mode}


_OF_THE_JOB = ("experiment_name", "display_name", "description", "tags", "properties")
_NOT_OF_A_STEP = (*_OF_THE_JOB, "$schema", "name", "type", "inputs", "outputs", "compute")


def one_step_pipeline(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A command job as the one step of a pipeline, which has its inputs and outputs."""
    step_name = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "step"
    if step_name[0].isdigit():
        step_name = f"step_{step_name}"
    step = {key: value for key, value in document.items() if key not in _NOT_OF_A_STEP}
    inputs, outputs = document.get("inputs") or {}, document.get("outputs") or {}
    step["type"] = "command"
    step["inputs"] = {key: f"${{{{parent.inputs.{key}}}}}" for key in inputs}
    step["outputs"] = {key: f"${{{{parent.outputs.{key}}}}}" for key in outputs}
    if document.get("compute"):
        step["compute"] = document["compute"]
    kept = {key: document[key] for key in _OF_THE_JOB if document.get(key)}
    return {
        **kept,
        "type": "pipeline",
        "inputs": dict(inputs),
        "outputs": dict(outputs),
        "jobs": {step_name: step},
    }
