"""The store of a target: one place, an fsspec URL, that every worker can read and write.

`code/` holds snapshots by what is in them, `runs/` the outputs and logs of each run.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from reconciler.errors import ConfigError, ProviderUnavailable, Rejected
from reconciler.model import JobDefinition, Key, Snapshot
from reconciler.providers.local_jobs import publication
from reconciler.snapshots import canonical_content
from reconciler.snapshots.content import open_regular

_RUN_BY_THE_SYSTEM = (b"#!", b"\x7fELF")
_LARGEST_PIECE = 1 << 20


class StoreError(Exception):
    """What is to be in the store cannot be had or put there: a sentence."""


class Files:
    """Files by their paths in the store. May be used from several threads."""

    def __init__(self, url: str, base: Path) -> None:
        """`url`: an fsspec URL, or a folder relative to `base`."""
        self.url = url if "://" in url else f"file://{(base / url).resolve()}"
        self._system: Any = None
        self._root = ""

    def _open(self) -> tuple[Any, str]:
        if self._system is None:
            try:
                from fsspec.core import url_to_fs
            except ImportError as error:
                message = "the store needs fsspec, which is not installed"
                hint = "pip install 'schedule-reconciler[temporal]'"
                raise ConfigError(message, hint=hint) from error
            system, self._root = url_to_fs(self.url)
            self._system = system
        return self._system, self._root

    def has(self, path: str) -> bool:
        """Whether there is something."""
        with self._errors(path) as (system, root):
            return bool(system.exists(f"{root}/{path}"))

    def read(self, path: str) -> bytes | None:
        """Its content; None: there is none."""
        with self._errors(path) as (system, root):
            try:
                return bytes(system.cat_file(f"{root}/{path}"))
            except FileNotFoundError:
                return None

    def write(self, path: str, data: bytes) -> None:
        """All of it or nothing."""
        with self._errors(path) as (system, root):
            place = f"{root}/{path}"
            if not self.is_local:
                system.pipe_file(place, data)
                return
            os.makedirs(posixpath.dirname(place), exist_ok=True)
            made = f"{place}.{uuid4().hex}.new"
            Path(made).write_bytes(data)
            os.replace(made, place)

    def put(self, source: Path, path: str) -> None:
        """A file or a folder, with all that is in it."""
        with self._errors(path) as (system, root):
            place = f"{root}/{path}"
            if self.is_local:
                os.makedirs(posixpath.dirname(place), exist_ok=True)
            if source.is_dir():
                system.makedirs(place, exist_ok=True)
                if any(source.iterdir()):
                    system.put(f"{source}/", f"{place}/", recursive=True)
            else:
                system.put_file(str(source), place)

    def get(self, path: str, place: Path) -> bool:
        """A file or a folder, to `place`; False: there is none."""
        with self._errors(path) as (system, root):
            source = f"{root}/{path}"
            if system.isdir(source):
                place.mkdir(parents=True, exist_ok=True)
                if system.ls(source):
                    system.get(f"{source}/", f"{place}/", recursive=True)
                return True
            if not system.exists(source):
                return False
            place.parent.mkdir(parents=True, exist_ok=True)
            system.get_file(source, str(place))
            return True

    def remove(self, path: str) -> None:
        """A file or a folder, with all that is in it; nothing if there is none."""
        with self._errors(path) as (system, root), suppress(FileNotFoundError):
            system.rm(f"{root}/{path}", recursive=True)

    def names(self, path: str) -> list[str]:
        """What is directly in a folder, sorted; none where it is not there."""
        with self._errors(path) as (system, root):
            try:
                found = system.ls(f"{root}/{path}", detail=False)
            except FileNotFoundError:
                return []
            return sorted(posixpath.basename(one.rstrip("/")) for one in found)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder that this machine sees."""
        return self.url.startswith(("file://", "local://"))

    @contextmanager
    def _errors(self, path: str) -> Iterator[tuple[Any, str]]:
        try:
            system, root = self._open()
            yield system, root.rstrip("/")
        except (StoreError, ConfigError):
            raise
        except Exception as error:
            # fsspec's file systems raise whatever their client libraries do.
            why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
            raise StoreError(f"the store: {path}: {why}") from error


class CodeStore:
    """The code of jobs, each content once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._there: set[str] = set()

    def publish(self, key: Key, definition: JobDefinition) -> None:
        """Put there what a job runs; Rejected where it is not what was planned any more."""
        try:
            for snapshot in publication(definition).code.values():
                if snapshot.digest not in self._there:
                    self._put(key, snapshot)
                    self._there.add(snapshot.digest)
        except StoreError as error:
            raise ProviderUnavailable(key, "publish", str(error)) from error

    def _put(self, key: Key, snapshot: Snapshot) -> None:
        manifest = f"code/snapshots/{snapshot.digest}.json"
        if self.files.has(manifest):
            return
        for file in snapshot.files:
            place = _place(file.digest)
            if self.files.has(place):
                continue
            path = os.path.join(snapshot.folder, *file.path.split("/"))
            try:
                with open_regular(path) as source:
                    data = b"".join(canonical_content(source))
            except OSError as error:
                why = (error.strerror or "it is not a regular file").lower()
                raise Rejected(key, "publish", f"{snapshot.path}: {file.path}: {why}") from error
            if hashlib.sha256(data).hexdigest() != file.digest:
                reason = f"the code {snapshot.path} was changed after the plan was made"
                raise Rejected(key, "publish", reason)
            self.files.write(place, data)
        said = {
            "path": snapshot.path,
            "files": [[file.path, file.size, file.digest] for file in snapshot.files],
        }
        # Last: where it is, all that it names is.
        self.files.write(manifest, json.dumps(said, separators=(",", ":")).encode())

    def copy(self, digest: str, folder: Path) -> None:
        """Put the code of a snapshot into `folder`. StoreError, OSError."""
        data = self.files.read(f"code/snapshots/{digest}.json")
        if data is None:
            raise StoreError(f"the store has no code {digest[:12]}: apply the schedule again")
        manifest = json.loads(data)
        for path, _, wanted in manifest["files"]:
            content = self.files.read(_place(wanted))
            if content is None or hashlib.sha256(content).hexdigest() != wanted:
                what = "is missing" if content is None else "is another"
                raise StoreError(f"the code {manifest['path']} is damaged: {path} {what}")
            parts = path.split("/")
            if ".." in parts or path.startswith("/"):
                raise StoreError(f"the code {manifest['path']} is damaged: {path} leads out of it")
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            if content.startswith(_RUN_BY_THE_SYSTEM):
                place.chmod(0o700)


def _place(digest: str) -> str:
    return f"code/{digest[:2]}/{digest}"
