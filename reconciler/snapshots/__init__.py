"""Folders of code -> Snapshots: which files, what is in them, and one digest for the whole."""

from reconciler.snapshots.client_hash import ChangedSince, client_hash
from reconciler.snapshots.content import canonical_content, content_of
from reconciler.snapshots.ignored import kept_by_workspace
from reconciler.snapshots.includes import IncludeError
from reconciler.snapshots.snapshot import (
    CodeLimits,
    SnapshotError,
    Snapshots,
    digest_of,
    files_of,
    place_of,
)

__all__ = [
    "ChangedSince",
    "CodeLimits",
    "IncludeError",
    "SnapshotError",
    "Snapshots",
    "canonical_content",
    "client_hash",
    "content_of",
    "digest_of",
    "files_of",
    "kept_by_workspace",
    "place_of",
]
