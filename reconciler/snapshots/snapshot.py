"""A folder of code, or one file of it -> its Snapshot. Each folder is read once.

Links are followed inside of the repository, as Azure's client follows them; one that leads out is
refused, and so is one that leads back to a folder that it lies in.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.model import Archive, CodeFile, JobDefinition, Snapshot
from reconciler.snapshots.content import TooLarge, digest_at
from reconciler.snapshots.ignored import Ignored, IgnoreError
from reconciler.snapshots.includes import Collected, IncludeError, TooMany, collect


@dataclass(frozen=True, slots=True)
class CodeLimits:
    """How much one folder of code may hold, with what is not left out."""

    files: int = 10_000
    size: int = 1 << 30
    """Bytes."""
    not_code: frozenset[str] = frozenset()
    """Real paths of files and folders that are no code, wherever they lie: what a workspace keeps
    changes with each run.
    """


class SnapshotError(Exception):
    """Code that cannot be taken: a sentence, and what to do about it."""

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        leads_out: bool = False,
        is_pointer: bool = False,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.leads_out = leads_out
        self.is_pointer = is_pointer
        """It is a pointer of Git LFS, and not what it points to."""


class Snapshots:
    """The code of one repository. Not for several threads."""

    def __init__(self, root: Path, limits: CodeLimits | None = None) -> None:
        """`root`: the repository, with links followed: what no link may leave."""
        self._root = str(root)
        self._limits = limits or CodeLimits()
        # With the names alone, which tell nearly all others apart without a look at links.
        places = self._limits.not_code
        self._not_code = places | {os.path.basename(place) for place in places}
        self._taken: dict[str, Snapshot | SnapshotError] = {}
        self._added: dict[str, Snapshot | SnapshotError | IncludeError] = {}

    def take(self, path: str) -> Snapshot:
        """The code at `path`, a folder or a file below the repository. SnapshotError."""
        path = os.path.normpath(path)
        found = self._taken.get(path)
        if found is None:
            try:
                found = self._read(path)
            except SnapshotError as error:
                found = error
            self._taken[path] = found
        if isinstance(found, SnapshotError):
            raise found
        return found

    def take_with(self, path: str | None, includes: Sequence[str], base: str) -> Snapshot:
        """The code at `path`, if there is any, and what is added to it; `includes` are relative to
        the folder `base`. SnapshotError, IncludeError.
        """
        path = None if path is None else os.path.normpath(path)
        key = "\0".join([path or "", os.path.normpath(base), *includes])
        found = self._added.get(key)
        if found is None:
            try:
                found = self._read_with(path, includes, base)
            except (SnapshotError, IncludeError) as error:
                found = error
            self._added[key] = found
        if isinstance(found, SnapshotError | IncludeError):
            raise found
        return found

    def _read_with(self, path: str | None, includes: Sequence[str], base: str) -> Snapshot:
        folder = base if path is None else path if os.path.isdir(path) else os.path.dirname(path)
        shown = self._show(folder)
        made = Collected(self._check_place, self._limits.files)
        try:
            if path is not None and not os.path.exists(path):
                raise SnapshotError(f'"{self._show(path)}" does not exist')
            collect(path, includes, base, made)
            for name in made.places:
                if not _is_usable(name):
                    raise self._unusable(name, folder)
            names = sorted(made.places)
            files = tuple(self._files(made.places.__getitem__, names, shown))
        except IgnoreError as error:
            raise SnapshotError(f'"{shown}": {error}') from error
        except TooMany as error:
            raise self._too_many(shown) from error
        except (OSError, ValueError) as error:
            raise SnapshotError(f'"{shown}" cannot be read: {_why(error, folder)}') from error
        except RecursionError as error:
            raise SnapshotError(f'"{shown}" has too many levels of folders') from error
        return Snapshot(digest_of(files), files, shown, folder, places=made.places)

    def _read(self, path: str) -> Snapshot:
        shown = self._show(path)
        try:
            self._check_inside(path, shown)
            if os.path.isdir(path):
                folder = path
                names: Iterable[str] = sorted(self._names(path))
            elif os.path.exists(path):
                folder, name = os.path.split(path)
                names = [name]
            else:
                raise SnapshotError(f'"{shown}" does not exist')
            files = tuple(self._files(lambda name: f"{folder}/{name}", names, shown))
        except (OSError, ValueError) as error:
            raise SnapshotError(f'"{shown}" cannot be read: {_why(error, path)}') from error
        except RecursionError as error:
            raise SnapshotError(f'"{shown}" has too many levels of folders') from error
        return Snapshot(digest_of(files), files, shown, folder, is_file=folder != path)

    def _files(
        self, place_of: Callable[[str], str | Archive], names: Iterable[str], shown: str
    ) -> Iterator[CodeFile]:
        left = self._limits.size
        composed: set[str] = set()
        for name in names:
            if not name.isascii():
                # Two ways of writing one name: a single file on some machines.
                if (one := unicodedata.normalize("NFC", name)) in composed:
                    what = f'"{shown}" holds two files whose names look the same: {_shown(name)}'
                    raise SnapshotError(what, "rename one of them")
                composed.add(one)
            place = place_of(name)
            try:
                digest, size = digest_at(place, left)
            except TooLarge as error:
                what = f'"{shown}" has more than {_bytes(self._limits.size)}'
                raise SnapshotError(f"{what}, {_shown(name)} among it", _HINT) from error
            if _LEAST <= size < _POINTER and isinstance(place, str) and _is_pointer(place):
                at = name if name == shown or shown.endswith(f"/{name}") else f"{shown}/{name}"
                what = f'"{at}" is a pointer of Git LFS, and its content is not here'
                hint = "`git lfs pull` fetches it; .amlignore leaves out what does not belong to it"
                raise SnapshotError(what, hint, is_pointer=True)
            left -= size
            yield CodeFile(name, size, digest)

    def _names(self, folder: str) -> Iterator[str]:
        """The files that count, by their paths relative to `folder`, as many as there may be."""
        shown = self._show(folder)
        try:
            ignored = Ignored(folder)
        except IgnoreError as error:
            raise SnapshotError(f'"{shown}": {error}') from error
        for number, name in enumerate(self._walk(folder, "", ignored, ())):
            if number == self._limits.files:
                raise self._too_many(shown)
            yield name

    def _too_many(self, shown: str) -> SnapshotError:
        files = "1 file" if self._limits.files == 1 else f"{self._limits.files:,} files"
        return SnapshotError(f'"{shown}" has more than {files}', _HINT)

    def _walk(
        self, folder: str, below: str, ignored: Ignored, above: tuple[str, ...]
    ) -> Iterator[str]:
        real = os.path.realpath(folder)
        if real in above:
            raise SnapshotError(f'"{self._show(folder)}" leads back to a folder that it lies in')
        above = (*above, real)
        # Patterns are held against where a linked folder really lies, as by the client.
        place = os.path.relpath(real, above[0]).replace(os.sep, "/")
        place = "" if place == "." else f"{place}/"
        with os.scandir(folder) as entries:
            listed = list(entries)
        for entry in listed:
            if entry.name in self._not_code and os.path.realpath(entry.path) in self._not_code:
                continue
            name = f"{below}{entry.name}"
            if entry.is_dir():
                if not ignored.has_folder(f"{place}{entry.name}"):
                    self._check_link(entry)
                    yield from self._walk(entry.path, f"{name}/", ignored, above)
            elif not ignored.has_file(f"{place}{entry.name}"):
                self._check_link(entry)
                if not _is_usable(name):
                    raise self._unusable(name, folder)
                yield name

    def _unusable(self, name: str, folder: str) -> SnapshotError:
        why = "cannot be used everywhere" if _is_utf8(name) else "is not UTF-8"
        what = f'"{self._show(folder)}" holds a file whose name {why}: {_shown(name)}'
        return SnapshotError(what, "rename it")

    def _check_link(self, entry: os.DirEntry[str]) -> None:
        if entry.is_symlink():
            self._check_inside(entry.path, self._show(entry.path))
            os.stat(entry.path)  # a link to nothing

    def _check_place(self, path: str) -> None:
        self._check_inside(path, self._show(path))

    def _check_inside(self, path: str, shown: str) -> None:
        real = os.path.realpath(path)
        if real != self._root and not real.startswith(self._root.rstrip(os.sep) + os.sep):
            raise SnapshotError(f'"{shown}" leads out of the repository', leads_out=True)

    def _show(self, path: str) -> str:
        return _shown(os.path.relpath(path, self._root))


_LFS = b"version https://git-lfs.github.com/spec/v1\n"
_LEAST, _POINTER = 120, 1024
"""Bytes that a pointer has at most, as Git LFS says."""


def _is_pointer(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_LFS)) == _LFS


_HINT = "name what does not belong to it in its .amlignore, or raise the limits under code"


def digest_of(files: Iterable[CodeFile]) -> str:
    """The digest of a snapshot with these files, which are sorted by path."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file.path}\0{file.digest}\n".encode())
    return whole.hexdigest()


def files_of(job: JobDefinition) -> set[str]:
    """Every file that a job brings along, and its own: paths relative to the repository."""
    files = {job.path, *job.components}
    for snapshot in job.snapshots.values():
        if snapshot.places:
            files |= {os.path.relpath(place, job.root) for place in _members(snapshot)}
            continue
        within = "" if snapshot.is_file else snapshot.path
        names = (snapshot.path if snapshot.is_file else file.path for file in snapshot.files)
        files |= {os.path.normpath(os.path.join(within, name)) for name in names}
    return files


def place_of(snapshot: Snapshot, file: CodeFile) -> str | Archive:
    """Where a file of a snapshot lies on this machine."""
    return snapshot.places.get(file.path) or os.path.join(snapshot.folder, *file.path.split("/"))


def _members(snapshot: Snapshot) -> Iterator[str]:
    for place in snapshot.places.values():
        if isinstance(place, Archive):
            yield from (path for _, path in place.members if path)
        else:
            yield place


def _is_usable(name: str) -> bool:
    """Whether a file of that name can be on any machine."""
    return (name.isascii() and name.isprintable() and "\\" not in name) or (
        _is_utf8(name) and not set(name) & set("\\\n\0")
    )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    text = os.fsencode(path).decode("utf-8", "backslashreplace").replace(os.sep, "/")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _bytes(number: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024 or number % 1024:
            return f"{number:,} {unit}"
        number //= 1024
    return f"{number:,} GiB"


def _why(error: OSError | ValueError, path: str) -> str:
    if not isinstance(error, OSError):
        return "the path is not valid"
    why = error.strerror.lower() if error.strerror else str(error.args[1] if error.args else "")
    named = error.filename
    if isinstance(named, str) and os.path.normpath(named) != path:
        return f"{why} ({_shown(os.path.relpath(named, path))})"
    return why
