"""A job with its component files -> one document of commands alone. Pure.

A component's command takes the place of the step that runs it, and the steps of a pipeline
component that of theirs, as `STEP.CHILD`: bindings are rewritten to what they lead to. So an
embedded workspace runs what was published, whatever becomes of the files. Steps that are no
commands (sweep, parallel, spark, automl, registered components) stay as they are.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.declare.jobs.bindings import mapping_at, of_now, texts_in
from reconciler.declare.jobs.document_paths import (
    component_path,
    data_path,
    path_in_repository,
    snapshots_in,
)
from reconciler.declare.jobs.local_paths import includes_of, is_local
from reconciler.declare.jobs.types_of_data import inputs_of_data
from reconciler.model import JobDefinition
from reconciler.shell.binding import BINDING

_Step = dict[str, Any]
_BOUND = ("inputs", "outputs")
_COMMAND_TYPES = (None, "command")


@dataclass(frozen=True, slots=True)
class SelfContained:
    """What is published of a job."""

    document: Mapping[str, Any]
    code: Mapping[str, str]
    """The `code` of its steps, and the paths of local data, as they stand in the document -> the
    path of the snapshot.
    """


def self_contained(definition: JobDefinition) -> SelfContained:
    """The document of a job, with its components in place of the paths that lead to them."""
    document: dict[str, Any] = json.loads(definition.document)
    folder = posixpath.dirname(definition.path)
    maker = _Maker(definition, folder)
    if maker.expands(document):  # a pipeline whose steps are those of a component
        document = maker.whole(document)
    jobs = document.get("jobs")
    if isinstance(jobs, dict) and any(maker.expands(step) for step in jobs.values()):
        steps, _ = maker.pipeline(jobs, folder, "")
        document = {**document, "jobs": steps}
    elif isinstance(jobs, dict):
        document = {**document, "jobs": {name: _of_now(step) for name, step in jobs.items()}}
    return SelfContained(document, snapshots_in(document, folder, definition.snapshots))


class _Maker:
    """The components of one job, put in place."""

    def __init__(self, definition: JobDefinition, folder: str) -> None:
        self._definition = definition
        self._folder = folder

    def expands(self, step: Any) -> bool:
        """Whether it runs a component that is at hand."""
        component = step.get("component") if isinstance(step, dict) else None
        if isinstance(component, str):
            return is_local(component) or component in self._definition.registered
        return isinstance(component, dict)

    def pipeline(
        self, jobs: Mapping[str, Any], folder: str, prefix: str
    ) -> tuple[dict[str, _Step], dict[str, str]]:
        """The steps of a pipeline under their full names; and of each output of a child, in the
        pipeline's own words, what it is bound to.
        """
        steps: dict[str, _Step] = {}
        exports: dict[str, str] = {}
        for name, step in jobs.items():
            made, outputs = self._step(f"{prefix}{name}", step, folder)
            steps |= made
            exports |= {f"parent.jobs.{name}.outputs.{key}": to for key, to in outputs.items()}
        bound = {key: f"${{{{{to}}}}}" for key, to in exports.items()}
        return {name: _rebound(step, bound) for name, step in steps.items()}, exports

    def whole(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A job that is a pipeline component, as a job with the steps of that."""
        component, folder = self._component(document["component"], self._folder)
        if not isinstance(component.get("jobs"), dict):
            return dict(document)
        steps, _ = self.pipeline(component["jobs"], folder, "")
        made = {key: value for key, value in document.items() if key != "component"}
        for section, given in (("inputs", _given), ("outputs", _output)):
            made[section] = {
                key: given(declared, mapping_at(document, section).get(key))
                for key, declared in mapping_at(component, section).items()
            }
        return {**made, "jobs": steps}

    def _step(self, name: str, step: Any, folder: str) -> tuple[dict[str, _Step], dict[str, str]]:
        """One step as what takes its place, and what its outputs are called then."""
        step = _of_now(step)
        if not self.expands(step):
            if folder != self._folder:
                step = self._moved(step, folder)
            return {name: step}, _own_outputs(name, step)
        component, inside = self._component(step["component"], folder)
        step = _with_paths(step, component)
        if folder != self._folder:
            step = self._moved(step, folder)
        folder = inside
        if isinstance(component.get("jobs"), dict):
            return self._children(name, step, component, folder)
        if component.get("type") not in _COMMAND_TYPES or "command" not in component:
            kept = {**step, "type": component.get("type", step.get("type"))}
            return {name: kept}, _own_outputs(name, component)
        merged = self._merged(step, component, folder)
        return {name: merged}, _own_outputs(name, merged)

    def _component(self, component: Any, folder: str) -> tuple[Mapping[str, Any], str]:
        if isinstance(component, dict):
            return component, folder
        path = component_path(self._definition, folder, component)
        found = self._definition.components[path]
        document: dict[str, Any] = json.loads(found.document)
        folder = posixpath.dirname(path)
        inputs = self._moved({"inputs": mapping_at(document, "inputs")}, folder)
        return {**document, **inputs}, folder

    def _moved(self, step: _Step, folder: str) -> _Step:
        """A step with its paths, which are relative to `folder`, as seen from the job."""
        code = step.get("code")
        if isinstance(code, str) and is_local(code):
            step = {**step, "code": self._relative(folder, code)}
        inputs = mapping_at(step, "inputs")
        paths = {key: data_path(declared) for key, declared in inputs.items()}
        moved = {
            key: {**inputs[key], "path": self._relative(folder, path)}
            for key, path in paths.items()
            if path is not None and not posixpath.isabs(path)
        }
        return {**step, "inputs": {**inputs, **moved}} if moved else step

    def _relative(self, folder: str, code: str) -> str:
        return posixpath.relpath(path_in_repository(folder, code), self._folder or ".")

    def _merged(self, step: _Step, component: Mapping[str, Any], folder: str) -> _Step:
        """A command of its own: what the component says, and what the step gives."""
        kept = {key: step[key] for key in _OF_STEPS if key in step}
        merged: _Step = {
            **{key: component[key] for key in _OF_COMPONENTS if key in component},
            **kept,
        }
        merged["type"] = "command"
        merged["inputs"] = {
            key: _given(declared, mapping_at(step, "inputs").get(key))
            for key, declared in mapping_at(component, "inputs").items()
        }
        merged["outputs"] = {
            key: _output(declared, mapping_at(step, "outputs").get(key))
            for key, declared in mapping_at(component, "outputs").items()
        }
        variables = {
            **mapping_at(component, "environment_variables"),
            **{
                key: value
                for key, value in mapping_at(step, "environment_variables").items()
                if value is not None
            },
        }
        if variables:
            merged["environment_variables"] = variables
        code = component.get("code")
        if isinstance(code, str):
            merged["code"] = self._relative(folder, code) if is_local(code) else code
        includes = includes_of(component)
        if includes:
            merged["additional_includes"] = [self._relative(folder, one) for one in includes]
        return merged

    def _children(
        self, name: str, step: _Step, component: Mapping[str, Any], folder: str
    ) -> tuple[dict[str, _Step], dict[str, str]]:
        """The steps of a pipeline component, bound to what the step gives."""
        steps, _ = self.pipeline(component["jobs"], folder, f"{name}.")
        bound: dict[str, Any] = {
            f"parent.inputs.{key}": _given(declared, mapping_at(step, "inputs").get(key))
            for key, declared in mapping_at(component, "inputs").items()
        }
        exports: dict[str, str] = {}
        for key, declared in mapping_at(component, "outputs").items():
            inner = f"parent.outputs.{key}"
            given = mapping_at(step, "outputs").get(key)
            bound[inner] = _output(declared, given)
            for child, made in steps.items():
                for output, value in mapping_at(made, "outputs").items():
                    if _whole_binding(value) == inner:
                        exports[key] = f"parent.jobs.{child}.outputs.{output}"
        return {child: _rebound(made, bound) for child, made in steps.items()}, exports


_OF_STEPS = ("display_name", "description", "compute", "identity", "limits", "resources", "tags")
_OF_COMPONENTS = ("command", "environment", "distribution", "resources")


def _own_outputs(name: str, step: Any) -> dict[str, str]:
    return {key: f"parent.jobs.{name}.outputs.{key}" for key in mapping_at(step, "outputs")}


def _given(declared: Any, given: Any) -> Any:
    """An input as the component declares it, with the value that the step gives."""
    if given is None:
        return declared
    declared = declared if isinstance(declared, dict) else {}
    kept = {key: declared[key] for key in ("type", "optional", "mode") if key in declared}
    return {**kept, **given} if isinstance(given, dict) else {**kept, "value": given}


def _output(declared: Any, given: Any) -> Any:
    declared = declared if isinstance(declared, dict) else {}
    kept = {key: declared[key] for key in ("type", "mode") if key in declared}
    if isinstance(given, dict):
        return {**kept, **given}
    return {**kept, "path": given} if isinstance(given, str) else kept


def _with_paths(step: _Step, component: Mapping[str, Any]) -> _Step:
    """A step whose mere texts for inputs that are data are paths."""
    data, inputs = inputs_of_data(component), mapping_at(step, "inputs")
    paths = {
        key: {"path": value}
        for key, value in inputs.items()
        if key in data and isinstance(value, str) and "${{" not in value
    }
    return {**step, "inputs": {**inputs, **paths}} if paths else step


def _of_now(step: Any) -> Any:
    """A step whose inputs and outputs are bound in the form of now."""
    texts = [text for section in _BOUND for text in texts_in(mapping_at(step, section))]
    found = {one for text in texts for one in BINDING.findall(text)}
    old = {one: f"${{{{{of_now(one)}}}}}" for one in found if of_now(one) != one}
    return _rebound(step, old)


def _rebound(step: _Step, bound: Mapping[str, Any]) -> _Step:
    """A step whose inputs and outputs are bound to what `bound` says."""
    if not bound:
        return step
    changed = dict(step)
    for section in _BOUND:
        if isinstance(step.get(section), dict):
            changed[section] = {key: _fill(value, bound) for key, value in step[section].items()}
    return changed


def _fill(value: Any, bound: Mapping[str, Any]) -> Any:
    whole = _whole_binding(value)
    if whole is not None and whole in bound:
        found = bound[whole]
        if not isinstance(value, dict):
            return found
        kept = {key: item for key, item in value.items() if key not in ("path", "value")}
        return {**found, **kept} if isinstance(found, dict) else {**kept, "value": found}
    if isinstance(value, dict):
        return {key: _fill(item, bound) for key, item in value.items()}
    return BINDING.sub(_text_of(bound), value) if isinstance(value, str) else value


def _text_of(bound: Mapping[str, Any]) -> Callable[[Any], str]:
    def text(match: Any) -> str:
        found = bound.get(match[1], match[0])
        if isinstance(found, dict):
            found = next((found[k] for k in ("path", "value", "default") if k in found), match[0])
        return str(found)

    return text


def _whole_binding(value: Any) -> str | None:
    """The binding that is all of an input or an output, as text or as its path or value."""
    if isinstance(value, dict):
        value = value.get("path", value.get("value"))
    found = BINDING.fullmatch(value.strip()) if isinstance(value, str) else None
    return found[1] if found else None
