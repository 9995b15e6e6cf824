"""Who may read the files that the program keeps: their owner alone, or a group too.

Whatever the umask is, and also where the files were made before: a file is tightened when it is
opened. What belongs to another user, who alone can change that, is left as it is. What a step may
have put in place of a file is not read.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Literal

from reconciler.system.workspace_files import OF_SQLITE

ReadableBy = Literal["owner", "group"]
FOLDER = ".reconciler"
"""The name of the folder that is ours; any other may hold what is somebody else's."""

_PIECE = 1 << 30
_FILE: dict[ReadableBy, int] = {"owner": 0o600, "group": 0o640}
_FOLDER: dict[ReadableBy, int] = {"owner": 0o700, "group": 0o750}


def make_folder(path: Path, readable_by: ReadableBy = "owner") -> None:
    """A folder that is ours, with those above it; one that is there is tightened. OSError."""
    if not path.is_dir():
        make_parents(path, readable_by)
        path.mkdir(mode=0o700, exist_ok=True)
    tighten(path, readable_by)


def make_parents(path: Path, readable_by: ReadableBy = "owner") -> None:
    """The folders above a file of ours: those that are made, and one named FOLDER, are ours."""
    above = path.parent
    missing = []
    while not above.exists() and above != above.parent:
        missing.append(above)
        above = above.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        tighten(folder, readable_by)
    if path.parent.name == FOLDER:
        tighten(path.parent, readable_by)


def tighten(path: Path, readable_by: ReadableBy = "owner") -> None:
    """Give a file or a folder its mode, if it is there, is ours and has another."""
    modes = _FOLDER if path.is_dir() else _FILE
    with suppress(OSError):
        found = os.lstat(path)
        regular = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
        if regular and stat.S_IMODE(found.st_mode) != modes[readable_by]:
            os.chmod(path, modes[readable_by])


def tighten_database(
    path: Path, readable_by: ReadableBy = "owner", *, create: bool = False
) -> None:
    """A SQLite file and those beside it, before it is opened: SQLite gives the others its mode.

    `create`: it is made, empty, if it is not there. OSError.
    """
    if create and not path.exists():
        make_parents(path, readable_by)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    real = Path(os.path.realpath(path))
    for suffix in OF_SQLITE:
        tighten(real.with_name(real.name + suffix), readable_by)


def tighten_runs(folder: Path, readable_by: ReadableBy = "owner") -> None:
    """The folder of all runs, and where it was open, each run in it with its logs. OSError."""
    known = folder.is_dir()
    if known and stat.S_IMODE(folder.stat().st_mode) == _FOLDER[readable_by]:
        return
    if known:
        for run in folder.iterdir():
            tighten(run, readable_by)
            logs = run / "logs"
            tighten(logs, readable_by)
            if logs.is_dir() and not logs.is_symlink():
                for log in logs.iterdir():
                    tighten(log, readable_by)
    make_folder(folder, readable_by)


def copy_file(old: BinaryIO, new: BinaryIO) -> None:
    """Copy an open file, of which nothing was read, into a new one. Where the file system copies
    when one of both is written (XFS, Btrfs), they share their blocks until then. OSError.
    """
    with suppress(AttributeError, OSError):  # no Linux, or two file systems: see below
        while os.copy_file_range(old.fileno(), new.fileno(), _PIECE):
            pass
    shutil.copyfileobj(old, new)  # what is left, mostly nothing


def plain_file(path: str, flags: int) -> int:
    """As `opener` of open(): a file and nothing else, for a step can put a link or a pipe where its
    log was. OSError.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "it is no file")


def opener(readable_by: ReadableBy = "owner") -> _Opener:
    """For `open`: a file that is made is ours from its first moment."""
    return _Opener(readable_by)


class _Opener:
    def __init__(self, readable_by: ReadableBy) -> None:
        self._mode = _FILE[readable_by]

    def __call__(self, path: str, flags: int) -> int:
        descriptor = os.open(path, flags, 0o600)
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != self._mode and hasattr(os, "fchmod"):
            with suppress(OSError):
                os.fchmod(descriptor, self._mode)
        return descriptor
