"""Pipeline files made of others: some of their steps, inputs and outputs in other words."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
Mutation = Callable[[random.Random, Document, Document], None]
"""Changes the document, and one of its steps."""

WORKSPACE = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/test-rg/providers"
    "/Microsoft.MachineLearningServices/workspaces/test-ws"
)
_CONDA = {"name": "made", "dependencies": ["python=3.11", {"pip": ["numpy==1.26.0", "a"]}]}
_ENVIRONMENTS: tuple[Any, ...] = (
    "azureml:AzureML-sklearn-1.0@latest",
    "azureml:AzureML-sklearn-1.0:12",
    "azureml:mine@latest",
    "azureml:mine:3",
    "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
    "azureml://registries/azureml/environments/sklearn-1.5/versions/9",
    f"azureml:{WORKSPACE}/environments/mine/versions/3",
    {"image": "python:3.11"},
    {"image": "python:3.11", "conda_file": _CONDA},
    {"image": "python:3.11", "os_type": "linux", "tags": {"a": "b"}},
    {"image": "x.azurecr.io/y@sha256:00", "conda_file": {"dependencies": ["é"]}},
    {"name": "named", "version": 3, "image": "python:3.11"},
    {
        "image": "python:3.11",
        "inference_config": {
            f"{name}_route": {"port": 80, "path": f"/{name}"}
            for name in ("liveness", "readiness", "scoring")
        },
    },
)
_COMPUTES = (
    *("azureml:cpu", "cpu", "serverless", "azureml:serverless", "${{parent.inputs.cluster}}"),
    f"azureml:{WORKSPACE}/computes/gpu",
)
_COMPONENTS = (
    *("azureml:train:1", "azureml:train@latest", f"azureml:{WORKSPACE}/components/t/versions/2"),
    "azureml://registries/shared/components/train/versions/0.0.1",
    "azureml://registries/shared/components/train/labels/latest",
    "azureml://registries/shared/components/train",
)
_INPUTS: tuple[Any, ...] = (
    *(3, 0.5, True, "text", "3", "1e-3", "", "${{parent.inputs.extra}}"),
    {"type": "uri_folder", "path": "azureml://datastores/lake/paths/a/b"},
    {"type": "uri_file", "path": "azureml:claims:3", "mode": "download"},
    {"type": "uri_folder", "path": "azureml:claims@latest", "mode": "ro_mount"},
    {"type": "mltable", "path": "https://x.blob.core.windows.net/c/t", "mode": "eval_mount"},
    {"type": "mlflow_model", "path": "azureml:model:1"},
    {"type": "custom_model", "path": "azureml://registries/r/models/m/versions/3"},
    {"type": "uri_folder", "path": "${{parent.inputs.extra}}", "mode": "direct"},
    {"path": "wasbs://c@a.blob.core.windows.net/p"},
    {"type": "mltable", "path": "azureml://registries/r/data/d/versions/1", "mode": "direct"},
    {"type": "triton_model", "path": "azureml:model:2"},
)
_OUTPUTS: tuple[Any, ...] = (
    {"type": "uri_folder"},
    {"type": "uri_folder", "mode": "upload"},
    {"type": "uri_file", "path": "azureml://datastores/lake/paths/${{name}}/o", "mode": "mount"},
    {"mode": "rw_mount"},
    {"type": "mltable", "name": "made", "version": "4"},
    {"type": "mlflow_model", "name": "made"},
    {"type": "custom_model", "description": "of a step"},
    None,
)
_KEYS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("limits", ({"timeout": 900}, {"timeout": 90061}, {"timeout": 60})),
    ("identity", ({"type": "user_identity"}, {"type": "managed"}, {"type": "aml_token"})),
    (
        "distribution",
        (
            {"type": "pytorch", "process_count_per_instance": 2},
            {"type": "mpi", "process_count_per_instance": 1},
            {"type": "tensorflow", "worker_count": 2},
            {"type": "ray", "port": 80, "include_dashboard": False, "address": "x"},
        ),
    ),
    (
        "resources",
        (
            {"instance_count": 2},
            {"instance_count": 1, "instance_type": "STANDARD_D2", "shm_size": "2g"},
            {"instance_type": "a", "docker_args": "--x", "properties": {"a": {"b": 1}}},
        ),
    ),
    ("queue_settings", ({"job_tier": "spot"}, {"job_tier": "Standard", "priority": "high"})),
    (
        "services",
        (
            {"j": {"type": "jupyter_lab"}},
            {"s": {"type": "ssh", "ssh_public_keys": "key"}, "t": {"type": "tensor_board"}},
            {"v": {"type": "vs_code", "nodes": "all"}},
        ),
    ),
    ("environment_variables", ({"A": "1"}, {"A": 1, "B": True, "C": 0.5}, {"A": None})),
    ("display_name", ("A step", "éà")),
    ("description", ("What it does",)),
    ("tags", ({"a": "b"}, {"n": 1})),
    ("properties", ({"p": "q"},)),
    ("comment", ("look",)),
    ("is_deterministic", (False,)),
)
_OF_JOB: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("experiment_name", ("Default", "credit")),
    ("display_name", ("The job",)),
    ("description", ("It runs",)),
    ("tags", ({"t": "u"}, {"n": 3})),
    ("compute", ("azureml:cpu", "cpu")),
    ("identity", ({"type": "user_identity"}, {"type": "managed", "client_id": "0"})),
    (
        "settings",
        (
            {"default_compute": "azureml:cpu"},
            {"default_compute": "azureml:serverless", "default_datastore": "azureml:lake"},
            {"default_compute": "cpu", "continue_on_step_failure": False, "force_rerun": True},
        ),
    ),
)


def _environment(chance: random.Random, job: Document, step: Document) -> None:
    if "command" in step:
        step["environment"] = copy.deepcopy(chance.choice(_ENVIRONMENTS))


def _compute(chance: random.Random, job: Document, step: Document) -> None:
    step["compute"] = chance.choice(_COMPUTES)
    if "${{" in step["compute"]:
        job.setdefault("inputs", {})["cluster"] = "cpu-small"


def _component(chance: random.Random, job: Document, step: Document) -> None:
    if "component" in step:
        step["component"] = chance.choice(_COMPONENTS)


def _input(chance: random.Random, job: Document, step: Document) -> None:
    value = copy.deepcopy(chance.choice(_INPUTS))
    named = step.get("inputs") or {}
    name = chance.choice([*named, "more"] if "command" in step or not named else [*named])
    step["inputs"] = {**named, name: value}
    if "parent.inputs.extra" in str(value):
        kinds = ({"type": "uri_folder", "path": "azureml:claims:1"}, 7, "x", 0.25)
        job.setdefault("inputs", {})["extra"] = copy.deepcopy(chance.choice(kinds))


def _output(chance: random.Random, job: Document, step: Document) -> None:
    named = step.get("outputs") or {}
    step["outputs"] = {**named, chance.choice([*named, "made"]): chance.choice(_OUTPUTS)}


def _bound_output(chance: random.Random, job: Document, step: Document) -> None:
    kind = chance.choice(_OUTPUTS[:6])
    job.setdefault("outputs", {})["whole"] = copy.deepcopy(kind)
    binding = "${{parent.outputs.whole}}"
    given = chance.choice((binding, {"path": binding}, {"path": binding, "mode": "upload"}))
    step["outputs"] = {**(step.get("outputs") or {}), "made": given}


def _key(chance: random.Random, job: Document, step: Document) -> None:
    name, values = chance.choice(_KEYS)
    step[name] = copy.deepcopy(chance.choice(values))


def _job_key(chance: random.Random, job: Document, step: Document) -> None:
    name, values = chance.choice(_OF_JOB)
    job[name] = copy.deepcopy(chance.choice(values))


def _untyped(chance: random.Random, job: Document, step: Document) -> None:
    """The step by what it has, or in capitals."""
    kind = step.pop("type", None)
    if kind is not None and chance.random() < 0.5:
        step["type"] = str(kind).capitalize()


def _twin(chance: random.Random, job: Document, step: Document) -> None:
    """The step a second time, under a name with capitals."""
    job["jobs"]["Twin_2"] = copy.deepcopy(step)


_MUTATIONS: tuple[Mutation, ...] = (
    *(_environment, _compute, _component, _input, _input, _output, _bound_output),
    *(_key, _key, _key, _job_key, _twin, _untyped),
)


def mutated(file: Path, number: int) -> Path | None:
    """A file beside `file`, made of it by the chances of `number`; None: it has no steps."""
    chance = random.Random(f"{file.name} {number}")
    job = yaml.safe_load(file.read_text("utf-8"))
    steps = job.get("jobs") if isinstance(job, Mapping) else None
    if not isinstance(steps, dict) or not steps:
        return None
    for _ in range(chance.randint(1, 4)):
        step = steps[chance.choice(sorted(steps))]
        if isinstance(step, dict):
            chance.choice(_MUTATIONS)(chance, job, step)
    made = file.with_name(f"{file.stem}-mutated-{number}.yml")
    made.write_text(yaml.safe_dump(job, sort_keys=False, allow_unicode=True), "utf-8")
    return made
