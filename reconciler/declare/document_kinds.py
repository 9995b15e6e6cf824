"""What a YAML document of a schedules repository is."""

from __future__ import annotations

from enum import Enum
from typing import Any

from reconciler.declare.findings import Finding, kind_of


class Kind(Enum):
    """What is done with a document."""

    SCHEDULE = "schedule"
    JOB = "job file"
    COMPONENT = "component file"
    FOREIGN = "other"
    """Another Azure resource, or nothing that is known: a Problem."""


# A key or a type that only this kind of resource has -> its name, and what to do about it.
_FOREIGN_KEYS = {
    "create_monitor": ("a model monitor schedule", "az ml schedule create manages it"),
    "import_data": ("a data import schedule", "az ml schedule create manages it"),
    "Schedule": (
        "a schedule file of the retired Azure ML CLI v1",
        "write it as trigger and create_job; the keys of recurrence keep their names",
    ),
}
_FOREIGN_TYPES = {
    "computeinstance": "a compute instance",
    "amlcompute": "a compute cluster",
    "kubernetes": "a compute target",
    "virtualmachine": "a compute target",
    "synapsespark": "a compute target",
    "azure_blob": "a datastore",
    "azure_file": "a datastore",
    "azure_data_lake_gen2": "a datastore",
    "azure_data_lake_gen1": "a datastore",
    "uri_file": "a data asset",
    "uri_folder": "a data asset",
    "mltable": "a data asset",
    "custom_model": "a model",
    "mlflow_model": "a model",
    "triton_model": "a model",
    "spark": "a Spark job",
    "sweep": "a sweep job",
    "automl": "an AutoML job",
}
# The file name in `$schema`, lower case and without `.schema.json` -> kind, for files whose keys
# alone do not tell.
_FOREIGN_SCHEMAS = {
    "environment": "an environment",
    "managedonlineendpoint": "an online endpoint",
    "managedonlinedeployment": "an online deployment",
    "kubernetesonlineendpoint": "an online endpoint",
    "kubernetesonlinedeployment": "an online deployment",
    "batchendpoint": "a batch endpoint",
    "batchdeployment": "a batch deployment",
    "modelbatchdeployment": "a batch deployment",
    "pipelinecomponentbatchdeployment": "a batch deployment",
    "workspace": "a workspace",
    "registry": "a registry",
    "data": "a data asset",
    "model": "a model",
    "workspaceconnection": "a workspace connection",
}
# What only a component has, and what only a schedule.
_OF_COMPONENTS = frozenset({"version", "is_deterministic", "additional_includes"})
_COMPONENTS_ALONE = frozenset({"parallel", "data_transfer"})
"""Types of which there is no job that stands alone."""
_ALSO_COMPONENTS = frozenset({"spark", "sweep", "automl", "import"})
_OF_SPARK = frozenset({"compute", "resources", "identity", "experiment_name"})
"""What a Spark job needs to run, and a component has not."""
_OF_SCHEDULES = frozenset({"trigger", "create_job", "is_enabled"})


def classify(document: Any) -> tuple[Kind, Finding | None]:
    """The kind of a document, with a Finding if it is none that belongs here."""
    if not isinstance(document, dict):
        what = "the document is empty" if document is None else f"this is {kind_of(document)}"
        return Kind.FOREIGN, Finding(
            "SCH008",
            (),
            f"{what}, not a schedule",
            "a schedule is a mapping with name, trigger and create_job",
        )
    if "trigger" in document and "create_job" in document:
        return Kind.SCHEDULE, None
    for key, (what, hint) in _FOREIGN_KEYS.items():
        if key in document and "create_job" not in document:
            return Kind.FOREIGN, _foreign(what, hint, (key,), "key")
    named = _schema_name(document)
    if named in _FOREIGN_SCHEMAS and "trigger" not in document:
        return Kind.FOREIGN, _foreign(_FOREIGN_SCHEMAS[named], None, ("$schema",), "value")
    kind = document.get("type")
    if isinstance(kind, str):
        lower = kind.lower()
        component = bool(_OF_COMPONENTS & document.keys()) or "component" in named
        if lower in ("pipeline", "command"):
            return (Kind.COMPONENT if component else Kind.JOB), None
        if lower in _COMPONENTS_ALONE or (lower == "spark" and not _OF_SPARK & document.keys()):
            return Kind.COMPONENT, None
        if component and lower in _ALSO_COMPONENTS and "trigger" not in document:
            return Kind.COMPONENT, None
        if lower in _FOREIGN_TYPES and "trigger" not in document:
            return Kind.FOREIGN, _foreign(_FOREIGN_TYPES[lower], None, ("type",), "value")
    # az ml takes a component without a type for a command.
    if "component" in named or ("command" in document and not _OF_SCHEDULES & document.keys()):
        return Kind.COMPONENT, None
    return Kind.SCHEDULE, None


def _schema_name(document: dict[str, Any]) -> str:
    address = document.get("$schema")
    if not isinstance(address, str):
        return ""
    return address.rpartition("/")[2].strip().lower().removesuffix(".json").removesuffix(".schema")


def _foreign(what: str, hint: str | None, path: tuple[str, ...], on: Any) -> Finding:
    return Finding(
        "SCH009",
        path,
        f"this is {what}, which is not managed here",
        (f"{hint}; " if hint else "")
        + "move the file, or name it under exclude in reconciler.yaml",
        on,
    )
