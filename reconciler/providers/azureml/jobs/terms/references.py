"""What a job file refers to by name -> ids, as Azure's client resolves them. Pure.

`azureml:NAME:VERSION` and ARM ids need no call; a label is looked up and pinned.
"""

from __future__ import annotations

import posixpath
from typing import Any

from reconciler.providers.azureml.ids import PREFIX, Workspace
from reconciler.providers.azureml.jobs.assets import Ids, Unsendable, about
from reconciler.providers.azureml.jobs.terms.bindings import is_expression

_FILE = "file:"
_MODELS = ("mlflow_model", "custom_model")


def is_reference(value: Any) -> bool:
    """Whether it names something in Azure, and no file."""
    return isinstance(value, str) and (value.startswith((PREFIX, "/subscriptions/")))


def is_address(value: str) -> bool:
    """Whether it is an address that Azure reads as it is."""
    return "://" in value or value.startswith(("git+", "git@"))


def file_path(value: str, folder: str) -> str:
    """The path of a file that a document in `folder` names, relative to the repository."""
    return posixpath.normpath(posixpath.join(folder, value.removeprefix(_FILE)))


def compute_id(value: Any, workspace: Workspace) -> str | None:
    """A compute, however it is written; a binding stays one."""
    if not isinstance(value, str) or not value:
        return None
    return value if is_expression(value) else resource_id(value, "computes", workspace)


def resource_id(value: str, kind: str, workspace: Workspace) -> str:
    """The id of something without versions: a compute, a datastore."""
    text = value.removeprefix(PREFIX)
    return text if text.startswith("/") or "://" in text else f"{workspace.id}/{kind}/{text}"


def version_id(value: str, kind: str, workspace: Workspace, ids: Ids) -> str:
    """The id of one version of an asset; Unsendable where none is named.

    `azureml://registries/...` stays text.
    """
    text = value.removeprefix(PREFIX)
    if text.startswith("/"):
        return text
    if text.startswith("//"):
        return value
    name, at, label = text.partition("@")
    if at and ":" not in name:
        with about(value):
            return f"{workspace.id}/{kind}/{name}/versions/{ids.version(kind, name, label)}"
    name, colon, version = text.partition(":")
    if at or not colon or not version or version == "latest":
        name = name.removesuffix(":")
        raise Unsendable(
            f'"{value}" does not say which version',
            f'write "{PREFIX}{name}@latest", or "{PREFIX}{name}:VERSION"',
            value=value,
        )
    return f"{workspace.id}/{kind}/{name}/versions/{version}"


def data_kind(kind: str) -> str:
    """Which assets hold what an input of type `kind` reads."""
    return "models" if kind in _MODELS else "data"


def data_uri(
    path: str, kind: str, folder: str, workspace: Workspace, ids: Ids, datastore: str | None
) -> str:
    """Where the data of an input of type `kind` is."""
    if "://" in path or path.startswith("/subscriptions/"):
        return path
    if path.startswith(PREFIX):
        if path.startswith(f"{PREFIX}/subscriptions/"):
            return path.removeprefix(PREFIX)
        return version_id(path, data_kind(kind), workspace, ids)
    with about(path):
        uri = ids.data(file_path(path, folder), datastore and datastore.removeprefix(PREFIX))
    return f"{uri}/" if kind == "uri_folder" and not uri.endswith("/") else uri
