"""The files of the repository that a job refers to: read where they lie, and nowhere else."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.declare.reading.files import File, FileError, check_inside, read_file
from reconciler.declare.reading.yaml_loader import parse
from reconciler.model import Snapshot
from reconciler.providers.azureml.deploy.questions.client_reading import as_client_reads
from reconciler.providers.azureml.deploy.questions.refusals import changed_since, no_files
from reconciler.providers.azureml.jobs.assets import CodePath, Unsendable
from reconciler.snapshots import (
    ChangedSince,
    CodeLimits,
    IncludeError,
    SnapshotError,
    Snapshots,
    client_hash,
)

_SALT = b"Initialize for october 2021 AML CLI version"


class NotOne(Unsendable):
    """A file that holds another number of documents than one, or no mapping."""


@dataclass(frozen=True, slots=True)
class Read:
    """The mapping of a file: as it is read everywhere, and as Azure's client reads it."""

    declared: Mapping[str, Any]
    sent: Mapping[str, Any]


class RepositoryFiles:
    """The files and folders below one root; each is read once. Not for several threads."""

    def __init__(self, root: str) -> None:
        """`root`: the repository, on this machine; empty: there is none, and so no file."""
        self._root = Path(root or os.devnull).resolve()
        # The limits of the configuration were held where the code was declared.
        self._snapshots = Snapshots(self._root, CodeLimits(files=sys.maxsize, size=sys.maxsize))
        self._documents: dict[str, Read] = {}
        self._hashes: dict[tuple[str, str], str] = {}

    def document(self, path: str) -> Read:
        """The mapping that a YAML file holds; Unsendable."""
        found = self._documents.get(path)
        if found is None:
            found = self._documents[path] = self._read(path)
        return found

    def snapshot(self, code: CodePath, declared: Snapshot | None = None) -> tuple[Snapshot, str]:
        """The code in a folder, or a file, and the hash that Azure's client has for it.

        `declared`: what was read of it already; one that says something else now is Unsendable.
        """
        snapshot = declared or self._take_code(code)
        if not snapshot.files:
            raise no_files(code.key)
        return snapshot, self._hash(code.key, snapshot.digest, partial(client_hash, snapshot))

    def data(self, path: str) -> tuple[Snapshot, bool, str]:
        """The data in a folder, or a file; whether it is a folder; and the hash that Azure's client
        has for data.
        """
        try:
            snapshot = self._snapshots.take(str(self._root / path))
        except SnapshotError as error:
            raise Unsendable(str(error), error.hint) from error
        if not snapshot.files:
            raise no_files(path)
        is_folder = (self._root / path).is_dir()
        return snapshot, is_folder, self._hash(path, "data", lambda: data_hash(snapshot, is_folder))

    def _take_code(self, code: CodePath) -> Snapshot:
        path = None if code.path is None else str(self._root / code.path)
        try:
            if not code.includes:
                return self._snapshots.take(str(path))
            return self._snapshots.take_with(path, code.includes, str(self._root / code.folder))
        except SnapshotError as error:
            raise Unsendable(str(error), error.hint) from error
        except IncludeError as error:
            what = f'"{code.includes[error.number]}" cannot be added to the code: {error}'
            raise Unsendable(what, "a path is relative to its file") from error

    def _hash(self, path: str, of: str, make: Callable[[], str]) -> str:
        try:
            found = self._hashes.get((path, of))
            if found is None:
                found = self._hashes[path, of] = make()
        except ChangedSince as error:
            raise changed_since(path) from error
        except OSError as error:
            raise Unsendable(f'"{path}" cannot be read: {error.strerror}') from error
        return found

    def _read(self, path: str) -> Read:
        place = str(self._root / path)
        file = File(place, path, os.path.realpath(place))
        try:
            check_inside(file.path, file.real, self._root)
            content = read_file(file, self._root)
        except FileError as error:
            raise Unsendable(f'"{path}": {error}') from error
        documents, faults = parse(content)
        if faults:
            raise Unsendable(f'"{path}", line {faults[0].line}: {faults[0].message}')
        if len(documents) != 1 or not isinstance(documents[0].data, dict):
            raise NotOne(f'"{path}" does not hold one mapping')
        return Read(documents[0].data, as_client_reads(content, documents[0].data))


def data_hash(snapshot: Snapshot, is_folder: bool) -> str:
    """The hash under which Azure's client uploads data: azure-ai-ml 1.35, `get_object_hash`.

    Of names and contents, folder by folder; an empty folder, which Git does not keep, is none.
    """
    found = hashlib.sha256(_SALT)
    tree: dict[str, Any] = {}
    for file in snapshot.files:
        *folders, name = file.path.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = os.path.join(snapshot.folder, *file.path.split("/"))
    _hash_tree(found, tree, is_folder)
    return found.hexdigest()


def _hash_tree(found: Any, tree: Mapping[str, Any], named: bool) -> None:
    for name in sorted(tree, key=str.lower):
        if named:
            found.update(name.encode())
        inner = tree[name]
        if isinstance(inner, dict):
            _hash_tree(found, inner, named)
        else:
            with open(inner, "rb") as file:
                while piece := file.read(1 << 20):
                    found.update(piece)
