"""The steps of a pipeline, as a job file has them -> as Azure has them. Pure.

One entry for each kind of step; a kind that is not known here passes as it stands. What the steps
need beside them is collected on the way, the components of a sub-pipeline before its own.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.providers.azureml.ids import PREFIX
from reconciler.providers.azureml.jobs import automl, spark
from reconciler.providers.azureml.jobs.assets import (
    Unsendable,
    about,
    raise_all,
    without_empty,
)
from reconciler.providers.azureml.jobs.components import (
    FROM_FILE,
    INLINE,
    Component,
    Context,
    add_component,
    interface,
    parallel_settings,
    put_component,
    put_task,
    registered,
)
from reconciler.providers.azureml.jobs.inline import inline_document, is_inline, without_dropped
from reconciler.providers.azureml.jobs.terms.bindings import is_expression
from reconciler.providers.azureml.jobs.terms.data import step_input, step_output
from reconciler.providers.azureml.jobs.terms.references import compute_id, file_path, is_reference
from reconciler.providers.azureml.jobs.terms.settings import (
    COMMAND,
    early_termination,
    identity,
    queue_in_small,
    resources,
    sweep_limits,
    translated,
)
from reconciler.providers.azureml.jobs.terms.values import typed
from reconciler.providers.azureml.rules import words


class Pipeline:
    """The steps of one pipeline document, which stands in `folder`."""

    def __init__(self, document: Mapping[str, Any], folder: str, context: Context) -> None:
        self._document = document
        self._folder = folder
        self._context = context
        self._steps: Mapping[str, Any] = document.get("jobs") or {}

    def component(self) -> str | None:
        """The component that a job without steps of its own runs; Unsendable."""
        reference = self._document.get("component")
        if reference is None:
            return None
        if isinstance(reference, str) and is_reference(reference):
            # Of a job, and of no step, Azure's client sends the short name.
            return reference if "://" in reference else reference.removeprefix(PREFIX)
        return self._find("", reference, "pipeline").id

    def component_document(self) -> Mapping[str, Any]:
        """That of the component's file; empty where only Azure knows it."""
        reference = self._document.get("component")
        if not isinstance(reference, str) or is_reference(reference):
            return {}
        return self._context.files.document(file_path(reference, self._folder))

    def steps(self) -> dict[str, Any]:
        """Each step on the wire; Unsendable."""
        sent: dict[str, Any] = {}
        problems: list[Unsendable] = []
        for name, step in self._steps.items():
            keys = ("jobs", name)
            try:
                if not isinstance(step, Mapping):
                    raise Unsendable("it is no mapping", keys=keys)
                sent[name] = self._step(name, step)
            except Unsendable as problem:
                problems.append(problem.within(step, keys, prefix=f'step "{name}": '))
        raise_all(problems)
        return sent

    def _step(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        step = self._typed(step)
        kind = kind_of(step)
        build = _KINDS.get(kind)
        if build is None:
            return {"name": name, **step}
        return build(self, name, typed(without_dropped(kind, step)))

    def _typed(self, step: Mapping[str, Any]) -> Mapping[str, Any]:
        """A step that does not say its type has that of its component's file."""
        reference = step.get("component")
        if step.get("type") or not isinstance(reference, str) or is_reference(reference):
            return step
        with about(reference):
            component = self._context.files.document(file_path(reference, self._folder))
        kind = component.get("type")
        return {**step, "type": kind} if kind else step

    # ------------------------------------------------------------------------------ of each kind

    def _command(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        component = self._component(name, step, "command")
        whole = {**_kept(component, ("resources", "distribution")), **_set(step)}
        variables = step.get("environment_variables") or {}
        return self._node(
            name,
            step,
            component,
            _COMMAND,
            {**translated(whole, COMMAND), "environment_variables": variables},
        )

    def _parallel(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        component = self._component(name, step, "parallel")
        inherited = (
            *("resources", "retry_settings", "input_data", "max_concurrency_per_instance"),
            *("mini_batch_error_threshold", "partition_keys", "mini_batch_size"),
        )
        whole = {**_kept(component, inherited), **_set(step)}
        kept = ("error_threshold", "logging_level", "environment_variables", *inherited)
        folder = self._folder
        task = whole.get("task")
        if task is None and component.document is not None:
            task, folder = component.document.get("task"), self._component_folder(step)
        settings = {key: whole[key] for key in kept if key in whole}
        settings |= parallel_settings(whole, for_component=False)
        if component.document is not None and not settings["mini_batch_size"]:
            settings["mini_batch_size"] = 0
        settings |= translated(whole, {"resources": resources, "identity": identity})
        settings["task"] = put_task(task, folder, name, self._context)
        return self._node(name, step, component, _PARALLEL, settings)

    def _spark(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        component = self._component(name, step, "spark")
        fixed = ("entry", "py_files", "jars", "files", "archives", "args")
        whole = {**_set(step), **_kept(component, fixed)}
        settings = {key: whole[key] for key in fixed if key in whole}
        settings |= {
            "conf": spark.step_conf(step, component.document or {}),
            "entry": spark.entry(whole.get("entry")),
            "identity": identity(spark.identity_or_default(step)),
            "resources": spark.resources(step),
        }
        return self._node(name, step, component, _SPARK, settings)

    def _pipeline(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        component = self._component(name, step, "pipeline")
        node = self._node(name, step, component, (), {})
        written = step.get("compute")
        if node.get("computeId") and not is_expression(written):
            # Azure ignores it, and its client does not look at it: of a component file it leaves it
            # as it is, of a registered component it takes all but an id for a name.
            is_file = component.document is not None or str(written).startswith("/")
            home = "" if is_file else f"{self._context.workspace.id}/computes/"
            node["computeId"] = f"{home}{written}"
        return node

    def _data_transfer(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        if step.get("task") in _BUILT_IN:
            end = step.get("source") or step.get("sink") or {}
            reference = _BUILT_IN[step["task"]].get(str(end.get("type")))
            if reference is None:
                raise Unsendable(f"Azure has no component for {step['task']} of this type")
            component = Component(reference, "BUILTIN")
        else:
            component = self._component(name, step, "data_transfer")
        settings = {key: step.get(key) for key in ("task", "data_copy_mode", "source", "sink")}
        return self._node(name, step, component, tuple(settings), settings)

    def _sweep(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        component = self._find(name, step.get("trial"), "command")
        settings = {key: step.get(key) for key in _SWEEP}
        settings["early_termination"] = early_termination(step.get("early_termination"))
        settings["limits"] = sweep_limits(step.get("limits"))
        settings["queue_settings"] = queue_in_small(step.get("queue_settings"))
        node = self._node(name, step, component, (*_SWEEP, "trial", "identity"), settings)
        node.pop("componentId")
        return {**node, "trial": {"componentId": component.id}}

    def _automl(self, name: str, step: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        return automl.node(name, step, self._folder, context.workspace, context.ids)

    # ------------------------------------------------------------------------------------- parts

    def _node(
        self,
        name: str,
        step: Mapping[str, Any],
        component: Component,
        known: tuple[str, ...],
        settings: Mapping[str, Any],
    ) -> dict[str, Any]:
        """What all steps have; keys of a step with a component that are not `known` pass."""
        declared = component.document or {}
        more = {}
        if "component" in step or "trial" in step:
            more = {key: step[key] for key in step if key not in (*_EVERY, *known)}
        node = {
            **more,
            **settings,
            "name": name.lower(),
            "type": kind_of(step),
            "display_name": step.get("display_name"),
            "tags": step.get("tags"),
            "properties": step.get("properties"),
            "comment": step.get("comment"),
            "computeId": compute_id(step.get("compute"), self._context.workspace),
            "inputs": self._inputs(step, component),
            "outputs": {
                key: step_output(value, (declared.get("outputs") or {}).get(key))
                for key, value in (step.get("outputs") or {}).items()
                if component.document is None or key in (declared.get("outputs") or {})
            },
            "componentId": component.id,
            "_source": component.source,
        }
        sent: dict[str, Any] = without_empty(node)
        return sent

    def _inputs(self, step: Mapping[str, Any], component: Component) -> dict[str, Any]:
        given = step.get("inputs") or {}
        declared = (component.document or {}).get("inputs") or {}
        workspace, ids = self._context.workspace, self._context.ids
        return {
            key: step_input(value, declared.get(key), self._folder, workspace, ids)
            for key, value in given.items()
            if component.document is None or key in declared
        }

    def _component(self, name: str, step: Mapping[str, Any], kind: str) -> Component:
        if is_inline(kind, step):
            document = inline_document(kind, step, self._document, self._ports)
            return put_component(document, self._folder, INLINE, name, self._context)
        return self._find(name, step.get("component"), kind)

    def _find(self, name: str, reference: Any, kind: str) -> Component:
        """A component by reference, from a file, or as it stands in the step."""
        if isinstance(reference, Mapping):
            document = {"type": kind, **reference}
            return put_component(document, self._folder, INLINE, name, self._context)
        if not isinstance(reference, str):
            raise Unsendable("it has no component")
        if is_reference(reference):
            return registered(reference, self._context)
        source = INLINE if reference.startswith("file:") else FROM_FILE
        return file_component(reference, self._folder, kind, source, name, self._context)

    def _component_folder(self, step: Mapping[str, Any]) -> str:
        reference = step.get("component")
        if not isinstance(reference, str):
            return self._folder
        return posixpath.dirname(file_path(reference, self._folder))

    def _ports(self, name: str, section: str) -> Mapping[str, Any]:
        """The inputs, or outputs, of a step, as its component declares them or as it gives them."""
        step = self._steps.get(name)
        if not isinstance(step, Mapping):
            raise Unsendable(f'the pipeline has no step "{name}"')
        if kind_of(step) == "automl":
            return {key: {"type": "mltable"} for key in step.get("outputs") or {}}
        reference = step.get("component", step.get("trial"))
        if isinstance(reference, str) and not is_reference(reference):
            reference = self._context.files.document(file_path(reference, self._folder))
        found = reference if isinstance(reference, Mapping) else step
        ports: Mapping[str, Any] = found.get(section) or {}
        return ports


def file_component(
    written: str, folder: str, kind: str, source: str, name: str, context: Context
) -> Component:
    """The component of a file, whose path a document in `folder` has; a pipeline's with all that
    its steps need, first.
    """
    path = file_path(written, folder)
    with about(written):
        document = context.files.document(path)
    try:
        return _of_document(document, path, kind, source, name, context)
    except Unsendable as problem:
        raise problem.within(document, file=path) from problem


def _of_document(
    document: Mapping[str, Any], path: str, kind: str, source: str, name: str, context: Context
) -> Component:
    folder = posixpath.dirname(path)
    if document.get("type", kind) != "pipeline":
        return put_component(document, folder, source, name, context)
    steps = Pipeline(document, folder, context).steps()
    known = ("name", "version", "id", "jobs", "inputs", "outputs", "settings", "compute")
    spec = {key: value for key, value in document.items() if key not in known}
    spec = without_empty({**spec, "type": "pipeline", **interface(document)})
    whole = {**spec, "jobs": steps, "sourceJobId": None}
    return add_component(whole, source, name, context, document, {})


def kind_of(step: Mapping[str, Any]) -> str:
    """The kind of a step; Azure's client takes one without a type by what it has."""
    if step.get("type"):
        return str(step["type"]).lower()
    if "trial" in step:
        return "sweep"
    return "parallel" if isinstance(step.get("task"), Mapping) else "command"


def _kept(component: Component, keys: tuple[str, ...]) -> dict[str, Any]:
    document = component.document or {}
    return {key: document[key] for key in keys if document.get(key) is not None}


def _set(step: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in step.items() if value is not None}


_EVERY = (
    *("name", "type", "$schema", "description", "component", "inputs", "outputs", "compute"),
    *("display_name", "tags", "properties", "comment", "experiment_name", "version"),
    "services",
)
_COMMAND = (
    *COMMAND,
    *("environment_variables", "environment", "command", "code", "is_deterministic"),
)
_PARALLEL = (
    *("task", "resources", "retry_settings", "input_data", "max_concurrency_per_instance"),
    *("mini_batch_error_threshold", "partition_keys", "mini_batch_size", "error_threshold"),
    *("logging_level", "environment_variables", "identity", "is_deterministic"),
)
_SPARK = (
    *words()["spark_configuration"],
    *("entry", "py_files", "jars", "files", "archives", "args", "conf", "identity", "resources"),
    *("environment", "code"),
)
_SWEEP = (
    *("limits", "sampling_algorithm", "objective", "early_termination", "search_space"),
    *("queue_settings", "resources"),
)
_REGISTRY = "azureml://registries/azureml/components"
_BUILT_IN = {
    "import_data": {
        "database": f"{_REGISTRY}/import_data_database/versions/0.0.1",
        "file_system": f"{_REGISTRY}/import_data_file_system/versions/0.0.1",
    },
    "export_data": {
        "database": f"{_REGISTRY}/export_data_database/versions/0.0.1",
    },
}
_KINDS: Mapping[str, Callable[[Pipeline, str, Mapping[str, Any]], dict[str, Any]]] = {
    "command": Pipeline._command,
    "parallel": Pipeline._parallel,
    "spark": Pipeline._spark,
    "pipeline": Pipeline._pipeline,
    "sweep": Pipeline._sweep,
    "automl": Pipeline._automl,
    "data_transfer": Pipeline._data_transfer,
}
