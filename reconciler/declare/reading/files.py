"""Paths and patterns of `reconciler.yaml` -> the YAML files to read.

Nothing is passed over in silence: a path that matches no file, a folder that cannot be listed and
a link that leads out of the repository are Problems, for each would look like files that were
removed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.yaml_loader import MAX_BYTES
from reconciler.model import Problem

CONFIG_NAME = "reconciler.yaml"
SUFFIXES = (".yaml", ".yml")
_PATTERN = frozenset("*?[")
_PIECE = 1 << 16
_LFS = b"version https://git-lfs.github.com/spec/v1\n"


@dataclass(frozen=True, slots=True)
class File:
    """A file to read. `display` is its path relative to the repository, with `/`, printable;
    `real` its path with every link followed.
    """

    path: str
    display: str
    real: str


class FileError(Exception):
    """A file that may not or cannot be read: a code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def repository_root(folder: Path) -> Path:
    """The nearest parent that holds `.git`, or the folder itself: what a path may not leave."""
    folder = folder.resolve()
    return next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)


def display_path(path: str | Path, root: Path) -> str:
    """`path` as people see it: relative to `root` where it lies in it, never unprintable."""
    text = os.path.relpath(path, root)
    if text.startswith(".." + os.sep):
        text = os.path.normpath(path)
    text = os.fsencode(text).decode("utf-8", "backslashreplace").replace(os.sep, "/")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def read_file(file: File, root: Path) -> bytes:
    """The bytes of a regular file inside `root`, at most one more than MAX_BYTES; FileError."""
    try:
        if file.real != file.path:
            check_inside(file.path, file.real, root)
        # Not blocking: a pipe with such a name would wait for a writer for ever.
        descriptor = os.open(file.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                what = "a folder, not a file" if stat.S_ISDIR(mode) else "not a regular file"
                raise FileError("SCH001", f"it is {what}")
            data = b""  # in pieces: a buffer of MAX_BYTES costs more than most files
            while more := os.read(descriptor, min(_PIECE, MAX_BYTES + 1 - len(data))):
                data += more
            if data.startswith(_LFS):
                raise FileError("SCH050", "it is a pointer of Git LFS: `git lfs pull` fetches it")
            return data
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise FileError("SCH001", _reason(error)) from error


def check_inside(path: str, real: str, root: Path) -> None:
    """FileError if `path`, which is `real` with links followed, is not inside `root`."""
    if real != str(root) and not real.startswith(str(root).rstrip(os.sep) + os.sep):
        kind = "the link leads" if os.path.islink(path) else "the path leads"
        raise FileError("SCH002", f"{kind} out of the repository")


def find_files(
    patterns: Sequence[str], base: Path, root: Path, exclude: Sequence[str] = ()
) -> tuple[list[File], list[Problem]]:
    """The files that `patterns` (relative to `base`) stand for, sorted, each once."""
    found: dict[str, File] = {}
    problems: list[Problem] = []
    for pattern in patterns:
        matches = list(_expand(pattern, base))
        seen = 0
        for match in matches:
            for file in _walk(match, root, problems):
                if exclude and _excluded(file, base, exclude):
                    continue
                found.setdefault(file.real, file)
                seen += 1
        if not seen and not any(p.path == display_path(m, root) for m in matches for p in problems):
            problems.append(_nothing(pattern, base, root, bool(matches), bool(exclude)))
    return sorted(found.values(), key=lambda file: file.display), problems


def _excluded(file: File, base: Path, exclude: Sequence[str]) -> bool:
    relative = display_path(file.path, base)
    return any(fnmatch(relative, pattern) for pattern in exclude)


def _expand(pattern: str, base: Path) -> Iterator[str]:
    if "\0" in pattern:
        return
    path = os.path.normpath(os.path.join(base, pattern))
    if os.path.lexists(path):
        yield path
    elif _PATTERN & set(pattern):
        import glob  # only where a pattern is used

        yield from sorted(glob.glob(os.path.join(glob.escape(str(base)), pattern), recursive=True))


def _walk(path: str, root: Path, problems: list[Problem]) -> Iterator[File]:
    """The YAML files at or below `path`; what is hidden and the configuration are left out, links
    are followed inside the repository, each folder is entered once.
    """
    if not os.path.isdir(path):
        yield from _one(path, root, problems)
        return
    entered: set[str] = set()
    pending = [path]
    while pending:
        folder = pending.pop()
        real = os.path.realpath(folder)
        if real in entered:
            continue
        entered.add(real)
        try:
            check_inside(folder, real, root)
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except FileError as error:
            problems.append(_problem(error.code, folder, root, str(error)))
            continue
        except OSError as error:
            problems.append(_problem("SCH001", folder, root, _reason(error)))
            continue
        shown = display_path(folder, root)
        prefix = "" if shown == "." else f"{shown}/"
        for entry in listed:
            if entry.name.startswith(".") or entry.name == CONFIG_NAME:
                continue
            if _is_folder(entry):
                pending.append(entry.path)
            elif entry.name.lower().endswith(SUFFIXES):
                if entry.is_symlink() or not entry.name.isprintable():
                    yield from _one(entry.path, root, problems)
                else:
                    real_path = f"{real}{os.sep}{entry.name}"
                    yield File(entry.path, f"{prefix}{entry.name}", real_path)


def _one(path: str, root: Path, problems: list[Problem]) -> Iterator[File]:
    """The file at `path`, unless it is outside of `root`."""
    file = File(path, display_path(path, root), os.path.realpath(path))
    try:
        check_inside(path, file.real, root)
    except FileError as error:
        problems.append(_problem(error.code, path, root, str(error)))
    else:
        yield file


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or into a folder that may not be entered
        return False


def _nothing(pattern: str, base: Path, root: Path, exists: bool, excluded: bool) -> Problem:
    shown = display_path(os.path.join(base, pattern.replace("\0", "\\0")), root)
    if exists:
        what = "no YAML file (*.yaml, *.yml) in it" + (" that is not excluded" if excluded else "")
    else:
        what = "no such file or folder"
    return Problem(
        "SCH035", "error", shown, what, hint="nothing is planned from a path that matches no file"
    )


def _problem(code: str, path: str, root: Path, message: str) -> Problem:
    return Problem(code, CODES[code].severity, display_path(path, root), message)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"it cannot be read: {error.strerror.lower()}"
    return "it cannot be read: the path is not valid"
