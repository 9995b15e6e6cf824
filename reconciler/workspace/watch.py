"""A datastore's folder -> the files that are new or changed since it was last looked at.

Datastores are fsspec URLs. Only files directly in the folder count. A file is known by its stamp
(its etag, or its size and time of change); where the stamp is another but the content, by its
digest, is what it was, the file is unchanged: copying it again starts nothing. Deletions say
nothing, and a file that comes back is new.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SETTLE = timedelta(seconds=2)
"""A local file that changed less than this ago may still be being written."""
LARGEST_DIGEST = 256 * 1024 * 1024
"""Bytes up to which a local file is read to see whether its content changed."""


class WatchError(Exception):
    """The folder cannot be listed; the message says why, without credentials."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file in the folder."""

    path: str
    """What the pipeline is given: a path on this machine, or the file's URL."""
    stamp: str
    modified: datetime | None
    """An aware instant; None where the datastore does not say."""
    digest: str = ""
    """Of its content, where the listing says it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of a file; an empty digest: not known."""

    stamp: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look at a folder found."""

    fired: tuple[Listed, ...]
    """Each is one run."""
    cursor: Mapping[str, Seen]
    """Path -> what is remembered of every file that is settled, to compare with next time."""
    unsettled: int
    """Files that are still being written, to be looked at again soon."""


class Datastore:
    """A named place where files land."""

    def __init__(self, url: str, base: Path) -> None:
        """`url`: an fsspec URL, or a folder relative to `base`."""
        self.url = url if "://" in url else f"file://{(base / url).resolve()}"
        self._is_local = self.url.startswith(("file://", "local://"))

    @property
    def is_local(self) -> bool:
        """Whether its files lie on this machine."""
        return self._is_local

    def list(self, path: str) -> list[Listed]:
        """The files directly in `path`, by name; WatchError. A folder that is not there yet is
        empty, on a datastore that answers.
        """
        try:
            if self._is_local:
                return sorted(self._scan(path), key=lambda file: file.path)
            return sorted(self._remote(path), key=lambda file: file.path)
        except WatchError:
            raise
        except Exception as error:
            # fsspec's file systems raise whatever their client libraries do.
            raise WatchError(_reason(error)) from error

    def digest(self, file: Listed) -> str:
        """The digest of a file's content; empty where it is not known or too large to read."""
        if file.digest or not self._is_local:
            return file.digest
        try:
            if os.path.getsize(file.path) > LARGEST_DIGEST:
                return ""
            with open(file.path, "rb") as content:
                return hashlib.file_digest(content, "sha256").hexdigest()
        except OSError:
            return ""

    def _scan(self, path: str) -> Iterator[Listed]:
        """The local folder; a scan of 100,000 files takes well under a second."""
        root = self.url.partition("://")[2]
        folder = os.path.join(root, path)
        if not os.path.isdir(folder):
            if os.path.isdir(root) or not os.path.exists(folder):
                return
            raise WatchError(f"{folder} is not a folder")
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if not entry.is_file():
                        continue
                    status = entry.stat()
                except FileNotFoundError:
                    continue  # removed since it was listed
                stamp = f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"
                modified = datetime.fromtimestamp(status.st_mtime, UTC)
                yield Listed(entry.path, stamp, modified)

    def _remote(self, path: str) -> Iterator[Listed]:
        try:
            import fsspec
        except ImportError as error:
            raise WatchError(
                "fsspec is needed: pip install 'schedule-reconciler[datastores]'"
            ) from error
        system, root = fsspec.core.url_to_fs(self.url)
        system.invalidate_cache()
        folder = f"{root.rstrip('/')}/{path}" if path else root
        try:
            entries = system.ls(folder, detail=True)
        except FileNotFoundError:
            if path and system.exists(root):
                return
            raise
        for entry in entries:
            if entry.get("type") == "file" and entry["name"].rstrip("/") != folder.strip("/"):
                modified = _modified(entry)
                name = system.unstrip_protocol(entry["name"])
                yield Listed(name, _stamp(entry), modified, _content_digest(entry))


def changes(
    listed: Sequence[Listed],
    cursor: Mapping[str, Seen] | None,
    *,
    since: datetime,
    now: datetime,
    settle: bool,
    digest_of: Callable[[Listed], str],
) -> Changes:
    """What a look found. `cursor` None: the first look since the schedule was enabled.

    At the first look, files that changed before `since`, the moment it was enabled, were there;
    later ones are new. `settle`: leave files alone that changed within SETTLE.
    """
    fired: list[Listed] = []
    kept: dict[str, Seen] = {}
    unsettled = 0
    for file in listed:
        known = cursor.get(file.path) if cursor is not None else None
        if known is not None and known.stamp == file.stamp:
            kept[file.path] = known
        elif cursor is None and (file.modified is None or file.modified <= since):
            kept[file.path] = Seen(file.stamp, file.digest)
        elif settle and _is_unsettled(file, now):
            unsettled += 1
            if known is not None:
                kept[file.path] = known
        else:
            seen = kept[file.path] = Seen(file.stamp, digest_of(file))
            if known is None or not seen.digest or seen.digest != known.digest:
                fired.append(file)
    return Changes(tuple(fired), kept, unsettled)


def _is_unsettled(file: Listed, now: datetime) -> bool:
    return file.modified is not None and timedelta(0) <= now - file.modified < SETTLE


def _content_digest(entry: Mapping[str, Any]) -> str:
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


def _reason(error: Exception) -> str:
    from reconciler.secrets import mask_text

    text = str(error).strip().splitlines()
    return mask_text(f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__)
