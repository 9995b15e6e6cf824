"""A published job document and the inputs of a run -> Steps that are ready to be run. Pure.

A pipeline job has steps; a command job is one step. Values are text, as Azure passes them: True,
not true. `folder` names where a run keeps its files; nothing is made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from typing import Any

from reconciler.declare.jobs.document_paths import step_code
from reconciler.shell.binding import BINDING, LONGEST_COMMAND, bind, is_too_long
from reconciler.workspace.execution.data import DataError, Fetch, Send, TargetData, is_data
from reconciler.workspace.execution.input_check import Held, refusal
from reconciler.workspace.execution.run_bindings import Parent
from reconciler.workspace.execution.run_inputs import (
    Brought,
    Context,
    JobError,
    LocalPaths,
    is_number,
    is_optional,
    is_true,
    literal,
    run_inputs,
    typed,
)

STEP_OF_COMMAND_JOB = "command"
"""The name of the one step of a command job."""


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
    fetches: tuple[Fetch, ...] = ()
    """What is to be there before it begins."""
    brings: tuple[Brought, ...] = ()
    """The same, of the local data of its version."""
    sends: tuple[Send, ...] = ()
    """What is brought elsewhere when it has succeeded."""


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
    base: str | None = None,
    check: bool = True,
    data: TargetData | None = None,
    held: Mapping[str, str | None] | None = None,
) -> RunPlan:
    """What a run of `document` with the inputs `given` does; JobError where it cannot.

    `continue_on_step_failure` of the schedule holds over that of the document, which is true
    unless it says otherwise. `base`: what local paths of inputs in the document are relative to.
    `check`: whether values are refused that a command could run; without, it is only to be shown.
    `data`: where addresses lead; without, they stay as they are. `held`: the local data that was
    published with the version, as of LocalPaths.
    """
    paths = LocalPaths(base, folder, held or {})
    inputs = run_inputs(document, given, context, paths)
    if document.get("type") == "command":
        # A pipeline of one step, whose inputs are the job's and whose outputs are its own.
        bound = {name: f"${{{{parent.inputs.{name}}}}}" for name in document.get("inputs") or {}}
        jobs = {STEP_OF_COMMAND_JOB: {**document, "inputs": bound}}
        document = {**document, "outputs": None}
    else:
        jobs = document.get("jobs") or {}
    if not jobs:
        raise JobError("the job has no steps")
    parent = Parent(document, jobs, inputs, context, folder, data)
    steps = tuple(_step(name, job, parent, paths, check) for name, job in jobs.items())
    _check_order(steps)
    go_on = continue_on_step_failure
    if go_on is None:
        go_on = is_true((document.get("settings") or {}).get("continue_on_step_failure", True))
    return RunPlan(steps, inputs, go_on)


def _check_order(steps: Iterable[Step]) -> None:
    try:
        TopologicalSorter({step.name: step.needs for step in steps}).prepare()
    except CycleError as error:
        ring = " -> ".join(reversed(error.args[1]))
        raise JobError(f"these steps wait for one another: {ring}") from error


def _step(
    name: str, job: Mapping[str, Any], parent: Parent, paths: LocalPaths, check: bool
) -> Step:
    command = job.get("command")
    if not isinstance(command, str):
        raise JobError(f'step "{name}" is not a command')
    if is_too_long(command):
        raise JobError(f'step "{name}": its command has more than {LONGEST_COMMAND:,} bytes')
    scope = _Scope(name, parent)
    fetches: list[Fetch] = []
    brings: list[Brought] = []
    for key, declared in (job.get("inputs") or {}).items():
        given = literal(declared, paths)
        value = None if given is None else scope.fill(given, f"inputs.{key}")
        if value is not None:
            value = typed(key, declared, value)
            if (found := paths.brought(value)) is not None:
                brings.append(found)
            kind, mode = parent.type_and_mode(declared)
            if parent.data is not None and is_data(value, kind):
                fetch = _fetch(parent, f'step "{name}": the input "{key}"', value, kind, mode)
                fetches.append(fetch)
                value = fetch.path
        elif given is None and not is_optional(declared):
            raise JobError(f'step "{name}": the input "{key}" has no value')
        scope.own[f"inputs.{key}"] = value
    scope.own |= {f"outputs.{key}": path for key, path in parent.outputs[name].items()}
    environment = _environment(job, scope)
    variables = _variables([*scope.own, *parent.context.macros])
    script = bind(command, lambda binding: variables[binding] if scope.has(binding) else None)
    environment |= {
        variable: value
        for binding, variable in variables.items()
        if (value := scope.value(binding)) is not None
    }
    if check:
        why = refusal(script, scope.held(variables, environment), environment)
        if why is not None:
            raise JobError(f'step "{name}": {why}')
    return Step(
        name=name,
        script=script,
        environment=environment,
        outputs=parent.outputs[name],
        output_files=frozenset(
            key for key, declared in (job.get("outputs") or {}).items() if parent.is_file(declared)
        ),
        needs=frozenset(scope.needs),
        code=step_code(job),
        timeout=_timeout(name, (job.get("limits") or {}).get("timeout")),
        fetches=tuple(fetches),
        brings=tuple(brings),
        sends=tuple(parent.sends[name]),
    )


def _fetch(parent: Parent, what: str, address: str, kind: str | None, mode: str | None) -> Fetch:
    assert parent.data is not None
    try:
        return parent.data.plan_input(address, kind, mode, parent.folder)
    except DataError as error:
        raise JobError(f"{what}: {error}") from error


class _Scope:
    """What the bindings of one step stand for; remembers the steps that it needs."""

    def __init__(self, step: str, parent: Parent) -> None:
        self.own: dict[str, str | None] = {}
        """`inputs.x`, `outputs.y`; None for an optional input without a value."""
        self.needs: set[str] = set()
        self._step = step
        self._parent = parent
        self._foreign: set[str] = set()
        """The inputs and environment variables that are made of what comes from outside."""

    def value(self, binding: str) -> str | None:
        """What it stands for; JobError if it stands for nothing."""
        if binding in self.own:
            return self.own[binding]
        found = self._parent.find(binding)
        if found is None:
            raise JobError(f'step "{self._step}": ${{{{{binding}}}}} is bound to nothing')
        value, makers = found
        self.needs |= makers
        return value

    def has(self, binding: str) -> bool:
        """Whether a command may use it, and it has a value; JobError if it may not."""
        if binding not in self.own and binding not in self._parent.context.macros:
            raise JobError(f'step "{self._step}": ${{{{{binding}}}}} is bound to nothing')
        return self.value(binding) is not None

    def fill(self, text: str, target: str) -> str | None:
        """`text` with its bindings filled in, once; None where one of them has no value.

        `target` is what it becomes: `inputs.x`, or the environment variable `$X`.
        """
        values = {binding: self.value(binding) for binding in BINDING.findall(text)}
        if None in values.values():
            return None
        if any(self._is_foreign(binding) for binding in values):
            self._foreign.add(target)
        return BINDING.sub(lambda match: str(values[match[1]]), text)

    def held(self, variables: Mapping[str, str], environment: Mapping[str, str]) -> list[Held]:
        """The values from outside, each in its variable."""
        found: dict[str, Held] = {}
        macros = self._parent.context.macros
        for binding, variable in variables.items():
            if binding in self._foreign and variable in environment:
                what = f'the input "{binding.removeprefix("inputs.")}"'
                found[variable] = Held(variable, environment[variable], what)
            elif binding in macros:
                what = f"${{{{{binding}}}}}"
                found[variable] = Held(variable, macros[binding], what, made_here=True)
        for target in sorted(self._foreign - variables.keys()):
            name = target[1:]
            held = Held(name, environment[name], f'the environment variable "{name}"')
            found.setdefault(name, held)
        return list(found.values())

    def _is_foreign(self, binding: str) -> bool:
        """What a step or the run writes to is the workspace's own; all else is from outside."""
        if binding in self.own and not binding.startswith("outputs."):
            return binding in self._foreign
        return not re.match(r"outputs\.|parent\.outputs\.|parent\.jobs\.", binding)


def _environment(job: Mapping[str, Any], scope: _Scope) -> dict[str, str]:
    """The environment variables of a step; one without a value, or bound to an input that has none,
    is left out.
    """
    environment: dict[str, str] = {}
    given = job.get("environment_variables") or {}
    for name, text in ((name, text) for name, text in given.items() if text is not None):
        if not name or "=" in name or "\0" in name:
            raise JobError(f'"{name}" cannot be the name of an environment variable')
        value = scope.fill(str(text), f"${name}")
        if value is not None:
            environment[name] = value
    return environment


def _variables(bindings: Iterable[str]) -> dict[str, str]:
    """A variable of its own for each binding: RECONCILER_INPUT_x, RECONCILER_OUTPUT_y."""
    variables: dict[str, str] = {}
    for binding in bindings:
        stem = re.sub(r"^(in|out)puts\.", lambda match: match[0][:-2].upper() + "_", binding)
        variable = "RECONCILER_" + re.sub(r"[^A-Za-z0-9]", "_", stem)
        while variable in variables.values():
            variable += "_"
        variables[binding] = variable
    return variables


def _timeout(step: str, seconds: Any) -> float | None:
    if seconds is None:
        return None
    if not is_number(str(seconds)) or not isfinite(float(seconds)) or float(seconds) <= 0:
        raise JobError(f'step "{step}": "{seconds}" is no timeout in seconds')
    return float(seconds)
