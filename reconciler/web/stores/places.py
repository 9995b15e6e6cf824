"""A container and the name of a blob -> a file of this machine.

A container is a datastore, by its name; or ARTIFACTS, whose blobs are the logs and outputs of runs:
ExperimentRun/dcid.RUN/logs/STEP.log, .../outputs/STEP/NAME as they lie in the run's folder. Nothing
is read that lies outside by a link.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.web.upload_folders import UploadError
from reconciler.web.workspace_view import Workspace, find_step
from reconciler.workspace.datastores.addresses import is_address
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.records import RunRow

ARTIFACTS = "workspaceartifactstore"
"""As Azure calls the datastore of what runs leave behind."""
WRITABLE = "LocalUpload/"
"""Where Azure's client puts local files: nothing else of a datastore can be written."""
MOST = 5000
"""Blobs of one page of a list."""
_OF_RUNS = ("logs/", "outputs/", "pipeline_outputs/")
_OF_RUN = re.compile(r"ExperimentRun/dcid\.([^/]+)/")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that can be read."""

    name: str
    path: Path
    size: int
    modified: float
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class _Root:
    """Where the blobs of a container lie whose names begin with `head`."""

    folder: Path
    head: str
    shown: tuple[str, ...]
    """What the path of a blob below the folder begins with."""


def root_of(workspace: Workspace, container: str, name: str) -> _Root:
    """The folder that a blob must lie in; UploadError."""
    if container != ARTIFACTS:
        store = local(workspace.site.datastores.get(container), container)
        return _Root(Path(store.root), "", ("",))
    found = _OF_RUN.match(name)
    identifier = found[1] if found is not None else ""
    if workspace.runs.get(identifier) is not None:
        return _Root(workspace.folder_of(identifier), artifacts_of(identifier), _OF_RUNS)
    step = find_step(workspace, identifier)
    if step is None:
        raise UploadError(404, "BlobNotFound", f"There is no run {identifier[:80]}.")
    run, one = step
    shown = f"logs/{one.name}.log", f"outputs/{one.name}/"
    return _Root(workspace.folder_of(run.name), artifacts_of(identifier), shown)


def artifacts_of(identifier: str) -> str:
    """What the names of the files of a run or step begin with, as in Azure."""
    return f"ExperimentRun/dcid.{identifier}/"


def named_outputs(workspace: Workspace, run: RunRow) -> dict[str, str]:
    """Of the outputs that the job of a run declares: where each is, as an address of data."""
    version = workspace.store.version(run.pipeline, run.version)
    declared = version.document.get("outputs") if version is not None else None
    folder, found = workspace.folder_of(run.name), {}
    for name, value in declared.items() if isinstance(declared, dict) else ():
        path = value.get("path") if isinstance(value, dict) else value
        places = [f"pipeline_outputs/{name}", f"outputs/command/{name}"]
        if isinstance(path, str) and is_address(path) and "${{" not in path:
            found[name] = path
        elif there := [one for one in places if (folder / one).exists()]:
            base = f"azureml://datastores/{ARTIFACTS}/paths/{artifacts_of(run.name)}"
            found[name] = f"{base}{there[0]}"
    return found


def local(store: Datastore | None, name: str) -> Datastore:
    """A datastore that is a folder of this machine; UploadError."""
    if store is None:
        raise UploadError(404, "ContainerNotFound", f"There is no datastore {name[:80]}.")
    if not store.is_local:
        words = f"The datastore {name} is not a folder of this machine: read it where it is."
        raise UploadError(400, "UnsupportedContainer", words)
    return store


def find(workspace: Workspace, container: str, name: str) -> Blob:
    """The blob of a name; UploadError."""
    root = root_of(workspace, container, name)
    path = name.removeprefix(root.head)
    found = _blob(root.folder, path, name) if path.startswith(root.shown) else None
    if found is None:
        raise UploadError(404, "BlobNotFound", "There is no such file.")
    return found


def listed(workspace: Workspace, container: str, prefix: str, after: str) -> list[Blob]:
    """The blobs whose names begin so, in order, those after `after`: MOST and one of them at most.
    UploadError.
    """
    root = root_of(workspace, container, prefix)
    folder = prefix.removeprefix(root.head).rpartition("/")[0]
    names = (
        f"{root.head}{path}" for path in _files(root.folder, folder) if path.startswith(root.shown)
    )
    found = sorted(name for name in names if name.startswith(prefix) and name > after)
    blobs = [_blob(root.folder, n.removeprefix(root.head), n) for n in found[: MOST + 1]]
    return [blob for blob in blobs if blob is not None]


def _files(root: Path, folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(root / folder):
        folders.sort()
        below = os.path.relpath(place, root)
        for file in files:
            yield file if below == "." else f"{below}/{file}".replace(os.sep, "/")


def _blob(root: Path, path: str, name: str) -> Blob | None:
    place = root / path
    real, inside = os.path.realpath(place), os.path.realpath(root)
    if real != os.path.join(inside, path) or not os.path.isfile(real):
        return None
    status = os.stat(real)
    return Blob(name, Path(real), status.st_size, status.st_mtime)
