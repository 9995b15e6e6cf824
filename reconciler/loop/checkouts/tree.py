"""A commit -> files on the disk: a folder, and what its declarations refer to.

Which files those are is found out in rounds: what was written is looked through for paths that lead
out of the folder and for links, and what they lead to is written too. All of it is noted by what it
is in the commit, also what was looked for and is not there, so that a later commit in which all of
it is the same needs no other checkout.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.declare.reading.absent import LEFT_OUT, OUTSIDE
from reconciler.loop.checkouts.clone import GITLINK, LINK, TREE, Clone, Entry
from reconciler.loop.checkouts.extras import Extras
from reconciler.loop.checkouts.references import is_below, paths_up

_ROUNDS = 50
_MOST_BYTES = 8_000_000
_YAML = (".yml", ".yaml")
_ATTRIBUTES = ".gitattributes"

Parts = dict[str, str]
"""Path in the repository -> mode and id of what is there; empty: nothing is."""


def parts_of(clone: Clone, commit: str, paths: Sequence[str]) -> Parts:
    """What stands at `paths` in a commit."""
    found = {e.path: f"{e.mode} {e.id}" for e in clone.entries(commit, paths, below=False)}
    return {path: found.get(path, "") for path in paths}


def check_out(clone: Clone, commit: str, path: str, place: Path, extras: Extras) -> Parts:
    """Write `path` of a commit and what it refers to into `place`/tree. SourceError, OSError."""
    made = _Checkout(clone, commit, place)
    # Marks the root of the repository, above which nothing is read.
    (made.tree / ".git").mkdir(parents=True)
    wanted = {path}
    for _ in range(_ROUNDS):
        if not wanted:
            break
        wanted = made.add(wanted)
    else:
        made.add({"."})
    absent = []
    for link in made.gitlinks:
        if not extras.submodules:
            absent.append(link.path)
        else:
            extras.submodule(clone, commit, link, made.tree)
    if extras.lfs:
        extras.large_files(clone, made.tree, made.files.values())
    git = made.tree / ".git"
    (git / LEFT_OUT).write_bytes(_names(absent))
    (git / OUTSIDE).write_bytes(_names(made.outside()))
    return dict(sorted(made.parts.items()))


def _names(paths: Sequence[str]) -> bytes:
    return os.fsencode("".join(f"{path}\0" for path in paths))


@dataclass(slots=True)
class _Checkout:
    clone: Clone
    commit: str
    place: Path
    parts: Parts = field(default_factory=dict)
    files: dict[str, Entry] = field(default_factory=dict)
    gitlinks: list[Entry] = field(default_factory=list)

    @property
    def tree(self) -> Path:
        return self.place / "tree"

    def add(self, wanted: set[str]) -> set[str]:
        """Write what is at `wanted`; what that refers to and is not there yet."""
        there = {path for path, what in self.parts.items() if what}
        asked = {path for path in wanted if not is_below(path, there)}
        asked |= {
            posixpath.join(folder, _ATTRIBUTES) for path in asked for folder in _folders(path)
        }
        asked -= set(self.parts)
        new = parts_of(self.clone, self.commit, sorted(asked))
        self.parts |= new
        existing = sorted(path for path, what in new.items() if what)
        entries = self.clone.entries(self.commit, existing, below=True) if existing else []
        entries = [entry for entry in entries if entry.path not in self.files]
        self.gitlinks += [entry for entry in entries if entry.mode == GITLINK]
        files = [entry for entry in entries if entry.mode != GITLINK]
        if files:
            self.clone.need(files)
            self.clone.write(files, self.tree, self.place / f"index-{len(self.parts)}")
        self.files |= {entry.path: entry for entry in entries}
        missing = [path for path, what in new.items() if not what and path not in wanted]
        missing += [path for path in asked & wanted if not new[path]]
        found = {path for entry in files for path in self._references(entry)}
        found |= self._links_above(missing)
        return {path for path in found if path not in self.parts and not is_below(path, there)}

    def _references(self, entry: Entry) -> Iterator[str]:
        """The paths that a file leads to, out of its folder."""
        file = self.tree / entry.path
        folder = posixpath.dirname(entry.path)
        if entry.mode == LINK:
            target = posixpath.normpath(posixpath.join(folder, os.readlink(file)))
            if not target.startswith(("..", "/")):
                yield target
        elif entry.path.lower().endswith(_YAML) and file.lstat().st_size <= _MOST_BYTES:
            data = file.read_bytes()
            if b".." in data:
                yield from paths_up(data.decode("utf-8", "replace"), folder)

    def _links_above(self, missing: Sequence[str]) -> set[str]:
        """Links on the way to what is not there: it may lie where they lead to."""
        above = {folder for path in missing for folder in _folders(path) if folder}
        found = self.clone.entries(self.commit, sorted(above), below=False) if above else []
        return {entry.path for entry in found if entry.mode == LINK}

    def outside(self) -> list[str]:
        """The files and folders that are left out, the uppermost of each."""
        parts = {path for path, what in self.parts.items() if what}
        if "." in parts:
            return []
        above = {folder for path in parts for folder in _folders(path)}
        left = []
        for folder in sorted(folder for folder in above if not is_below(folder or ".", parts)):
            for entry in self.clone.folder(self.commit, folder):
                if entry.path in above or is_below(entry.path, parts):
                    continue
                left.append(entry.path + ("/" if entry.mode in (TREE, GITLINK) else ""))
        return left


def _folders(path: str) -> list[str]:
    """The folders above a path, from the root ("") down."""
    if path in ("", "."):
        return [""]
    names = path.split("/")
    return ["/".join(names[:number]) for number in range(len(names))]
