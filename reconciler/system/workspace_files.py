"""What an embedded workspace keeps beside its SQLite file: how each file and folder is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

Folder = Literal["code", "runs", "uploads"]
File = Literal["lock", "token", "read-only-token"]
OF_SQLITE = ("", "-wal", "-shm", "-journal")
"""The ends of the names of a SQLite file and of those that SQLite keeps beside it."""


def folder_beside(workspace: Path, what: Folder) -> Path:
    """The folder for code, runs or uploads of the workspace in that file."""
    return workspace.with_name(f"{workspace.stem}-{what}")


def file_beside(workspace: Path, what: File) -> Path:
    """The lock of its engine, or a token of `serve`."""
    return workspace.with_name(f"{workspace.name}.{what}")


def all_of(workspace: Path) -> Iterator[Path]:
    """The file itself and all that is beside it, whether it is there or not."""
    for end in OF_SQLITE:
        yield workspace.with_name(workspace.name + end)
    for folder in get_args(Folder):
        yield folder_beside(workspace, folder)
    for file in get_args(File):
        yield file_beside(workspace, file)
