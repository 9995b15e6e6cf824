"""PipelineSubmissionInfo <-> what a run is given. Pure.

A DataPath is a file or folder of a datastore. It is stored as the path that steps are given; one
that lies in a datastore of the workspace is shown as what it was sent as.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.document import normal_path, scalar_text
from reconciler.web.v1.errors import bad
from reconciler.workspace.datastores.datastore import Datastore

_ASSIGNMENTS = ("ParameterAssignments", "DataPathAssignments")


@dataclass(frozen=True, slots=True)
class Submission:
    """What is asked of a run. None: nothing is said."""

    experiment: str | None
    description: str | None
    inputs: dict[str, Any] | None
    go_on: bool | None
    tags: dict[str, str] | None
    properties: dict[str, str | None] | None


def read_submission(info: Any, datastores: Mapping[str, Datastore]) -> Submission:
    """What a body says; V1Error."""
    if not isinstance(info, Mapping):
        raise bad("Value cannot be null. (Parameter 'PipelineSubmissionInfo')")
    if info.get("DataSetDefinitionValueAssignments"):
        raise bad("An embedded workspace has no datasets: DataSetDefinitionValueAssignments")
    go_on = info.get("ContinueRunOnStepFailure")
    if not isinstance(go_on, bool | None):
        raise bad("The member ContinueRunOnStepFailure is neither true nor false")
    inputs: dict[str, Any] | None = None
    if any(info.get(name) is not None for name in _ASSIGNMENTS):
        inputs = {k: scalar_text(v) for k, v in _scalars(info, "ParameterAssignments").items()}
        inputs |= {
            name: {"type": "uri_file", "path": _path(name, value, datastores)}
            for name, value in _map(info, "DataPathAssignments").items()
        }
    return Submission(
        experiment=_text(info, "ExperimentName"),
        description=_text(info, "Description"),
        inputs=inputs,
        go_on=go_on,
        tags=_texts(info, "tags"),
        properties=None if (texts := _texts(info, "Properties")) is None else {**texts},
    )


def assignments(inputs: Mapping[str, Any], datastores: Mapping[str, Datastore]) -> dict[str, Any]:
    """The members of a submission that say what it is given."""
    parameters: dict[str, str] = {}
    paths: dict[str, Any] = {}
    for name, value in sorted(inputs.items()):
        path = value.get("path") if isinstance(value, Mapping) else None
        if path is not None:
            paths[name] = _datapath(str(path), datastores)
        elif value is not None:
            given = value.get("value", "") if isinstance(value, Mapping) else value
            parameters[name] = scalar_text(given)
    return {
        "ParameterAssignments": parameters,
        "DataPathAssignments": paths,
        "DataSetDefinitionValueAssignments": {},
    }


def is_in_datastore(value: Any, datastores: Mapping[str, Datastore]) -> bool:
    """Whether a value is the path of something in a datastore."""
    roots = tuple(f"{_root(store)}/" for store in datastores.values())
    return isinstance(value, str) and value.startswith(roots)


def _path(name: str, value: Any, datastores: Mapping[str, Datastore]) -> str:
    store = value.get("DataStoreName") if isinstance(value, Mapping) else None
    relative = (value.get("RelativePath") or "") if isinstance(value, Mapping) else None
    if not isinstance(store, str) or not isinstance(relative, str):
        raise bad(f"The DataPath {name} has no DataStoreName, or no RelativePath")
    if store not in datastores:
        raise bad(f'The target has no datastore "{store}"')
    if ".." in relative.split("/") or "\0" in relative:
        raise bad(f"The RelativePath {relative!r} is not a path in a datastore")
    return "/".join(part for part in (_root(datastores[store]), normal_path(relative)) if part)


def _datapath(path: str, datastores: Mapping[str, Datastore]) -> dict[str, Any]:
    for name, store in datastores.items():
        root = _root(store)
        if path == root or path.startswith(f"{root}/"):
            return {"DataStoreName": name, "RelativePath": path[len(root) :].strip("/")}
    return {"DataStoreName": None, "RelativePath": path}


def _root(store: Datastore) -> str:
    """What the paths of its files begin with."""
    url = store.url.rstrip("/")
    return url.partition("://")[2] if store.is_local else url


def _map(info: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    found = info.get(part)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise bad(f"The member {part} is not an object")
    return found


def _scalars(info: Mapping[str, Any], part: str) -> dict[str, Any]:
    found = {name: value for name, value in _map(info, part).items() if value is not None}
    for name, value in found.items():
        if isinstance(value, Mapping | list):
            raise bad(f"The value of {name} in {part} is not a text")
    return found


def _text(info: Mapping[str, Any], part: str) -> str | None:
    found = info.get(part)
    if not isinstance(found, str | None):
        raise bad(f"The member {part} is not a text")
    return found or None


def _texts(info: Mapping[str, Any], part: str) -> dict[str, str] | None:
    if info.get(part) is None:
        return None
    return {name: scalar_text(value) for name, value in sorted(_scalars(info, part).items())}
