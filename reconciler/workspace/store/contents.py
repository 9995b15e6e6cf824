"""Contents -> files named by their digests, all of them on the disk before any has its name.

Asking the disk for each file takes longer than all else of a large folder of code: where there are
many, the file system is asked once for all of them.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from reconciler.system.file_access import ReadableBy, make_folder

NEW = ".new-"
"""How files begin that are being written."""
_FEW = 32
"""So many files are brought to the disk one by one."""

Content = Callable[[], Iterator[bytes]]
"""Reads it, in pieces. OSError; or what the caller raises."""


class OtherContent(Exception):
    """What was read is not what it was when its digest was made."""


def write_contents(wanted: Mapping[str, Content], folder: Path, readable_by: ReadableBy) -> None:
    """Have the content of each digest in `folder`. OSError, OtherContent.

    Whoever is killed here leaves files behind whose names begin with NEW, and no others.
    """
    written: dict[str, str] = {}
    each = len(wanted) <= _FEW
    try:
        for digest, content in wanted.items():
            place = content_path(folder, digest)
            make_folder(place.parent, readable_by)
            handle, name = tempfile.mkstemp(prefix=NEW, dir=place.parent)
            written[digest] = name
            with os.fdopen(handle, "wb") as file:
                if _write(file, content) != digest:
                    raise OtherContent
                if readable_by == "group":
                    os.chmod(name, 0o640)
                if each:
                    file.flush()
                    os.fsync(file.fileno())
        if not each:
            _to_disk(folder, written.values())
        for digest, name in list(written.items()):
            os.replace(name, content_path(folder, digest))
            del written[digest]
        _to_disk(folder, {str(content_path(folder, digest).parent) for digest in wanted})
    finally:
        for name in written.values():
            with suppress(OSError):
                os.unlink(name)


def content_path(folder: Path, digest: str) -> Path:
    """Where a content is kept."""
    return folder / digest[:2] / digest


def _write(file: IO[bytes], content: Content) -> str:
    digest = hashlib.sha256()
    for piece in content():
        digest.update(piece)
        file.write(piece)
    return digest.hexdigest()


def _to_disk(folder: Path, paths: Collection[str]) -> None:
    """These files or folders, which lie in the file system of `folder`."""
    if len(paths) > _FEW and _sync_file_system(folder):
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_file_system(folder: Path) -> bool:
    """Whether all that was written to the file system of `folder` is on its disk."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        return bool(syncfs(descriptor) == 0)
    finally:
        os.close(descriptor)
