"""A datastore, an fsspec URL -> the files directly in one of its folders.

Local folders are read without fsspec. Credentials come from the environment, where the client
libraries find them by themselves; no error shows them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.masking import MASK, is_secret, mask_text
from reconciler.workspace.datastores.changes import Listed

LARGEST_DIGEST = 256 * 1024 * 1024
"""Bytes up to which a local file is read to see whether its content changed."""
LARGEST_REMOTE_DIGEST = 16 * 1024 * 1024
"""The same for a file that has to be fetched."""


class WatchError(Exception):
    """The folder cannot be listed; the message says why, without credentials."""


class Datastore:
    """A named place where files land. Its methods may be called from several threads."""

    def __init__(
        self,
        url: str,
        base: Path,
        *,
        hidden: Iterable[str] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """`url`: an fsspec URL, or a folder relative to `base`. `hidden`: kept out of errors.
        `options`: for its file system.
        """
        self._options = dict(options or {})
        self.url = url if "://" in url else f"file://{(base / url).resolve()}"
        self.is_local = self.url.startswith(("file://", "local://"))
        self._hidden = tuple(sorted(filter(None, hidden), key=len, reverse=True))

    def list(self, path: str) -> list[Listed]:
        """The files directly in `path`, by name; WatchError. A folder that is not there yet is
        empty, in a datastore that is.
        """
        try:
            found = self._scan(path) if self.is_local else self._remote(path)
            return sorted(found, key=lambda file: file.path)
        except WatchError:
            raise
        except Exception as error:
            # fsspec's file systems raise whatever their client libraries do.
            raise WatchError(self._reason(error)) from error

    def digest(self, file: Listed) -> str:
        """The digest of a file's content; empty where it is not known or too large to read."""
        if file.digest:
            return file.digest
        try:
            return _local_digest(file.path) if self.is_local else self._remote_digest(file.path)
        except Exception:
            return ""  # it is gone again, or cannot be read: then its content is not known

    @property
    def root(self) -> str:
        """Of a local one, its folder."""
        return self.url.partition("://")[2]

    def fetch(self, path: str, place: str, *, is_folder: bool) -> None:
        """Bring a file or a folder to `place`, which is not there yet. WatchError, OSError."""
        if self.is_local:
            source = os.path.join(self.root, path)
            if is_folder:
                shutil.copytree(source, place)
            else:
                shutil.copyfile(source, place)
            return
        try:
            system, root = self._open()
            source = f"{root.rstrip('/')}/{path}" if path else root
            if is_folder and not system.isdir(source):
                raise FileNotFoundError(f"there is no folder {path}")
            system.get(
                f"{source.rstrip('/')}/" if is_folder else source, place, recursive=is_folder
            )
        except WatchError:
            raise
        except Exception as error:
            raise WatchError(self._reason(error)) from error

    def send(self, source: str, path: str) -> None:
        """Put a file or a folder to `path`, over what is there. WatchError."""
        is_folder = os.path.isdir(source)
        try:
            if self.is_local:
                place = os.path.join(self.root, path)
                os.makedirs(place if is_folder else os.path.dirname(place), exist_ok=True)
                if is_folder:
                    shutil.copytree(source, place, dirs_exist_ok=True)
                else:
                    shutil.copyfile(source, place)
                return
            system, root = self._open()
            place = f"{root.rstrip('/')}/{path}".rstrip("/")
            if is_folder:
                system.put(f"{source.rstrip('/')}/", f"{place}/", recursive=True)
            else:
                system.put_file(source, place)
        except WatchError:
            raise
        except Exception as error:
            raise WatchError(self._reason(error)) from error

    # ------------------------------------------------------------------------------------- local

    def _scan(self, path: str) -> Iterator[Listed]:
        """The local folder; a scan of 100,000 files takes well under a second."""
        root = self.root
        folder = os.path.join(root, path)
        if not os.path.isdir(root):
            raise WatchError(f"there is no folder {root}")
        if not os.path.exists(folder):
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if not entry.is_file():
                        continue
                    status = entry.stat()
                except FileNotFoundError:
                    continue  # removed since it was listed
                stamp = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"
                # Not when it was modified, which moving and copying may keep, but when it came.
                yield Listed(entry.path, stamp, datetime.fromtimestamp(status.st_ctime, UTC))

    # ------------------------------------------------------------------------------------ remote

    def _remote(self, path: str) -> Iterator[Listed]:
        system, root = self._open()
        folder = f"{root.rstrip('/')}/{path}" if path else root
        try:
            entries = system.ls(folder, detail=True, refresh=True)
        except FileNotFoundError:
            if path and system.exists(root):
                return
            raise
        for entry in entries:
            if entry.get("type") == "file" and entry["name"].strip("/") != folder.strip("/"):
                name = system.unstrip_protocol(entry["name"])
                yield Listed(name, _stamp(entry), _modified(entry), _listed_digest(entry))

    def _open(self) -> tuple[Any, str]:
        try:
            import fsspec
        except ImportError as error:
            raise WatchError(
                "fsspec is needed: pip install 'schedule-reconciler[datastores]'"
            ) from error
        system, root = fsspec.core.url_to_fs(self.url, **self._options)
        _retry_less(system)
        system.invalidate_cache()
        return system, root

    def _remote_digest(self, url: str) -> str:
        system, _ = self._open()
        if system.size(url) > LARGEST_REMOTE_DIGEST:
            return ""
        return hashlib.sha256(system.cat_file(url)).hexdigest()

    def _reason(self, error: Exception) -> str:
        lines = str(error).strip().splitlines()
        text = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        for value in self._hidden:
            text = text.replace(value, MASK)
        return mask_text(text)[:300]


def secrets_of(environment: Mapping[str, str]) -> set[str]:
    """The values in an environment that no error may show, and the secret parts of connection
    strings in it.
    """
    found: set[str] = set()
    for name, value in environment.items():
        if is_secret(name):
            parts = (part.partition("=") for part in value.split(";"))
            found |= {value, *(inside for key, _, inside in parts if inside and is_secret(key))}
    return {value for value in found if len(value) >= 8}


def _local_digest(path: str) -> str:
    if os.path.getsize(path) > LARGEST_DIGEST:
        return ""
    with open(path, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _retry_less(system: Any) -> None:
    """Azure's client tries for a minute before it says that a server is down. Whoever looks at
    folders comes again by itself, and reports what is wrong at once.
    """
    config = getattr(getattr(system, "service_client", None), "_config", None)
    policy = getattr(config, "retry_policy", None)
    if policy is not None and hasattr(policy, "total_retries"):
        policy.total_retries = 0


def _listed_digest(entry: Mapping[str, Any]) -> str:
    """The MD5 that a blob's properties hold, if it was uploaded with one."""
    settings = entry.get("content_settings")
    value = settings.get("content_md5") if isinstance(settings, Mapping) else None
    value = value or entry.get("content_md5")
    return value.hex() if isinstance(value, bytes | bytearray) else str(value or "")


def _stamp(entry: Mapping[str, Any]) -> str:
    for key in ("etag", "ETag", "e_tag"):
        if entry.get(key):
            return str(entry[key])
    return f"{entry.get('size')}:{_modified(entry)}"


def _modified(entry: Mapping[str, Any]) -> datetime | None:
    for key in ("last_modified", "LastModified", "mtime", "created"):
        value = entry.get(key)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    return None
