"""A whole copy of a SQLite file that others may be writing."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from reconciler.system.file_access import ReadableBy, tighten
from reconciler.workspace.store.database import StoreError, translated


def back_up(source: Path, copy: Path, readable_by: ReadableBy = "owner") -> None:
    """Copy `source` as it is at one moment to `copy`, which must not be there; StoreError.

    The copy is one file, whole by itself, and appears under its name when it is complete.
    """
    if not source.is_file():
        raise StoreError(f"{source}: there is no such file")
    if os.path.lexists(copy):
        raise StoreError(f"{copy} exists already")
    part = copy.with_name(f".{copy.name}.part")
    try:
        with translated(copy):
            part.touch(mode=0o600)
            uri = f"file:{quote(str(source))}?mode=ro"
            with (
                closing(sqlite3.connect(uri, uri=True)) as there,
                closing(sqlite3.connect(part)) as here,
            ):
                there.backup(here)
                here.execute("PRAGMA journal_mode = DELETE")
                if here.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                    raise StoreError(f"{source} is damaged: no copy was made")
            tighten(part, readable_by)
            os.link(part, copy)  # never over what another made meanwhile
    finally:
        with suppress(OSError):
            part.unlink()
