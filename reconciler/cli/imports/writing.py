"""Files written whole or not at all, and none over what is there."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from reconciler.errors import ReconcilerError
from reconciler.importing import Imported


def write_all(imported: list[Imported], root: Path) -> list[Path]:
    """Write all files, or none if one is there already. Schedules may share one."""
    texts: dict[Path, bytes] = {}
    for one in imported:
        for name, text in one.files.items():
            path = root / name
            if texts.get(path, text) != text or path.exists():
                raise ReconcilerError(f"{path} exists already", hint="--out names another folder")
            texts[path] = text
    made: list[Path] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(path, text)
            made.append(path)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise ReconcilerError(f"{error.filename2 or error.filename}: {reason}") from error
    finally:
        if len(made) < len(texts):
            for path in made:
                path.unlink(missing_ok=True)
    return sorted(texts)


def _write_new(path: Path, data: bytes) -> None:
    """A file that is there whole or not at all; FileExistsError where one came meanwhile."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.chmod(temporary, 0o666 & ~_umask())
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if path.exists():
                raise
            os.rename(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
