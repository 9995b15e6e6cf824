"""Folders of code -> Snapshots: which files, what is in them, and one digest for the whole."""

from reconciler.snapshots.client_hash import client_hash
from reconciler.snapshots.content import canonical_content
from reconciler.snapshots.snapshot import CodeLimits, SnapshotError, Snapshots, digest_of, files_of

__all__ = [
    "CodeLimits",
    "SnapshotError",
    "Snapshots",
    "canonical_content",
    "client_hash",
    "digest_of",
    "files_of",
]
