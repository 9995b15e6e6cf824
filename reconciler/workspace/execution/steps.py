"""A published job document and the inputs of a run -> Steps that are ready to be run. Pure.

A pipeline job has steps; a command job is one step. Values are text, as Azure passes them: True,
not true. `folder` names where a run keeps its files; nothing is made here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from math import isfinite
from typing import Any

from reconciler.shell.binding import BINDING, LONGEST_COMMAND, bind, is_too_long
from reconciler.workspace.datastores.addresses import is_address
from reconciler.workspace.execution.data import DataError, Fetch, Send, TargetData, is_data
from reconciler.workspace.execution.input_check import Held, refusal

FOLDERS_OF_STEPS = ("outputs", "logs")
"""What a step finds in its folder, as in Azure: many a script writes there."""
ARTIFACTS = "artifacts"
"""The output that is the step's own `outputs`, where it says no other place."""
STEP_OF_COMMAND_JOB = "command"
"""The name of the one step of a command job."""


class JobError(Exception):
    """A run that cannot be: an input without a value, a binding to nothing, no command."""


@dataclass(frozen=True, slots=True)
class Context:
    """What macros stand for: `${{name}}`, `${{creation_context.trigger_time}}`."""

    run: str
    trigger_time: str

    @property
    def macros(self) -> dict[str, str]:
        """By the inside of the binding, what it stands for."""
        return {"name": self.run, "creation_context.trigger_time": self.trigger_time}


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
) -> RunPlan:
    """What a run of `document` with the inputs `given` does; JobError where it cannot.

    `continue_on_step_failure` of the schedule holds over that of the document, which is true
    unless it says otherwise. `base`: what local paths of inputs in the document are relative to.
    `check`: whether values are refused that a command could run; without, it is only to be shown.
    `data`: where addresses lead; without, they stay as they are.
    """
    inputs = run_inputs(document, given, context, base)
    if document.get("type") == "command":
        # A pipeline of one step, whose inputs are the job's and whose outputs are its own.
        bound = {name: f"${{{{parent.inputs.{name}}}}}" for name in document.get("inputs") or {}}
        jobs = {STEP_OF_COMMAND_JOB: {**document, "inputs": bound}}
        document = {**document, "outputs": None}
    else:
        jobs = document.get("jobs") or {}
    if not jobs:
        raise JobError("the job has no steps")
    parent = _Parent(document, jobs, inputs, context, folder, data)
    steps = tuple(_step(name, job, parent, base, check) for name, job in jobs.items())
    _check_order(steps)
    go_on = continue_on_step_failure
    if go_on is None:
        go_on = _truth((document.get("settings") or {}).get("continue_on_step_failure", True))
    return RunPlan(steps, inputs, go_on)


def _check_order(steps: Iterable[Step]) -> None:
    try:
        TopologicalSorter({step.name: step.needs for step in steps}).prepare()
    except CycleError as error:
        ring = " -> ".join(reversed(error.args[1]))
        raise JobError(f"these steps wait for one another: {ring}") from error


# --------------------------------------------------------------------------------------- inputs


def run_inputs(
    document: Mapping[str, Any],
    given: Mapping[str, Any],
    context: Context,
    base: str | None = None,
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
            value = _literal(declaration, base)
        if value is None:
            if _is_optional(declaration):
                continue
            raise JobError(f'the input "{name}" has no value')
        values[name] = _typed(name, declaration, expand_macros(value, context))
    return values


def expand_macros(text: str, context: Context) -> str:
    """`text` with Azure's macros filled in; other bindings stay."""
    macros = context.macros
    return BINDING.sub(lambda match: macros.get(match[1], match[0]), text)


def _literal(value: Any, base: str | None = None) -> str | None:
    """What an input's declaration, or what was given for it, comes to as text."""
    if not isinstance(value, Mapping):
        return None if value is None else str(value)
    if value.get("path") is not None:
        return _local(str(value["path"]), base)
    found = value.get("value", value.get("default"))
    return None if found is None else str(found)


def _local(path: str, base: str | None) -> str:
    """A local path as one that holds wherever a step runs; a URI or a binding as it is."""
    if path.startswith("file://"):
        return path.removeprefix("file://")
    if base is None or re.match(r"[A-Za-z][\w+.-]*:|\$\{\{", path):
        return path
    return os.path.normpath(os.path.join(base, path))


def _typed(name: str, declaration: Any, value: str) -> str:
    """`value`, as Azure passes one of the declared type; JobError if it is none."""
    kind = declaration.get("type") if isinstance(declaration, Mapping) else None
    if kind == "boolean":
        if value.lower() not in ("true", "false"):
            raise JobError(f'the input "{name}" is neither true nor false: "{value}"')
        return value.capitalize()
    if kind == "integer" and not re.fullmatch(r"[+-]?\d+", value):
        raise JobError(f'the input "{name}" is no whole number: "{value}"')
    if kind == "number" and not _is_number(value):
        raise JobError(f'the input "{name}" is no number: "{value}"')
    return value


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_optional(declaration: Any) -> bool:
    return isinstance(declaration, Mapping) and _truth(declaration.get("optional"))


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"


# -------------------------------------------------------------------------------------- outputs


_PARENT_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([^{}\s]+)\s*\}\}")
_PARENT_OUTPUT = re.compile(r"\$\{\{\s*parent\.outputs\.([^{}\s]+)\s*\}\}")


class _Parent:
    """What the steps of a run can be bound to, beside what is their own."""

    def __init__(
        self,
        document: Mapping[str, Any],
        jobs: Mapping[str, Any],
        inputs: Mapping[str, str],
        context: Context,
        folder: str,
        data: TargetData | None,
    ) -> None:
        self.context = context
        self.folder = folder
        self.data = data
        self._inputs = document.get("inputs") or {}
        self._macros = _output_macros(document, context)
        self._sent: dict[str, str] = {}
        self.sends: dict[str, list[Send]] = {step: [] for step in jobs}
        """Of each step, what it writes to an address."""
        self._bindings: dict[str, tuple[str | None, frozenset[str]]] = {
            name: (value, frozenset()) for name, value in context.macros.items()
        }
        for name in document.get("inputs") or {}:
            self._bindings[f"parent.inputs.{name}"] = (inputs.get(name), frozenset())
        self._declared = document.get("outputs") or {}
        self._places = {
            name: self._place(declared, f"the output {name}", "pipeline_outputs", name)
            for name, declared in self._declared.items()
        }
        self.outputs: dict[str, dict[str, str]] = {}
        """Of each step, where it writes each output."""
        writers: dict[str, set[str]] = {name: set() for name in self._places}
        for step, job in jobs.items():
            self.outputs[step] = {}
            for name, declared in (job.get("outputs") or {}).items():
                what = f'step "{step}": the output {name}'
                bound = _parent_output(declared)
                if bound is None:
                    path = self._place(declared, what, "outputs", step, name)
                elif bound in self._places:
                    path = self._places[bound]
                    writers[bound].add(step)
                else:
                    raise JobError(f"{what} is bound to nothing")
                self.outputs[step][name] = path
                if path in self._sent:
                    self.sends[step].append(Send(path, self._sent[path]))
                self._bindings[f"parent.jobs.{step}.outputs.{name}"] = (path, frozenset({step}))
        for name, path in self._places.items():
            self._bindings[f"parent.outputs.{name}"] = (path, frozenset(writers[name]))

    def find(self, binding: str) -> tuple[str | None, frozenset[str]] | None:
        """(its value, the steps that make it); no value for an optional input without one."""
        return self._bindings.get(binding)

    def is_file(self, declared: Any) -> bool:
        """Whether an output is a file, by itself or by what it is bound to; else it is a folder."""
        bound = _parent_output(declared)
        both = (declared, None if bound is None else self._declared[bound])
        return any(isinstance(one, Mapping) and one.get("type") == "uri_file" for one in both)

    def type_and_mode(self, declared: Any) -> tuple[str | None, str | None]:
        """Of an input of a step: its own, or those of the input of the job that it is bound to."""
        text = declared.get("path", declared.get("value")) if _is_mapping(declared) else declared
        bound = _PARENT_INPUT.fullmatch(str(text))
        sides = [declared, self._inputs.get(bound[1]) if bound else None]
        types, modes = (
            [side[key] for side in sides if isinstance(side, Mapping) and side.get(key)]
            for key in ("type", "mode")
        )
        kind = str(types[0]) if types else None
        if kind is None and bound and not isinstance(sides[1], Mapping):
            kind = "string"  # a plain value of the job
        return kind, str(modes[0]) if modes else None

    def _place(self, declared: Any, what: str, *default: str) -> str:
        """Where an output is written: in the run's folder, unless it names a local path. What has
        an address is brought there from the run's folder.
        """
        path = declared.get("path") if isinstance(declared, Mapping) else declared
        path = BINDING.sub(
            lambda match: self._macros.get(match[1], match[0]),
            str(path or "").replace("${{output_name}}", default[-1]),
        ).removeprefix("file://")
        if os.path.isabs(path):
            return path
        if not re.fullmatch(r"\w[\w.-]*", default[-1]):
            raise JobError(f"{what} cannot be the name of a file")
        place = os.path.join(self.folder, *default)
        if default[0] == "outputs" and default[-1] == ARTIFACTS:
            place = os.path.join(self.folder, "work", default[1], FOLDERS_OF_STEPS[0])
        if self.data is not None and is_address(path):
            if "${{" in path:
                raise JobError(f"{what}: {path} holds what is not known here")
            try:
                self.data.check_output(path)
            except DataError as error:
                raise JobError(f"{what}: {error}") from error
            self._sent[place] = path
        return place


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _parent_output(declared: Any) -> str | None:
    """The output of the pipeline that one of a step is bound to."""
    path = declared.get("path") if isinstance(declared, Mapping) else declared
    bound = _PARENT_OUTPUT.fullmatch(str(path))
    return bound[1] if bound else None


# ---------------------------------------------------------------------------------------- steps


def _step(
    name: str, job: Mapping[str, Any], parent: _Parent, base: str | None, check: bool
) -> Step:
    command = job.get("command")
    if not isinstance(command, str):
        raise JobError(f'step "{name}" is not a command')
    if is_too_long(command):
        raise JobError(f'step "{name}": its command has more than {LONGEST_COMMAND:,} bytes')
    scope = _Scope(name, parent)
    fetches: list[Fetch] = []
    for key, declared in (job.get("inputs") or {}).items():
        literal = _literal(declared, base)
        value = None if literal is None else scope.fill(literal, f"inputs.{key}")
        if value is not None:
            value = _typed(key, declared, value)
            kind, mode = parent.type_and_mode(declared)
            if parent.data is not None and is_data(value, kind):
                fetch = _fetch(parent, f'step "{name}": the input "{key}"', value, kind, mode)
                fetches.append(fetch)
                value = fetch.path
        elif literal is None and not _is_optional(declared):
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
        code=job.get("code"),
        timeout=_timeout(name, (job.get("limits") or {}).get("timeout")),
        fetches=tuple(fetches),
        sends=tuple(parent.sends[name]),
    )


def _fetch(parent: _Parent, what: str, address: str, kind: str | None, mode: str | None) -> Fetch:
    assert parent.data is not None
    try:
        return parent.data.plan_input(address, kind, mode, parent.folder)
    except DataError as error:
        raise JobError(f"{what}: {error}") from error


def _output_macros(document: Mapping[str, Any], context: Context) -> dict[str, str]:
    """What the path of an output may hold."""
    settings = document.get("settings")
    default = settings.get("default_datastore") if isinstance(settings, Mapping) else None
    name = str(default or "workspaceblobstore").removeprefix("azureml:")
    return {**context.macros, "default_datastore": name}


class _Scope:
    """What the bindings of one step stand for; remembers the steps that it needs."""

    def __init__(self, step: str, parent: _Parent) -> None:
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
    """The environment variables of a step; one bound to an input without a value is left out."""
    environment: dict[str, str] = {}
    for name, text in (job.get("environment_variables") or {}).items():
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
    if not _is_number(str(seconds)) or not isfinite(float(seconds)) or float(seconds) <= 0:
        raise JobError(f'step "{step}": "{seconds}" is no timeout in seconds')
    return float(seconds)
