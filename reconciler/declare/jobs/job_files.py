"""The job files of a repository: each is read and checked once, however many schedules run it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reconciler.declare.document_kinds import Kind, classify
from reconciler.declare.findings import Finding, clip, place
from reconciler.declare.jobs.component_files import ComponentFiles
from reconciler.declare.jobs.job_document import JobFile, read_job
from reconciler.declare.jobs.registered import with_registered
from reconciler.declare.problem_codes import CODES
from reconciler.declare.reading.absent import why_absent
from reconciler.declare.reading.files import File, FileError, check_inside, display_path, read_file
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import parse
from reconciler.declare.resolve import TargetSettings
from reconciler.model import JobDefinition, Problem
from reconciler.snapshots import CodeLimits

REGISTERED = ("azureml:", "/subscriptions/")


class JobFiles:
    """Job files by their real path, and the problems of those that only a schedule led to."""

    def __init__(
        self, root: Path, searched: Collection[str] = (), limits: CodeLimits | None = None
    ) -> None:
        """`searched`: real paths of the files that are read in their own right, too. `limits`: of
        the code that a job brings along.
        """
        self.components = ComponentFiles(root, searched, limits)
        self._root = root
        self._searched = searched
        self._read: dict[str, JobFile] = {}
        self._document: dict[str, int] = {}
        self._unusable: dict[str, Finding] = {}
        self._problems: list[Problem] = []
        self._in_target: dict[tuple[str, str], JobDefinition] = {}
        # Ten thousand schedules of one folder that run one job look it up once.
        self._found: dict[tuple[str, str], tuple[JobFile | None, Finding | None]] = {}

    def __len__(self) -> int:
        return len(self._read)

    def add(self, file: File, document: dict[str, Any], index: int) -> tuple[Finding, ...]:
        """A job document met in a file of its own right; its findings, the first time."""
        first = self._document.setdefault(file.real, index)
        if first != index:
            return (
                Finding(
                    "SCH029",
                    (),
                    "nothing can refer to the second job of a file",
                    "give each job a file of its own",
                ),
            )
        if file.real in self._read:
            return ()
        job = self._read[file.real] = self._rooted(
            read_job(document, file.display, self.components.bring(document, file))
        )
        return job.findings

    def _rooted(self, job: JobFile) -> JobFile:
        return replace(job, definition=replace(job.definition, root=str(self._root)))

    def find(self, file: File, reference: str) -> tuple[JobFile | None, Finding | None]:
        """What a schedule in `file` runs: a job file or why not; neither for a registered job."""
        if reference.startswith(REGISTERED):
            return None, None
        folder = os.path.dirname(file.path)
        found = self._found.get((folder, reference))
        if found is None:
            found = self._found[folder, reference] = self._look_up(folder, reference)
        return found

    def in_target(self, definition: JobDefinition, settings: TargetSettings) -> JobDefinition:
        """The same with the files that a target says registered components are."""
        if not settings.components:
            return definition
        key = (definition.path, settings.name)
        if key not in self._in_target:
            made = with_registered(definition, settings.components, self.components)
            self._in_target[key] = made.definition
            for path, finding in made.findings:
                self._problems += self._placed(path, finding)
        return self._in_target[key]

    def _placed(self, path: str, finding: Finding) -> list[Problem]:
        """What is found in a file that was read before."""
        full = os.path.join(self._root, path)
        index = self._document.get(os.path.realpath(full), 0)
        try:
            locator = Locator(read_file(File(full, path, os.path.realpath(full)), self._root))
        except FileError:  # it is not there any more: the next reading says so
            return []
        problem = place(finding, path, locator, index)
        return [] if problem in self._problems else [problem]

    def problems(self) -> Iterator[Problem]:
        """Problems inside job files, and names that two of them share."""
        yield from self._problems
        yield from self.components.problems()
        first: dict[str, JobDefinition] = {}
        for job in sorted(self._read.values(), key=lambda job: job.definition.path):
            mine = job.definition
            other = first.setdefault(mine.name, mine)
            if other.digest != mine.digest:
                yield Problem(
                    "SCH034",
                    CODES["SCH034"].severity,
                    mine.path,
                    f'it publishes the pipeline "{other.name}", as {other.path} does',
                    hint="give one of them a name of its own, with the key name",
                )

    def _look_up(self, folder: str, reference: str) -> tuple[JobFile | None, Finding | None]:
        if "\0" in reference:
            return None, Finding("SCH028", (), "the path of the job file is not valid")
        if "://" in reference:
            hint = "a job is the path of a job file, or azureml:NAME for one that is registered"
            return None, Finding("SCH028", (), "a URL does not name a job", hint)
        path = os.path.normpath(os.path.join(folder, reference))
        real = os.path.realpath(path)
        job = self._read.get(real)
        if job is not None:
            return job, None
        if real not in self._unusable:
            finding = self._open(File(path, display_path(path, self._root), real), reference)
            if finding is None:
                return self._read.get(real), None
            self._unusable[real] = finding
        return None, self._unusable[real]

    def _open(self, file: File, reference: str) -> Finding | None:
        """Read a job file that lies outside what was searched; None when all is well."""
        shown = clip(file.display)
        try:
            check_inside(file.path, file.real, self._root)
            data = read_file(file, self._root)
        except FileError as error:
            if error.code in ("SCH002", "SCH050"):
                return Finding(error.code, (), f'the job file "{clip(reference)}": {error}')
            if isinstance(error.__cause__, FileNotFoundError):
                what = f'the job file "{shown}" does not exist'
                return Finding(
                    "SCH028", (), what, why_absent(file.path, self._root) or _hint(reference)
                )
            return Finding("SCH028", (), f'the job file "{shown}": {error}')
        documents, faults = parse(data)
        if faults and file.real in self._searched:
            return None  # said once, where the file itself is read
        if faults:
            first = faults[0]
            what = f"line {first.line}: {first.message}"
            return Finding("SCH029", (), f'the job file "{shown}" cannot be read: {what}')
        kinds = [classify(document.data) for document in documents]
        if file.real in self._searched and any(foreign is not None for _, foreign in kinds):
            return None
        for document, (kind, _) in zip(documents, kinds, strict=True):
            if kind is Kind.JOB:
                locator = Locator(data)
                self._problems += [
                    place(finding, file.display, locator, document.index)
                    for finding in self.add(file, document.data, document.index)
                ]
                return None
        types = [d.data.get("type") for d in documents if isinstance(d.data, dict)]
        return _no_job(shown, types[0] if len(types) == 1 else None)


def _no_job(shown: str, kind: object) -> Finding:
    """That a file is none that a schedule can run, with the type that it names."""
    what = f'"{shown}" is not a pipeline or command job'
    hint = "a job file has type: pipeline and jobs, or type: command and command"
    if isinstance(kind, str) and kind not in ("pipeline", "command"):
        what += f': its type is "{clip(kind)}"'
        close = get_close_matches(kind.lower(), ("pipeline", "command"), 1, 0.6)
        hint = f'did you mean "{close[0]}"?' if close else hint
    return Finding("SCH029", (), what, hint)


def _hint(reference: str) -> str | None:
    if reference.startswith("file:"):
        return f'write the path alone: "{clip(reference.removeprefix("file:"))}"'
    if "\\" in reference:
        return f'folders are written with "/": "{clip(reference.replace(chr(92), "/"))}"'
    if " " in reference.strip() and "/" not in reference:
        return "a command stands in a job file: type: command, and command"
    if not reference.lower().endswith((".yml", ".yaml")):
        return f'for a job that is registered write "azureml:{clip(reference)}"'
    return "a path is relative to the file that it stands in"
