"""What a target says of a field -> a Problem with its line and column.

Targets know fields, and no files: where one stands is looked up once there is something to say.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.declare.document_kinds import Kind, classify
from reconciler.declare.findings import Finding, json_path, place
from reconciler.declare.reading.files import File, FileError, check_inside, read_file
from reconciler.declare.reading.positions import Locator
from reconciler.model import Note, Place, Problem, Schedule


class Places:
    """The files of one repository; each is read once. Not for several threads."""

    def __init__(self, root: Path | None) -> None:
        """`root`: the repository; None: it is not at hand, and a problem is about a whole file."""
        self._root = root
        self._locators: dict[str, Locator | None] = {}
        self._jobs: dict[str, int] = {}

    def of_note(self, code: str, schedule: Schedule, note: Note) -> Problem:
        """A Problem about the field that a note is about."""
        if note.at is not None:
            message = f"{schedule.key.target}: {note.message}"
            return self.at(code, note.at, message, note.hint)
        keys = tuple(note.path.split("."))
        return self.of_schedule(
            schedule, Finding(code, keys, f"{schedule.key}: {note.message}", note.hint)
        )

    def of_schedule(self, schedule: Schedule, finding: Finding) -> Problem:
        """A Problem about a field of a declaration, where it overrides it for its target."""
        source, keys = schedule.source, finding.path
        path, document = (source.path, source.document) if source else (schedule.key.name, 0)
        locator = self._locator(path) if source else None
        overridden = ("overrides", schedule.key.target, *keys)
        if locator is not None and locator.has(document, overridden):
            keys = overridden
        line = source.line if source else 1
        return self._placed(replace(finding, path=keys), path, locator, document, line)

    def at(self, code: str, at: Place, message: str, hint: str | None) -> Problem:
        """A Problem about a value of a job file, or of a component's."""
        finding, locator = Finding(code, at.keys, message, hint), self._locator(at.path)
        if at.path not in self._jobs:
            self._jobs[at.path] = locator.first(_is_job) if locator is not None else 0
        return self._placed(finding, at.path, locator, self._jobs[at.path], 1)

    def _placed(
        self, finding: Finding, path: str, locator: Locator | None, document: int, line: int
    ) -> Problem:
        if locator is None:
            made = place(finding, path, Locator(b""), 0)
            return replace(made, line=line, end_column=None, excerpt=None)
        keys = finding.path
        while keys and not locator.has(document, keys):
            keys = keys[:-1]  # `create_job: ./job.yml` is all that there is of create_job.job
        made = place(replace(finding, path=keys), path, locator, document)
        return replace(made, json_path=json_path(finding.path))

    def _locator(self, path: str) -> Locator | None:
        if path not in self._locators:
            self._locators[path] = self._read(path)
        return self._locators[path]

    def _read(self, path: str) -> Locator | None:
        if self._root is None:
            return None
        found = str(self._root / path)
        file = File(found, path, os.path.realpath(found))
        try:
            check_inside(file.path, file.real, self._root)
            return Locator(read_file(file, self._root))
        except FileError:
            return None


def _is_job(document: Any) -> bool:
    """Whether it is what a file beside a declaration is read for: others may stand in it too."""
    return classify(document)[0] in (Kind.JOB, Kind.COMPONENT)
