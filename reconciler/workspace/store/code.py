"""The code of published versions, beside the workspace file: each content once.

A file is written before the version that needs it counts, and goes only when none does; both are
settled under the write lock of the database, so that no version is ever without its code.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path

from reconciler.model import CodeFile, Snapshot
from reconciler.snapshots import content_of, place_of
from reconciler.system.file_access import copy_file, make_folder, make_parents, opener
from reconciler.system.workspace_files import folder_beside
from reconciler.workspace.store.contents import NEW, OtherContent, content_path, write_contents
from reconciler.workspace.store.database import Database, Refused, StoreError, translated
from reconciler.workspace.store.references import split_reference

_RUN_BY_THE_SYSTEM = (b"#!", b"\x7fELF")
"""How files begin that are programs: they may be run, whatever mode they had."""


_ABANDONED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class VersionCode:
    """The code of one step, or of several, of a published version."""

    code: str
    """As it stands in the document."""
    path: str
    """Relative to the repository that it came from."""
    files: tuple[CodeFile, ...] | None
    """None: it was dropped, for nothing needed it."""

    @property
    def single_file(self) -> str | None:
        """The name of the file that it is, if it is no folder."""
        is_one = self.files is not None and len(self.files) == 1
        name = self.files[0].path if is_one and self.files else ""
        return name if is_one and _is_file(self.path, name) else None


class CodeStore:
    """The code of one workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def folder(self) -> Path:
        """Where the contents are kept, by their digests."""
        return folder_beside(self._database.path, "code")

    def of(self, name: str, version: str) -> dict[str, VersionCode]:
        """The code of a version, by how it stands in the document; none where it has none."""
        rows = self._database.read(
            "SELECT v.code, v.path, s.files FROM version_code v"
            " LEFT JOIN snapshots s ON s.digest = v.snapshot WHERE v.name = ? AND v.version = ?",
            (name, version),
        )
        with translated(self._database.path):
            return parse_code(rows)

    # ----------------------------------------------------------------------------------- writing

    def prepare(self, name: str, version: str, code: Mapping[str, Snapshot]) -> None:
        """Write what a version is going to need, without the lock: it may take a while."""
        if not code:
            return
        known = self.of(name, version)
        with translated(self._database.path):
            for key, snapshot in code.items():
                if key not in known or known[key].files is None:
                    self._write({key: snapshot})

    def record(
        self,
        connection: sqlite3.Connection,
        name: str,
        version: str,
        code: Mapping[str, Snapshot],
    ) -> None:
        """In a transaction: the version has this code, all of which is there."""
        rows = connection.execute(
            "SELECT code FROM version_code WHERE name = ? AND version = ? AND snapshot IS NOT NULL",
            (name, version),
        )
        known = {row[0] for row in rows}
        missing = {key: snapshot for key, snapshot in code.items() if key not in known}
        self._write(missing)
        for key, snapshot in missing.items():
            files = [[file.path, file.size, file.digest] for file in snapshot.files]
            connection.execute(
                "INSERT OR IGNORE INTO snapshots VALUES (?, ?)",
                (snapshot.digest, json.dumps(files, ensure_ascii=False, separators=(",", ":"))),
            )
            connection.execute(
                "INSERT OR REPLACE INTO version_code VALUES (?, ?, ?, ?, ?)",
                (name, version, key, _stored_path(snapshot), snapshot.digest),
            )

    def _write(self, code: Mapping[str, Snapshot]) -> None:
        for snapshot in code.values():
            wanted = {
                file.digest: partial(self._read, snapshot, file)
                for file in snapshot.files
                if not self.place(file.digest).exists()
            }
            if not wanted:
                continue
            try:
                write_contents(wanted, self.folder, self._database.readable_by)
            except OtherContent as error:
                what = f"the code {snapshot.path} was changed after the plan was made"
                raise Refused(what) from error

    def _read(self, snapshot: Snapshot, file: CodeFile) -> Iterator[bytes]:
        pieces = content_of(place_of(snapshot, file))
        while True:
            try:
                piece = next(pieces, None)
            except OSError as error:
                why = (error.strerror or "it is not a regular file").lower()
                raise Refused(f"the code {snapshot.path}: {file.path}: {why}") from error
            if piece is None:
                return
            yield piece

    # ----------------------------------------------------------------------------------- running

    def copy(self, found: VersionCode, folder: Path) -> None:
        """Put a copy of the code into `folder`, which is made. StoreError, OSError."""
        if found.files is None:
            raise StoreError(f"the code {found.path} was dropped by `runs prune`; publish it again")
        readable_by = self._database.readable_by
        make_folder(folder, readable_by)
        for file in found.files:
            place = folder.joinpath(*file.path.split("/"))
            make_parents(place, readable_by)
            self._copy_file(found, file, place)

    def _copy_file(self, found: VersionCode, file: CodeFile, place: Path) -> None:
        try:
            with (
                open(self.place(file.digest), "rb") as old,
                open(place, "wb", opener=opener(self._database.readable_by)) as new,
            ):
                copy_file(old, new)
        except FileNotFoundError as error:
            raise StoreError(f"the code {found.path} is damaged: {file.path} is missing") from error
        with open(place, "rb") as made:
            first = made.read(4)
            made.seek(0)
            digest = hashlib.file_digest(made, "sha256").hexdigest()
        if digest != file.digest:
            raise StoreError(f"the code {found.path} is damaged: {file.path} is another")
        if first.startswith(_RUN_BY_THE_SYSTEM):
            place.chmod(0o700)

    # ---------------------------------------------------------------------------------- dropping

    def prune(self, keep: Collection[tuple[str, str]] = ()) -> int:
        """Drop the code of versions that nothing needs; how many files went.

        Needed are the newest version of each pipeline, those that schedules and runs name, and
        `keep`.
        """
        with self._database.writing() as connection:
            needed = set(keep) | set(_needed(connection))
            held = connection.execute(
                "SELECT DISTINCT name, version FROM version_code WHERE snapshot IS NOT NULL"
            ).fetchall()
            connection.executemany(
                "UPDATE version_code SET snapshot = NULL WHERE name = ? AND version = ?",
                [row for row in held if tuple(row) not in needed],
            )
            connection.execute(
                "DELETE FROM snapshots WHERE digest NOT IN"
                " (SELECT snapshot FROM version_code WHERE snapshot IS NOT NULL)"
            )
        # In a transaction of its own: what ends here leaves files alone, which go the next time.
        with self._database.writing() as connection:
            rows = connection.execute("SELECT files FROM snapshots").fetchall()
            wanted = {file.digest for row in rows for file in _files(row[0]) or ()}
            unneeded = [path for path in self._contents() if path.name not in wanted]
            for path in unneeded:
                path.unlink(missing_ok=True)
        return len(unneeded)

    def _contents(self) -> Iterator[Path]:
        """Every content; what is being written is left to who writes it, for an hour."""
        if not self.folder.is_dir():
            return
        for folder in self.folder.iterdir():
            for path in folder.iterdir() if folder.is_dir() else ():
                if not path.name.startswith(NEW) or _age(path) > _ABANDONED_SECONDS:
                    yield path

    def place(self, digest: str) -> Path:
        """Where the content of that digest is, if it is there."""
        return content_path(self.folder, digest)


def parse_code(rows: Iterable[tuple[str, str, str | None]]) -> dict[str, VersionCode]:
    """The code of a version from how it stands in the document, its path and its files as stored;
    ValueError.
    """
    return {code: VersionCode(code, path, _files(files)) for code, path, files in rows}


def code_files(found: Iterable[VersionCode]) -> list[tuple[str, CodeFile]]:
    """The files of a version by their paths relative to the repository, sorted."""
    found_files = ((in_repository(c.path, file), file) for c in found for file in c.files or ())
    return sorted(found_files, key=itemgetter(0))


def in_repository(path: str, file: CodeFile) -> str:
    """The path of a file of code relative to the repository; `path`: of its snapshot."""
    return (
        path if _is_file(path, file.path) else posixpath.normpath(posixpath.join(path, file.path))
    )


def _stored_path(snapshot: Snapshot) -> str:
    """With a `/` at the end where a folder would look like the only file in it."""
    is_alike = any(_is_file(snapshot.path, file.path) for file in snapshot.files)
    return f"{snapshot.path}/" if is_alike and not snapshot.is_file else snapshot.path


def _is_file(path: str, name: str) -> bool:
    return path == name or path.endswith(f"/{name}")


def _files(text: str | None) -> tuple[CodeFile, ...] | None:
    if text is None:
        return None
    return tuple(CodeFile(path, size, digest) for path, size, digest in json.loads(text))


def _needed(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    yield from connection.execute(
        "SELECT name, version FROM pipeline_versions v WHERE number ="
        " (SELECT max(number) FROM pipeline_versions WHERE name = v.name)"
    )
    yield from connection.execute("SELECT DISTINCT pipeline, version FROM runs")
    for (document,) in connection.execute("SELECT document FROM schedules"):
        name, version = split_reference(json.loads(document)["create_job"]["job"])
        if version is not None:
            yield name, version


def _age(path: Path) -> float:
    with suppress(OSError):
        return time.time() - path.stat().st_mtime
    return 0.0
