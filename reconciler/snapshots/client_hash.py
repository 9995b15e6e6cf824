"""The hash by which Azure's client finds code that is there already, `hashVersion` 202208.

SHA-256 of the number of files, of `#path#size` of each, sorted by path in lower case, and then of
what they hold, byte for byte: azure-ai-ml 1.35, `_utils/_asset_utils.py`, `get_content_hash`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from reconciler.model import CodeFile, Snapshot
from reconciler.snapshots.content import PIECE, Digest, content_of, open_regular
from reconciler.snapshots.snapshot import place_of

HASH_VERSION = "202208"


class ChangedSince(Exception):
    """A file that says something else than when the snapshot was taken."""


class ClientHash:
    """Of a snapshot, while its files are read in the order of `files`, each once."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Looks at the sizes; OSError."""
        self.files = sorted(snapshot.files, key=lambda file: file.path.lower())
        self._snapshot = snapshot
        self.sizes = {file.path: self._size(file) for file in self.files}
        """Bytes, as they lie on the disk."""
        self._whole = hashlib.sha256(str(len(self.files)).encode())
        for file in self.files:
            self._whole.update(f"#{file.path}#{self.sizes[file.path]}".encode())

    def read(self, file: CodeFile) -> Iterator[bytes]:
        """The next file, as it lies on the disk. OSError; ChangedSince at its end."""
        digest = Digest()
        for piece in _pieces(self._snapshot, file):
            digest.feed(piece)
            self._whole.update(piece)
            yield piece
        if digest.end()[0] != file.digest:
            raise ChangedSince

    def end(self) -> str:
        """In hex."""
        return self._whole.hexdigest()

    def _size(self, file: CodeFile) -> int:
        place = place_of(self._snapshot, file)
        return os.stat(place).st_size if isinstance(place, str) else file.size


def client_hash(snapshot: Snapshot) -> str:
    """In hex. Reads each file once more; OSError, ChangedSince."""
    found = ClientHash(snapshot)
    for file in found.files:
        for _ in found.read(file):
            pass
    return found.end()


def _pieces(snapshot: Snapshot, file: CodeFile) -> Iterator[bytes]:
    place = place_of(snapshot, file)
    if not isinstance(place, str):
        yield from content_of(place)
        return
    with open_regular(place) as opened:
        while piece := opened.read(PIECE):
            yield piece
