"""Files of code that Azure's clients upload, in folders beside the workspace's file.

An upload is begun by a call of ARM, which signs its address; files come to that address until the
code is put, which ends it: the address is good for one code. What was begun and never put goes.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path, PurePosixPath
from threading import Lock

from reconciler.snapshots.snapshot import CodeLimits
from reconciler.system.file_access import ReadableBy, make_folder
from reconciler.system.workspace_files import folder_beside
from reconciler.web.tokens import UPLOAD_SECONDS

IDENTIFIER = re.compile(r"[0-9a-f]{32}")
MOST_BEGUN = 64
"""Uploads that are under way at once."""
_LONGEST_PATH = 2000
_LONGEST_NAME = 255
"""Bytes."""
_DEEPEST = 100
"""Folders that one file may bring, and its name."""


class UploadError(Exception):
    """A file that is not taken: a sentence, and a status of HTTP."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Uploads:
    """The uploads of one workspace. May be used by many threads at once."""

    def __init__(self, workspace: Path, readable_by: ReadableBy, limits: CodeLimits) -> None:
        self._folder = folder_beside(workspace, "uploads")
        self.readable_by = readable_by
        self._limits = limits
        self._sizes: dict[str, dict[Path, int]] = {}
        """Of the uploads under way, the bytes of each file and each part, or those announced."""
        self._lock = Lock()

    def begin(self) -> str:
        """A new upload. UploadError where too many are under way."""
        begun = self._folder / "begun"
        make_folder(begun, self.readable_by)
        with self._lock:
            self._forget_abandoned(begun)
            if len(os.listdir(begun)) >= MOST_BEGUN:
                raise UploadError(429, "TooManyRequests", "Too many uploads are under way.")
            identifier = secrets.token_hex(16)
            make_folder(begun / identifier / "files", self.readable_by)
            make_folder(begun / identifier / "parts", self.readable_by)
            return identifier

    def stage(self, container: str) -> str:
        """Where files for a container wait until they are whole: the same upload, each time."""
        identifier = hashlib.sha256(f"container {container}".encode()).hexdigest()[:32]
        begun = self._folder / "begun"
        with self._lock:
            make_folder(begun, self.readable_by)
            make_folder(begun / identifier / "files", self.readable_by)
            make_folder(begun / identifier / "parts", self.readable_by)
            os.utime(begun / identifier)
        return identifier

    def place(self, identifier: str, name: str) -> Path:
        """Where a file of an upload goes; UploadError."""
        parts = PurePosixPath(name).parts
        if (
            not name
            or len(name.encode()) > _LONGEST_PATH
            or len(parts) > _DEEPEST
            or "/".join(parts) != name
            or any(part in ("..", ".", "/") for part in parts)
            or any(len(part.encode()) > _LONGEST_NAME for part in parts)
            or any(not character.isprintable() or character == "\\" for character in name)
        ):
            raise UploadError(400, "InvalidUri", "The name of the file is not valid.")
        folder = self._begun(identifier)
        if self.finished(identifier).exists() or not folder.is_dir():
            raise UploadError(403, "AuthenticationFailed", "The upload is over.")
        return folder.joinpath("files", *parts)

    def part(self, identifier: str, name: str) -> Path:
        """Where a part of a file goes until the file is whole; `name`: any text."""
        digest = hashlib.sha256(name.encode()).hexdigest()
        return self._begun(identifier) / "parts" / digest

    def reserve(
        self, identifier: str, place: Path, size: int, instead_of: Collection[Path] = ()
    ) -> None:
        """Hold room for `size` bytes at a place, beside all but what is there and the parts that
        it is made of; UploadError. `settle` ends that.
        """
        with self._lock:
            folder = self._begun(identifier)
            if not folder.is_dir():
                raise UploadError(403, "AuthenticationFailed", "The upload is over.")
            if identifier not in self._sizes:
                self._sizes[identifier] = _sizes(folder)
            sizes = self._sizes[identifier]
            given_up = sizes.keys() & {place, *instead_of}
            if len(sizes) - len(given_up) + 1 > self._limits.files:
                raise UploadError(
                    413, "RequestBodyTooLarge", f"Code has at most {self._limits.files:,} files."
                )
            # What is there stays until the other is whole, which it may never be.
            held = max(size, sizes.get(place, 0))
            others = sum(sizes.values()) - sum(sizes[path] for path in given_up)
            if others + held > self._limits.size:
                raise UploadError(
                    413, "RequestBodyTooLarge", f"Code has at most {self._limits.size:,} bytes."
                )
            sizes[place] = held

    def settle(self, identifier: str, places: Collection[Path]) -> None:
        """Count these as they are, whatever was announced."""
        with self._lock:
            sizes = self._sizes.get(identifier, {})
            for place in places:
                sizes.pop(place, None)
                with suppress(OSError):
                    sizes[place] = place.stat().st_size

    def finish(self, identifier: str) -> Path:
        """End an upload; the folder of its files. UploadError where it is none under way."""
        done = self.finished(identifier)
        make_folder(done.parent, self.readable_by)
        with self._lock:
            self._sizes.pop(identifier, None)
            try:
                # Whoever still writes into it writes to nowhere: the rename of a file fails.
                os.rename(self._begun(identifier) / "files", done)
            except OSError as error:
                raise UploadError(400, "UserError", "The upload is over, or is none.") from error
            shutil.rmtree(self._begun(identifier), ignore_errors=True)
        return done

    def finished(self, identifier: str) -> Path:
        """The folder of an upload that is over."""
        return self._folder / "done" / identifier

    def _begun(self, identifier: str) -> Path:
        if IDENTIFIER.fullmatch(identifier) is None:
            raise UploadError(403, "AuthenticationFailed", "There is no such upload.")
        return self._folder / "begun" / identifier

    def _forget_abandoned(self, begun: Path) -> None:
        for folder in begun.iterdir():
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > 2 * UPLOAD_SECONDS:
                    shutil.rmtree(folder)
                    self._sizes.pop(folder.name, None)


def _sizes(folder: Path) -> dict[Path, int]:
    """What is there already, after a restart."""
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
