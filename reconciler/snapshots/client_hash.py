"""The hash by which Azure's client finds code that is there already, `hashVersion` 202208.

SHA-256 of the number of files, of `#path#size` of each, sorted by path in lower case, and then of
what they hold, byte for byte: azure-ai-ml 1.35, `_utils/_asset_utils.py`, `get_content_hash`.
"""

from __future__ import annotations

import hashlib
import os

from reconciler.model import Snapshot
from reconciler.snapshots.content import PIECE, open_regular

HASH_VERSION = "202208"


def client_hash(snapshot: Snapshot) -> str:
    """In hex. Reads the files again; OSError."""
    files = [
        (file.path, os.path.join(snapshot.folder, *file.path.split("/")))
        for file in sorted(snapshot.files, key=lambda file: file.path.lower())
    ]
    found = hashlib.sha256(str(len(files)).encode())
    for name, place in files:
        found.update(f"#{name}#{os.stat(place).st_size}".encode())
    for _, place in files:
        with open_regular(place) as file:
            while piece := file.read(PIECE):
                found.update(piece)
    return found.hexdigest()
