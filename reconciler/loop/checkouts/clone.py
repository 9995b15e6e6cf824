"""A partial clone: commits and trees of what is fetched, and the blobs that are checked out.

What is fetched is shallow, one commit, and without blobs where the server can leave them out; those
that a checkout needs are asked for at once. A clone is a cache: one that Git finds damaged, or that
has grown to several times its size, is thrown away and made anew.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import SourceError
from reconciler.loop.git import Git, TookTooLong

_WANTED = "refs/reconciler/wanted"
_FETCH = ("fetch", "--no-tags", "--force", "--no-write-fetch-head")
_WHOLE = "reconciler-whole"
"""In the clone: the server leaves no blobs out, so that they need not be asked for."""
_SIZE = "reconciler-size"
"""In the clone: its bytes when it was made."""
_GROWTH, _LEAST = 3, 64_000_000
_PATHS_AT_ONCE = 200
"""In one command, each of up to 4,096 bytes: the system takes two megabytes of arguments."""
_DAMAGED = re.compile(
    r"not a git repository|corrupt|bad object|bad (?:tree|config)|missing (?:blob|tree|object)"
    r"|unable to read|could not read(?! Username| Password)|loose object|index file|inflate|shallow"
    r"|(?<![\w-])pack(?:file|ed)?\b|\.lock"
    r"|invalid object|not our ref|unresolved|did not send all"
)
GITLINK, LINK, TREE = "160000", "120000", "040000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree. `path` is relative to the repository."""

    mode: str
    id: str
    path: str


class Clone:
    """The clone in the folder of `git`."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self._folder = git.folder
        self.had: set[str] = set()
        """Blobs that were asked for since the clone was made."""

    def prepare(self) -> None:
        """The bare repository, made once; one that a crash left half-made is made again."""
        if not (self._folder / "HEAD").is_file():
            self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.git.run("init", "--quiet", "--bare", "--template=", "--", str(self._folder))

    def is_damaged(self, error: SourceError) -> bool:
        """Whether Git complains of the clone, and not of the server or the way to it."""
        said = error.message.replace(self.git.shown, "")
        return self._folder.exists() and _DAMAGED.search(said) is not None

    def remove(self) -> None:
        """Away with it: `prepare` makes another."""
        self.had.clear()
        away = self._folder.with_name(f".old-{self._folder.name}-{os.getpid()}")
        with suppress(OSError):
            os.rename(self._folder, away)
        shutil.rmtree(away, ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def fetch(self, commit: str) -> None:
        """One commit and its trees. SourceError."""
        self._bound()
        partial = not (self._folder / _WHOLE).exists()
        options = ("--depth=1", *(("--filter=blob:none",) if partial else ()))
        try:
            said = self.git.run_both(*_FETCH, *options, "--", "origin", f"+{commit}:{_WANTED}")[1]
        except TookTooLong:
            raise
        except SourceError as refused:
            # Some servers hand out commits by branch and tag alone.
            if self.is_damaged(refused) and "not our ref" not in refused.message:
                raise
            try:
                heads = ("+refs/heads/*:refs/reconciler/heads/*", "+refs/tags/*:refs/tags/*")
                said = self.git.run_both(*_FETCH, *options[1:], "--", "origin", *heads)[1]
                self.git.run("cat-file", "-e", f"{commit}^{{commit}}")
            except SourceError:
                raise refused from None
        if partial and "filtering not recognized" in said:
            (self._folder / _WHOLE).touch()

    def entries(self, commit: str, paths: Sequence[str], *, below: bool) -> list[Entry]:
        """The lines of a commit's trees for `paths`; with `below`, every file below them."""
        options = ("-r",) if below else ()
        whole = [path for path in paths if path in ("", ".")]
        found: list[Entry] = []
        if whole and not below:
            tree = self.git.run("rev-parse", "--verify", f"{commit}^{{tree}}").strip()
            found.append(Entry(TREE, tree, "."))
        named = [path for path in paths if path not in ("", ".")]
        if whole and below:
            return found + self._listed(options, commit)
        for start in range(0, len(named), _PATHS_AT_ONCE):
            found += self._listed(options, commit, "--", *named[start : start + _PATHS_AT_ONCE])
        return list({one.path: one for one in found}.values())

    def _listed(self, options: Sequence[str], commit: str, *paths: str) -> list[Entry]:
        return _parsed(self.git.run("ls-tree", "-z", "--full-tree", *options, commit, *paths))

    def folder(self, commit: str, path: str) -> list[Entry]:
        """What lies in a folder of a commit."""
        inside = () if path in ("", ".") else ("--", f"{path}/")
        return self._listed((), commit, *inside)

    def need(self, entries: Iterable[Entry]) -> None:
        """Have the blobs of files, asked for in one call."""
        ids = sorted({one.id for one in entries if one.mode != GITLINK} - self.had)
        if ids and not (self._folder / _WHOLE).exists():
            noop = ("-c", "fetch.negotiationAlgorithm=noop")
            options = ("--filter=blob:none", "--stdin")
            text = "".join(f"{one}\n" for one in ids).encode()
            self.git.run_both(*noop, *_FETCH, *options, "origin", stdin=text)
        self.had.update(ids)

    def write(self, entries: Sequence[Entry], tree: Path, index: Path) -> None:
        """Files on the disk, by the index that is made of them."""
        lines = "".join(f"{one.mode} {one.id}\t{one.path}\0" for one in entries)
        data = os.fsencode(lines)
        where = {"work_tree": tree, "index": index}
        self.git.run_both("update-index", "-z", "--index-info", stdin=data, **where)
        self.git.run("checkout-index", "--all", "--force", **where)

    def _bound(self) -> None:
        """Old commits stay in a clone; it is made anew before they are most of it."""
        size = sum(_size(path) for path in (self._folder / "objects").rglob("*"))
        note = self._folder / _SIZE
        try:
            least = int(note.read_text())
        except (OSError, ValueError):
            least = 0
        if least and size > max(_GROWTH * least, _LEAST):
            self.remove()
            self.prepare()
        elif size and not least:
            note.write_text(str(size))


def _parsed(text: str) -> list[Entry]:
    found = []
    for line in text.split("\0"):
        head, _, path = line.partition("\t")
        if path:
            mode, _, name = head.split(" ")
            found.append(Entry(mode, name, path))
    return found


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
