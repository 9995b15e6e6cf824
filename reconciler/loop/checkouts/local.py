"""A commit of the repository that is checked out here, written elsewhere. No server is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.errors import SourceError
from reconciler.loop.checkouts.clone import Clone, Entry
from reconciler.loop.checkouts.extras import Extras
from reconciler.loop.checkouts.tree import check_out
from reconciler.loop.git import Git


class _Here(Clone):
    def need(self, entries: Iterable[Entry]) -> None:
        """They are there; in a partial clone Git fetches those that are not."""


def write_commit(
    git_folder: Path, commit: str, path: str, place: Path, *, environment: Mapping[str, str]
) -> Path:
    """The root of what `path` of a commit and what it refers to are written to. SourceError."""
    git = Git(git_folder, git_folder.as_uri(), environment=environment)
    try:
        check_out(_Here(git), commit, path, place, Extras(place / "modules"))
    except OSError as error:
        raise SourceError(f"{place}: {error.strerror}") from error
    return place / "tree"
