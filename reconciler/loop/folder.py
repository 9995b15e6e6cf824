"""A folder as a source: its files as they stand, told apart by their stat.

Somebody may be writing them. A folder in which Git is at work, or that changes while it is read,
is not settled, and what is read of it is not used: a checkout that is half done looks like files
that were removed. A copy of what was last good is kept, for the day it is broken at a restart.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from reconciler.config import Config, load_config
from reconciler.declare.reading.files import display_path, find_files, repository_root
from reconciler.declare.reading.local_git import head_of
from reconciler.declare.reading.patterns import is_meant
from reconciler.errors import ConfigError, SourceError
from reconciler.loop.source import Revision, prune_folder
from reconciler.render.plain_text import printable

_FRESH_SECONDS = 0.1
"""Files this young may be written again without their stat telling."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """`stats`: another one whenever a file that counts came, went or was written."""

    id: str
    stats: str


class FolderSource:
    """The folder of a configuration; copies of what was good go below `state_folder`."""

    def __init__(
        self,
        config: Path,
        state_folder: Path,
        *,
        environment: Mapping[str, str],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._folder = config.parent.resolve()
        self._config = self._folder / config.name
        self._root = repository_root(self._folder)
        self._copies = state_folder / "sources" / "folder"
        self._environment = {k: v for k, v in environment.items() if not k.startswith("GIT_")}
        self._wall = wall
        self._kept: dict[str, frozenset[str]] = {}
        """Of the newest two revisions, what their targets declare and bring along."""
        self._also: list[str] = []
        """Paths that count beside those that are found."""
        self._watched: list[str] = []
        """The same as it was when the last revision was seen: a target adds to it."""
        self._last: Revision | None = None
        self._stats = ""
        self.name = printable(str(self._folder))

    def fetch(self) -> Revision:
        """The folder as it stands; SourceError while Git writes into it."""
        git = self._root / ".git"
        if git.is_dir() and (git / "index.lock").exists():
            raise SourceError(
                f"{self.name}: Git is at work in it",
                hint=f"if it is not, remove {printable(str(git / 'index.lock'))}",
            )
        seen = self._seen(self._also)
        if self._last is None or self._last.id != seen.id:
            commit, author, at, subject = self._head()
            self._last = Revision(
                seen.id, self._folder, commit, author, at, self._config.name, subject
            )
            self._stats, self._watched = seen.stats, self._also
        return self._last

    def is_settled(self, revision: Revision) -> bool:
        """Whether it is as it was; a copy always is."""
        if revision.folder != self._folder:
            return True
        current = self._last is not None and self._last.id == revision.id
        return current and self._seen(self._watched).stats == self._stats

    def keep(self, revision: Revision, files: Collection[str]) -> None:
        """Copy it, unless it is such a copy or is there; SourceError where that cannot be."""
        if revision.folder != self._folder:
            return
        known = self._kept.get(revision.id, frozenset())
        place = self._copies / revision.id
        if known.issuperset(files) and place.exists():
            return
        others = [one for one in self._kept.items() if one[0] != revision.id]
        self._kept = {**dict(others[-1:]), revision.id: known.union(files)}
        names = frozenset().union(*self._kept.values())
        led_to = {os.path.join(self._root, name) for name in names} - set(self._found())
        # A file that comes to a folder of code changes that folder.
        self._also = sorted(led_to | {os.path.dirname(path) for path in led_to})
        config = display_path(revision.config_path, self._root)
        missing = [name for name in {config, *files} if not (place / name).exists()]
        try:
            self._copy(revision, missing)
        except OSError as error:
            if not all((place / name).exists() for name in missing):  # another loop was faster
                reason = f"cannot be copied: {error.strerror}"
                raise SourceError(f"{self.name}: {reason}") from error

    def _copy(self, revision: Revision, names: list[str]) -> None:
        """Copy files of a revision to where it is kept, with what other targets have there."""
        self._copies.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._copies / revision.id
        new = Path(mkdtemp(prefix=".new-", dir=self._copies))
        try:
            (new / ".git").mkdir()
            for name in names:
                copy = new / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._root / name, copy)
            if not self.is_settled(revision):
                return
            if not place.exists():
                os.replace(new, place)
                return
            for name in names:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(new / name, place / name)
        finally:
            shutil.rmtree(new, ignore_errors=True)

    def recall(self, revision_id: str) -> Revision | None:
        """The folder itself if it is at that revision; else its copy."""
        if self._last is not None and self._last.id == revision_id:
            return self._last
        place = self._copies / revision_id
        if not revision_id.isalnum() or not place.is_dir():
            return None
        folder = place / self._folder.relative_to(self._root)
        return Revision(revision_id, folder, config_name=self._config.name)

    def prune(self, wanted: Collection[str]) -> None:
        """Remove the other copies."""
        prune_folder(self._copies, wanted)

    def base(self, revision: Revision) -> Path:
        """The folder itself, also for a copy."""
        return self._folder

    # -------------------------------------------------------------------------------------- stat

    def _seen(self, also: list[str]) -> _Seen:
        """What the files that count are: those found, and what they led to."""
        seen = hashlib.sha256()
        newest = 0
        paths = [str(self._config), *self._found(), *also]
        for path in dict.fromkeys(paths):
            try:
                stat = os.stat(path)
            except OSError as error:
                seen.update(f"{path}\0{error.errno}\0".encode("utf-8", "surrogatepass"))
                continue
            newest = max(newest, stat.st_mtime_ns, stat.st_ctime_ns)
            marks = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino)
            seen.update(f"{path}\0{marks}\0".encode("utf-8", "surrogatepass"))
        stats = seen.hexdigest()
        if newest > (self._wall() - _FRESH_SECONDS) * 1e9:
            seen.update(repr(self._wall()).encode())  # read again next time, whatever stat says
        return _Seen(seen.hexdigest()[:40], stats)

    def _found(self) -> list[str]:
        try:
            loaded = load_config(self._config)
        except ConfigError:  # said when it is read
            return []
        files, problems = find_files(loaded.schedules, loaded.folder, loaded.root, loaded.exclude)
        return [file.path for file in files] + [f"{p.path}:{p.message}" for p in problems]

    def _head(self) -> tuple[str | None, str | None, datetime | None, str | None]:
        """The commit that is checked out, its author, its time and what it says, where there is
        one. Of what is not committed yet there is only the commit that it is based on.
        """
        try:
            loaded: Config | None = load_config(self._config)
        except ConfigError:  # said when it is read
            loaded = None

        also = {*self._also, *(f"{path}/" for path in self._also)}

        def is_declared(path: str) -> bool:
            if loaded is None or path in also:
                return loaded is not None
            folder = path.endswith("/")
            path = path.rstrip("/")
            return is_meant(path, loaded.schedules, loaded.folder, loaded.exclude, folder=folder)

        head = head_of(self._folder, self._root, is_declared, environ=self._environment)
        if head.commit is None or head.committed_at is None:
            return None, None, None, None
        at = datetime.fromisoformat(head.committed_at).astimezone(UTC)
        if head.dirty:
            return head.name, None, None, None
        author = printable(head.author or "")[:200]
        return head.name, author, at, printable(head.subject or "")[:200]
