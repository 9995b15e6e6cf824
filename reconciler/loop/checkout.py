"""A branch, a tag or a commit of a Git repository as a source: one checkout for each revision.

What is fetched and what is checked out is said in `checkouts/`: one folder and what it refers to. A
commit that leaves these as they are is no new revision. A checkout is written beside its place and
then renamed into it, so that a half-written one is never read. A branch that was pushed over by
force is simply where it is now; one that is gone is an error, and what is in force stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from typing import Any, TypeVar

from reconciler.config import FILE_NAME
from reconciler.errors import SourceError
from reconciler.loop.checkouts.clone import Clone
from reconciler.loop.checkouts.extras import Extras
from reconciler.loop.checkouts.tree import check_out, parts_of
from reconciler.loop.git import SECONDS, Git
from reconciler.loop.source import Revision, prune_folder
from reconciler.render.plain_text import printable

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
_TEMPORARY = ".new-"
_COMPLETE = "complete"
"""In a checkout that is whole: who made the commit, when, and which parts of it were looked at."""
_REMEMBERED = 200
_LOOKED_AT = 8
_KEPT = 8
"""Checkouts that nobody needs any more and that stay for a while."""

T = TypeVar("T")


class GitSource:
    """The repository at `address`, at `ref` (None: its default branch), below `path`."""

    def __init__(
        self,
        address: str,
        state_folder: Path,
        *,
        environment: Mapping[str, str],
        base: Path,
        ref: str | None = None,
        path: str = "",
        seconds: float = SECONDS,
        submodules: bool = False,
        lfs: bool = False,
    ) -> None:
        """`base`: what relative paths of targets are relative to. `seconds`: how long each call of
        git may take. SourceError.
        """
        if ref is not None and _REF.fullmatch(ref) is None:
            raise SourceError(f'"{printable(ref)}" is no name of a branch, a tag or a commit')
        inside = PurePosixPath(path or ".")
        if inside.is_absolute() or ".." in inside.parts or "\0" in path:
            raise SourceError(f'the path "{printable(path)}" leads out of the repository')
        self._flags = (submodules, lfs)
        whole = inside == PurePosixPath(".") and not any(self._flags)
        kind = "" if whole else f"\0{inside}\0{submodules}\0{lfs}"
        mark = hashlib.sha256(f"{address}{kind}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._folder = state_folder / "sources" / mark
        self._trees = self._folder / "trees"
        self._git = Git(
            self._folder / "repository.git", address, environment=environment, seconds=seconds
        )
        self._clone = Clone(self._git)
        self._extras = Extras(self._folder / "modules", submodules, lfs)
        self._ref = ref
        self._path = inside
        self._base = base
        self._known: dict[str, Revision] = {}
        self.name = self._git.shown + (f"@{printable(ref)}" if ref else "")

    def fetch(self) -> Revision:
        """Ask what the ref is now, and fetch and check it out if that is new.

        A commit that leaves all that is checked out as it was is the revision of before.
        """
        commit = self._mended(self._resolve)
        known = self._known.get(commit) or self._on_disk(commit)
        if known is None or not (self._trees / known.id / _COMPLETE).is_file():
            known = self._mended(lambda: self._taken(commit))
        self._known = {**dict(list(self._known.items())[-_REMEMBERED:]), commit: known}
        return known

    def _taken(self, commit: str) -> Revision:
        try:
            self._clone.prepare()
            self._clone.fetch(commit)
            found = self._unchanged(commit)
            if found is None:
                self._check_out(commit)
                found = self._read(commit)
        except OSError as error:
            raise _disk(self._folder, error) from error
        return found

    def _mended(self, asked: Callable[[], T]) -> T:
        """What is asked for, if need be of a clone that is made anew."""
        try:
            return asked()
        except SourceError as error:
            if not self._clone.is_damaged(error):
                raise
            self._clone.remove()
            return asked()

    def _unchanged(self, commit: str) -> Revision | None:
        """A revision that is checked out and is, as far as it was looked at, that of `commit`."""
        for other in self._newest():
            said = self._said(other)
            parts = said.get("parts") if said else None
            if parts and parts_of(self._clone, commit, list(parts)) == parts:
                return self._on_disk(other)
        return None

    def _newest(self) -> list[str]:
        with suppress(OSError), os.scandir(self._trees) as entries:
            found = [entry for entry in entries if _COMMIT.fullmatch(entry.name)]
            found.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
            return [entry.name for entry in found[:_LOOKED_AT]]
        return []

    def is_settled(self, revision: Revision) -> bool:
        """A checkout never changes."""
        return True

    def keep(self, revision: Revision, files: Collection[str]) -> None:
        """It is on the disk already."""

    def recall(self, revision_id: str) -> Revision | None:
        """One that is checked out; fetched again if it is not, and the repository still has it."""
        if _COMMIT.fullmatch(revision_id) is None:
            return None
        found = self._on_disk(revision_id)
        if found is None:
            try:
                found = self._mended(lambda: self._taken(revision_id))
            except SourceError:
                return None
        self._known[revision_id] = found
        return found

    def prune(self, wanted: Collection[str]) -> None:
        """Remove checkouts that nobody needs, and what a crash left half-written."""
        removed = set(prune_folder(self._trees, wanted, most=_KEPT))
        if removed:
            self._known = {c: r for c, r in self._known.items() if r.id not in removed}

    def base(self, revision: Revision) -> Path:
        """A checkout is thrown away: nothing that is to stay may lie in it."""
        return self._base

    # --------------------------------------------------------------------------------------- git

    def _resolve(self) -> str:
        """The commit that the ref stands for now."""
        ref = self._ref
        if ref is not None and _COMMIT.fullmatch(ref):
            return ref
        try:
            self._trees.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._clone.prepare()
        except OSError as error:
            raise _disk(self._folder, error) from error
        patterns = ["HEAD"] if ref is None else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
        if ref is not None:
            patterns += [f"refs/tags/{ref}^{{}}", ref]
        lines = self._git.run("ls-remote", "--", "origin", *patterns).splitlines()
        found = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
        # A tag with a message is an object of its own; ^{} is the commit that it names.
        for name in (patterns[0], *reversed(patterns[1:3]), *patterns[3:]):
            if name in found and _COMMIT.fullmatch(found[name]):
                return found[name]
        what = f'no branch or tag "{printable(ref)}"' if ref else "no default branch"
        raise SourceError(
            f"{self._git.shown}: there is {what}",
            hint="what is in force stays; a commit is given as its 40 digits",
        )

    def _check_out(self, commit: str) -> None:
        self._trees.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = Path(mkdtemp(prefix=_TEMPORARY, dir=self._trees))
        try:
            parts = check_out(self._clone, commit, str(self._path), new, self._extras)
            author, at, subject = self._signed(commit)
            with (new / _COMPLETE).open("w", encoding="utf-8") as said:
                json.dump({"author": author, "at": at, "subject": subject, "parts": parts}, said)
                said.flush()
                os.fsync(said.fileno())
            place = self._trees / commit
            if not (place / _COMPLETE).is_file():
                shutil.rmtree(place, ignore_errors=True)
                try:
                    os.rename(new, place)
                except OSError:
                    if not (place / _COMPLETE).is_file():  # another loop was faster
                        raise
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _on_disk(self, commit: str) -> Revision | None:
        """Without asking git: a checkout says itself what it is of."""
        if not (self._trees / commit / _COMPLETE).is_file():
            return None
        try:
            return self._read(commit)
        except SourceError:  # one of an older version says nothing, and git knows it no more
            return None

    def _said(self, commit: str) -> dict[str, Any] | None:
        try:
            said = json.loads((self._trees / commit / _COMPLETE).read_bytes())
        except (OSError, ValueError):
            return None
        return said if isinstance(said, dict) else None

    def _signed(self, commit: str) -> tuple[str, str, str]:
        form = "--format=%an <%ae>%x00%cI%x00%s"
        text = self._git.run("log", "-1", form, "--end-of-options", commit)
        author, at, subject = (*text.strip().split("\0", 2), "", "")[:3]
        return printable(author)[:200], at, printable(subject)[:200]

    def _read(self, commit: str) -> Revision:
        said = self._said(commit)
        if said:
            author, at, subject = said["author"], said["at"], said.get("subject")
        else:
            author, at, subject = self._signed(commit)
        tree = self._trees / commit / "tree"
        folder = tree / self._path
        if not (folder / FILE_NAME).resolve().is_relative_to(tree.resolve()):
            raise SourceError(f"{self.name}: a link leads out of the repository")
        return Revision(commit, folder, commit, author, _instant(at), subject=subject)


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _disk(folder: Path, error: OSError) -> SourceError:
    return SourceError(f"{printable(str(folder))}: {error.strerror}")
