"""Where declarations come from: what the loop knows of a folder or a Git repository."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.config import FILE_NAME
from reconciler.render.plain_text import short_revision


@dataclass(frozen=True, slots=True)
class Revision:
    """One state of the repository, as files on the disk."""

    id: str
    """Another one whenever the content is another."""
    folder: Path
    """The folder of its configuration."""
    commit: str | None = None
    """None: it is not in Git."""
    author: str | None = None
    committed_at: datetime | None = None
    config_name: str = FILE_NAME
    subject: str | None = None
    """The first line of the commit's message."""

    @property
    def config_path(self) -> Path:
        """Its reconciler.yaml, whatever its name."""
        return self.folder / self.config_name

    @property
    def name(self) -> str:
        """As history and conditions call it: the commit, or what tells the content apart."""
        return self.commit or self.id

    @property
    def short(self) -> str:
        """For people."""
        return short_revision(self.name)


KEPT_SECONDS = 3600.0
"""Another loop on the same state folder may be about to read what it fetched this recently."""

LEAST_SECONDS = 900.0
"""No reading takes as long, so that nobody can be in the middle of it."""


def prune_folder(folder: Path, wanted: Collection[str], most: int | None = None) -> list[str]:
    """Remove what lies in `folder` under other names and is old enough; their names.

    Of what is not that old, `most` stay, and whatever is younger than LEAST_SECONDS.
    """
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        found = [(_changed_at(entry), entry) for entry in entries if entry.name not in wanted]
    found.sort(key=lambda one: one[0], reverse=True)
    removed = []
    for number, (changed_at, entry) in enumerate(found):
        kept = KEPT_SECONDS if most is None or number < most else LEAST_SECONDS
        if time.time() - changed_at >= kept:
            shutil.rmtree(entry.path, ignore_errors=True)
            removed.append(entry.name)
    return removed


def _changed_at(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:  # another loop was faster
        return time.time()


class Source(Protocol):
    """The declarations of the loop. One thread at a time may call it."""

    name: str
    """For logs: no credentials, printable."""

    def fetch(self) -> Revision:
        """The revision that is wanted now; SourceError where it cannot be known."""
        ...

    def is_settled(self, revision: Revision) -> bool:
        """Whether its files are still those that `fetch` saw."""
        ...

    def keep(self, revision: Revision, files: Collection[str]) -> None:
        """Make it one that `recall` knows, also after a restart. `files`: its declarations and
        job files, relative to the repository.
        """
        ...

    def recall(self, revision_id: str) -> Revision | None:
        """A revision that was kept; None where it is gone."""
        ...

    def prune(self, wanted: Collection[str]) -> None:
        """Let go of every revision on the disk but these."""
        ...

    def base(self, revision: Revision) -> Path:
        """What relative paths of a target's options are relative to."""
        ...
