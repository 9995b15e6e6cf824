"""PipelineSubmissionInfo <-> what a run is given. Pure.

A DataPath is a file or folder of a datastore. It is stored by its address, as a declaration would
have it; a path that lies in a datastore of the workspace is shown as one too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.document import normal_path, scalar_text
from reconciler.web.v1.errors import bad
from reconciler.workspace.datastores.datastore import Datastore

_URI = re.compile(r"azureml://datastores/([^/]+)/paths/(.*)", re.DOTALL)
_EXPRESSION = re.compile(r"@\{?(trigger|utcNow|formatDateTime|runId|createdBy|pipeline)\(")
"""Of Microsoft's notebook "Schedule with pipeline parameter expressions"."""
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


def read_submission(
    info: Any, datastores: Mapping[str, Datastore], held: Mapping[str, Any] | None = None
) -> Submission:
    """What a body says; V1Error. `held`: the inputs that are there. One that is given back as it
    was shown stays what it is: 0.75, and not "0.75"; a path that v1 has no words for.
    """
    if not isinstance(info, Mapping):
        raise bad("Value cannot be null. (Parameter 'PipelineSubmissionInfo')")
    if info.get("DataSetDefinitionValueAssignments"):
        raise bad("An embedded workspace has no datasets: DataSetDefinitionValueAssignments")
    go_on = info.get("ContinueRunOnStepFailure")
    if not isinstance(go_on, bool | None):
        raise bad("The member ContinueRunOnStepFailure is neither true nor false")
    inputs: dict[str, Any] | None = None
    if any(info.get(name) is not None for name in _ASSIGNMENTS):
        shown = assignments(held or {}, datastores)
        inputs = {}
        for name, value in _scalars(info, "ParameterAssignments").items():
            text = scalar_text(value)
            is_held = shown["ParameterAssignments"].get(name) == text
            inputs[name] = (held or {})[name] if is_held else _checked(name, text)
        for name, value in _map(info, "DataPathAssignments").items():
            is_held = _is_same(shown["DataPathAssignments"].get(name), value)
            inputs[name] = (
                (held or {})[name]
                if is_held
                else {"type": "uri_file", "path": _path(name, value, datastores)}
            )
    return Submission(
        experiment=_text(info, "ExperimentName"),
        description=_text(info, "Description", empty=""),
        inputs=inputs,
        go_on=go_on,
        tags=_texts(info, "tags"),
        properties=_properties(info),
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
    return f"azureml://datastores/{store}/paths/{normal_path(relative)}"


def _is_same(shown: Mapping[str, Any] | None, given: Any) -> bool:
    """Whether a DataPath is given back as it was shown."""
    if shown is None or not isinstance(given, Mapping):
        return False
    return all((shown[part] or None) == (given.get(part) or None) for part in shown)


def _checked(name: str, text: str) -> str:
    """A parameter's value; V1Error for an expression, which nothing here would fill in."""
    found = _EXPRESSION.match(text)
    if found is not None:
        raise bad(
            f"The value of {name} is the expression {text[:200]}: an embedded workspace does not"
            f" fill in @{found[1]}(); it fills in ${{{{name}}}}, the name of the run, and"
            " ${{creation_context.trigger_time}}, when it was due"
        )
    return text


def _properties(info: Mapping[str, Any]) -> dict[str, str | None] | None:
    """The SDK sends no properties where it means that they stay; ours are only shown."""
    given = _texts(info, "Properties") or {}
    return {k: v for k, v in given.items() if not k.startswith("reconciler.")} if given else None


def _datapath(path: str, datastores: Mapping[str, Datastore]) -> dict[str, Any]:
    uri = _URI.fullmatch(path)
    if uri is not None:
        return {"DataStoreName": uri[1], "RelativePath": uri[2].strip("/")}
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


def _text(info: Mapping[str, Any], part: str, empty: str | None = None) -> str | None:
    found = info.get(part)
    if not isinstance(found, str | None):
        raise bad(f"The member {part} is not a text")
    return found or (None if found is None else empty)


def _texts(info: Mapping[str, Any], part: str) -> dict[str, str] | None:
    if info.get(part) is None:
        return None
    return {name: scalar_text(value) for name, value in sorted(_scalars(info, part).items())}
