"""What a checkout has from elsewhere, where the loop is told to: submodules, files of Git LFS."""

from __future__ import annotations

import hashlib
import posixpath
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

from reconciler.errors import SourceError
from reconciler.loop.checkouts.clone import GITLINK, LINK, Clone, Entry
from reconciler.loop.git import checked
from reconciler.render.plain_text import printable

_DEEPEST = 5
_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_POINTER_BYTES = 1024
_NAME = re.compile(r"submodule\.(?P<name>[^\n]*+)\n(?P<value>[^\n]*+)")


@dataclass(frozen=True, slots=True)
class Extras:
    """`modules`: the folder of the clones of submodules."""

    modules: Path
    submodules: bool = False
    lfs: bool = False

    def submodule(self, clone: Clone, commit: str, link: Entry, tree: Path, depth: int = 1) -> None:
        """Write a submodule, and those in it, to where it belongs in `tree`. SourceError."""
        if depth > _DEEPEST:
            raise SourceError(f"{clone.git.shown}: submodules lie more than {_DEEPEST} deep")
        address = _resolved(clone.git.address, _address(clone, commit, link.path))
        folder = self.modules / f"{_slug(address)}.git"
        inner = Clone(clone.git.at(folder, address))
        inner.prepare()
        inner.fetch(link.id)
        entries = inner.entries(link.id, ["."], below=True)
        files = [entry for entry in entries if entry.mode != GITLINK]
        place = _place(tree, link.path, clone.git.shown)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        inner.need(files)
        if files:
            with TemporaryDirectory(dir=self.modules) as there:
                inner.write(files, place, Path(there) / "index")
        for entry in entries:
            if entry.mode == GITLINK:
                self.submodule(inner, link.id, entry, place, depth + 1)
        if self.lfs:
            self.large_files(inner, place, files)

    def large_files(self, clone: Clone, tree: Path, files: Iterable[Entry]) -> None:
        """Put what a pointer of Git LFS stands for in its place. SourceError."""
        for entry in files:
            path = tree / entry.path
            if entry.mode in (LINK, GITLINK) or path.lstat().st_size > _POINTER_BYTES:
                continue
            pointer = path.read_bytes()
            if not pointer.startswith(_POINTER):
                continue
            with NamedTemporaryFile(dir=path.parent, delete=False) as made:
                clone.git.write_to(made, "lfs", "smudge", "--", entry.path, stdin=pointer)
            if Path(made.name).read_bytes()[:_POINTER_BYTES] == pointer:
                Path(made.name).unlink()
                raise SourceError(f"{clone.git.shown}: Git LFS has not {printable(entry.path)}")
            Path(made.name).chmod(path.stat().st_mode)
            Path(made.name).replace(path)


def _place(tree: Path, path: str, shown: str) -> Path:
    """Where a submodule belongs. Trees of Git hold any name, and what stands there is removed."""
    place = tree / path
    names = path.split("/")
    leads_out = any(name in ("", ".", "..") or name.lower() == ".git" for name in names)
    if leads_out or not place.parent.resolve().is_relative_to(tree.resolve()):
        raise SourceError(f"{shown}: the submodule {printable(path)} leads out of the repository")
    return place


def _address(clone: Clone, commit: str, path: str) -> str:
    """What `.gitmodules` of a commit says of the submodule at `path`."""
    shown = printable(path)
    found = clone.entries(commit, [".gitmodules"], below=False)
    if not found:
        raise SourceError(
            f"{clone.git.shown}: {shown} is a submodule, and .gitmodules is not there"
        )
    clone.need(found)
    options = ("config", "--blob", found[0].id, "-z", "--get-regexp")
    said = clone.git.run(*options, r"^submodule\..*\.(path|url)$")
    values = {}
    for line in said.split("\0"):
        match = _NAME.match(line)
        if match:
            values[match["name"]] = match["value"]
    for name, value in values.items():
        if name.endswith(".path") and value == path:
            url = values.get(name.removesuffix("path") + "url")
            if url:
                return url
    raise SourceError(f"{clone.git.shown}: .gitmodules has no address for {shown}")


def _resolved(parent: str, address: str) -> str:
    """An address as `.gitmodules` has it: relative ones are so to that of the repository.

    A repository elsewhere may not have files of this machine read.
    """
    if address.startswith(("./", "../")):
        parts = urlsplit(parent)
        if not parts.scheme:
            host, _, path = parent.partition(":")
            return checked(f"{host}:{posixpath.normpath(posixpath.join(path, address))}")
        path = posixpath.normpath(posixpath.join(parts.path, address))
        return checked(urlunsplit((parts.scheme, parts.netloc, path, "", "")))
    if address.startswith("/"):
        address = f"file://{address}"
    if address.startswith("file:") and not parent.startswith("file:"):
        raise SourceError("a submodule at an address of this machine is refused")
    return checked(address)


def _slug(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:16]
