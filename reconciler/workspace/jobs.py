"""A published job document and the inputs of a run -> Steps that are ready to be run. Pure.

A pipeline job has steps; a command job is one step. Values are text, as Azure passes them: True,
not true. `folder` names where a run keeps its files; nothing is made here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.workspace.shell import BINDING, bind

STEP_OF_COMMAND_JOB = "command"
"""The name of the one step of a command job."""


class JobError(Exception):
    """A run that cannot be: an input without a value, a binding to nothing, no command."""


@dataclass(frozen=True, slots=True)
class Context:
    """What macros stand for: `${{name}}`, `${{creation_context.trigger_time}}`."""

    run: str
    trigger_time: str


@dataclass(frozen=True, slots=True)
class Step:
    """One process to run."""

    name: str
    script: str
    """Shell text; its values are in `environment`."""
    environment: Mapping[str, str]
    outputs: Mapping[str, str]
    """By name, the path that the step writes to; `output_files` names those that are files."""
    needs: frozenset[str] = frozenset()
    code: str | None = None
    timeout: float | None = None
    """Seconds."""
    output_files: frozenset[str] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The steps of a run, in the order of the document."""

    steps: tuple[Step, ...]
    inputs: Mapping[str, str]
    continue_on_step_failure: bool


def plan_run(
    document: Mapping[str, Any],
    given: Mapping[str, Any],
    context: Context,
    folder: str,
    *,
    continue_on_step_failure: bool | None = None,
) -> RunPlan:
    """What a run of `document` with the inputs `given` does; JobError where it cannot.

    `continue_on_step_failure` of the schedule holds over that of the document.
    """
    inputs = run_inputs(document, given, context)
    if document.get("type") == "command":
        own = {STEP_OF_COMMAND_JOB: {**document, "inputs": dict(inputs)}}
        steps = _steps(own, inputs, context, folder)
    else:
        steps = _steps(document.get("jobs") or {}, inputs, context, folder)
    if not steps:
        raise JobError("the job has no steps")
    settings = document.get("settings") or {}
    go_on = continue_on_step_failure
    if go_on is None:
        go_on = str(settings.get("continue_on_step_failure", "true")).lower() == "true"
    return RunPlan(tuple(steps), inputs, go_on)


def run_inputs(
    document: Mapping[str, Any], given: Mapping[str, Any], context: Context
) -> dict[str, str]:
    """The job's inputs as text: those given over the job's own; optional ones may be absent."""
    declared = document.get("inputs") or {}
    for name in given:
        if name not in declared:
            raise JobError(f'the job declares no input "{name}"')
    values: dict[str, str] = {}
    for name, declaration in declared.items():
        value = _literal(given.get(name))
        if value is None:
            value = _literal(declaration)
        if value is None:
            if isinstance(declaration, Mapping) and _truth(declaration.get("optional")):
                continue
            raise JobError(f'the input "{name}" has no value')
        values[name] = expand_macros(value, context)
    return values


def expand_macros(text: str, context: Context) -> str:
    """`text` with Azure's macros filled in; other bindings stay."""
    if "${{" not in text:
        return text
    known = {
        "name": context.run,
        "creation_context.trigger_time": context.trigger_time,
    }
    return BINDING.sub(lambda match: known.get(match[1], match[0]), text)


def _literal(value: Any) -> str | None:
    """What an input's declaration, or what was given for it, comes to as text."""
    if isinstance(value, Mapping):
        for key in ("value", "path", "default"):
            if value.get(key) is not None:
                return str(value[key])
        return None
    return None if value is None else str(value)


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"


# ---------------------------------------------------------------------------------------- steps


def _steps(
    jobs: Mapping[str, Any], inputs: Mapping[str, str], context: Context, folder: str
) -> list[Step]:
    places = {name: _outputs(name, job, context, folder) for name, job in jobs.items()}
    return [_step(name, job, inputs, places, context) for name, job in jobs.items()]


def _outputs(name: str, job: Mapping[str, Any], context: Context, folder: str) -> dict[str, str]:
    """Where a step writes each output: in the run's folder, unless it names a local path."""
    places: dict[str, str] = {}
    for output, declared in (job.get("outputs") or {}).items():
        path = declared.get("path") if isinstance(declared, Mapping) else declared
        path = expand_macros(str(path), context) if path else ""
        if path.startswith("file://"):
            path = path.removeprefix("file://")
        local = os.path.isabs(path)
        # What is no local path (azureml://...) is kept in the run's folder as well.
        places[output] = path if local else os.path.join(folder, "outputs", name, output)
    return places


def _is_file(declared: Any) -> bool:
    return isinstance(declared, Mapping) and declared.get("type") == "uri_file"


def _step(
    name: str,
    job: Mapping[str, Any],
    inputs: Mapping[str, str],
    places: Mapping[str, Mapping[str, str]],
    context: Context,
) -> Step:
    command = job.get("command")
    if not isinstance(command, str):
        raise JobError(f'step "{name}" is not a command')
    needs: set[str] = set()
    own: dict[str, str] = {}
    for key, value in (job.get("inputs") or {}).items():
        text = _bound(name, _literal(value), inputs, places, context, needs)
        if text is not None:
            own[key] = text
    values = {f"inputs.{key}": value for key, value in own.items()}
    values |= {f"outputs.{key}": path for key, path in places[name].items()}
    values |= {"name": context.run, "creation_context.trigger_time": context.trigger_time}
    variables = _variables(values)
    optional = {f"inputs.{key}" for key in (job.get("inputs") or {}) if key not in own}

    def variable_of(binding: str) -> str | None:
        if binding in variables:
            return variables[binding]
        if binding in optional:
            return None
        raise JobError(f'step "{name}": ${{{{{binding}}}}} is bound to nothing')

    environment = {variable: values[binding] for binding, variable in variables.items()}
    for key, value in (job.get("environment_variables") or {}).items():
        environment[str(key)] = _fill(str(value), values)
    timeout = (job.get("limits") or {}).get("timeout")
    return Step(
        name=name,
        script=bind(command, variable_of),
        environment=environment,
        outputs=places[name],
        output_files=frozenset(k for k, d in (job.get("outputs") or {}).items() if _is_file(d)),
        needs=frozenset(needs),
        code=job.get("code"),
        timeout=float(timeout) if timeout is not None else None,
    )


def _variables(values: Mapping[str, str]) -> dict[str, str]:
    """A variable of its own for each binding: RECONCILER_INPUT_x, RECONCILER_OUTPUT_y."""
    variables: dict[str, str] = {}
    taken: set[str] = set()
    for binding in values:
        stem = re.sub(r"[^A-Za-z0-9]", "_", binding.replace("inputs.", "input_", 1))
        stem = stem.replace("outputs_", "output_", 1)
        name = f"RECONCILER_{stem}"
        while name in taken:
            name += "_"
        taken.add(name)
        variables[binding] = name
    return variables


def _fill(text: str, values: Mapping[str, str]) -> str:
    """Bindings in a value that no shell reads."""
    return BINDING.sub(lambda match: values.get(match[1], match[0]), text)


def _bound(
    step: str,
    text: str | None,
    inputs: Mapping[str, str],
    places: Mapping[str, Mapping[str, str]],
    context: Context,
    needs: set[str],
) -> str | None:
    """A step's input, with `${{parent...}}` filled in; None for an optional input without value."""
    if text is None:
        return None
    absent = False

    def value_of(match: re.Match[str]) -> str:
        nonlocal absent
        parts = match[1].split(".")
        if parts[:2] == ["parent", "inputs"] and len(parts) == 3:
            if parts[2] not in inputs:
                absent = True
                return ""
            return inputs[parts[2]]
        if parts[:2] == ["parent", "jobs"] and len(parts) == 5 and parts[3] == "outputs":
            output = places.get(parts[2], {}).get(parts[4])
            if output is not None:
                needs.add(parts[2])
                return output
        known = expand_macros(match[0], context)
        if known == match[0]:
            raise JobError(f'step "{step}": {match[0]} is bound to nothing')
        return known

    filled = BINDING.sub(value_of, text)
    return None if absent else filled
