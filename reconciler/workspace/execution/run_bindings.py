"""What the steps of a run can be bound to: its inputs, its outputs, those of other steps. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from reconciler.shell.binding import BINDING
from reconciler.workspace.datastores.addresses import (
    DEFAULT_DATASTORE,
    default_datastore,
    is_address,
)
from reconciler.workspace.execution.data import DataError, Send, TargetData
from reconciler.workspace.execution.run_inputs import Context, JobError

STEPS = "steps"
"""The folder of a run with one for each step, which that runs in."""
FOLDERS_OF_STEPS = ("outputs", "logs")
"""What a step finds in its folder, as in Azure: many a script writes there."""
ARTIFACTS = "artifacts"
"""The output that is what the step leaves behind, its `outputs` in it, where it says no other
place: azureml-examples, `hello-pipeline-default-artifacts.yml`.
"""
_PARENT_INPUT = re.compile(r"\$\{\{\s*parent\.inputs\.([^{}\s]+)\s*\}\}")
_PARENT_OUTPUT = re.compile(r"\$\{\{\s*parent\.outputs\.([^{}\s]+)\s*\}\}")


class Parent:
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
            place = os.path.join(self.folder, STEPS, default[1])
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


def _output_macros(document: Mapping[str, Any], context: Context) -> dict[str, str]:
    """What the path of an output may hold."""
    return {**context.macros, DEFAULT_DATASTORE: default_datastore(document)}
