"""A branch, a tag or a commit of a Git repository as a source: one checkout for each revision.

What is fetched is shallow: one commit. A checkout is written beside its place and then renamed
into it, so that a half-written one is never read. A branch that was pushed over by force is simply
where it is now; one that is gone is an error, and what is in force stays.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from reconciler.config import FILE_NAME
from reconciler.declare.reading.absent import LEFT_OUT
from reconciler.errors import SourceError
from reconciler.loop.git import Git
from reconciler.loop.source import Revision, prune_folder
from reconciler.render.plain_text import printable

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\]+(?<![./])")
_TEMPORARY = ".new-"


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
    ) -> None:
        """`base`: what relative paths of targets are relative to. SourceError."""
        if ref is not None and _REF.fullmatch(ref) is None:
            raise SourceError(f'"{printable(ref)}" is no name of a branch, a tag or a commit')
        inside = PurePosixPath(path or ".")
        if inside.is_absolute() or ".." in inside.parts or "\0" in path:
            raise SourceError(f'the path "{printable(path)}" leads out of the repository')
        mark = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._folder = state_folder / "sources" / mark
        self._trees = self._folder / "trees"
        self._git = Git(self._folder / "repository.git", address, environment=environment)
        self._ref = ref
        self._path = inside
        self._base = base
        self._known: dict[str, Revision] = {}
        self.name = self._git.shown + (f"@{printable(ref)}" if ref else "")

    def fetch(self) -> Revision:
        """Ask what the ref is now, and fetch and check it out if that is new."""
        commit = self._resolve()
        known = self._on_disk(commit)
        if known is None:
            try:
                self._prepare()
                self._fetch(commit)
                self._check_out(commit)
            except OSError as error:
                raise _disk(self._folder, error) from error
            known = self._read(commit)
        self._known[commit] = known
        return known

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
                self._prepare()
                self._fetch(revision_id)
                self._check_out(revision_id)
                found = self._read(revision_id)
            except (OSError, SourceError):
                return None
        self._known[revision_id] = found
        return found

    def prune(self, wanted: Collection[str]) -> None:
        """Remove checkouts that nobody needs, and what a crash left half-written."""
        for name in prune_folder(self._trees, wanted):
            self._known.pop(name, None)

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
            self._prepare()
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

    def _prepare(self) -> None:
        """The bare repository, made once; one that a crash left half-made is made again."""
        if not (self._git.folder / "HEAD").is_file():
            self._trees.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._git.run("init", "--quiet", "--bare", "--template=", "--", str(self._git.folder))

    def _fetch(self, commit: str) -> None:
        ours = "refs/reconciler/wanted"
        common = ("fetch", "--quiet", "--no-tags", "--force", "--no-write-fetch-head")
        try:
            self._git.run(*common, "--depth=1", "--", "origin", f"+{commit}:{ours}")
        except SourceError as refused:
            # Some servers hand out commits by branch and tag alone.
            try:
                heads = ("+refs/heads/*:refs/reconciler/heads/*", "+refs/tags/*:refs/tags/*")
                self._git.run(*common, "--", "origin", *heads)
                self._git.run("cat-file", "-e", f"{commit}^{{commit}}")
            except SourceError:
                raise refused from None

    def _check_out(self, commit: str) -> None:
        new = Path(mkdtemp(prefix=_TEMPORARY, dir=self._trees))
        try:
            index = new / "index"
            tree = new / "tree"
            # Marks the root of the repository, above which nothing is read.
            (tree / ".git").mkdir(parents=True)
            self._git.run("read-tree", commit, work_tree=tree, index=index)
            self._git.run("checkout-index", "--all", "--force", work_tree=tree, index=index)
            listed = self._git.run("ls-files", "-s", "-z", work_tree=tree, index=index)
            links = [line for line in listed.split("\0") if line.startswith("160000 ")]
            left_out = "".join(link.partition("\t")[2] + "\0" for link in links)
            (tree / ".git" / LEFT_OUT).write_bytes(os.fsencode(left_out))
            with (new / "complete").open("w") as said:
                os.fsync(said.fileno())
            place = self._trees / commit
            if not (place / "complete").is_file():
                shutil.rmtree(place, ignore_errors=True)
                try:
                    os.rename(new, place)
                except OSError:
                    if not (place / "complete").is_file():  # another loop was faster
                        raise
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _on_disk(self, commit: str) -> Revision | None:
        if not (self._trees / commit / "complete").is_file():
            return None
        if commit in self._known:
            return self._known[commit]
        try:
            return self._read(commit)
        except SourceError:  # the objects are gone, or damaged: fetched again
            return None

    def _read(self, commit: str) -> Revision:
        form = "--format=%an <%ae>%x00%cI"
        text = self._git.run("log", "-1", form, "--end-of-options", commit)
        author, _, at = text.strip().partition("\0")
        tree = self._trees / commit / "tree"
        folder = tree / self._path
        if not (folder / FILE_NAME).resolve().is_relative_to(tree.resolve()):
            raise SourceError(f"{self.name}: a link leads out of the repository")
        return Revision(
            commit,
            folder,
            commit,
            printable(author)[:200],
            _instant(at),
        )


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _disk(folder: Path, error: OSError) -> SourceError:
    return SourceError(f"{printable(str(folder))}: {error.strerror}")
