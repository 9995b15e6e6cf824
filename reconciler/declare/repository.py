"""A folder of YAML files -> Declarations: every schedule of every target, and every problem.

One file at a time: read, parsed, checked, made into Schedules, and let go, so that memory is that
of the schedules and not of the files. A file with problems hides no other.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path as FilePath
from typing import Any

from reconciler.declare.checking.two_readings import two_readings
from reconciler.declare.document_kinds import Kind, classify
from reconciler.declare.findings import Finding, clip, place, place_fault
from reconciler.declare.jobs.job_files import JobFiles
from reconciler.declare.near_variables import may_have_near_misses, near_misses
from reconciler.declare.per_target import declare, target_findings
from reconciler.declare.reading.absent import find_absent
from reconciler.declare.reading.files import File, FileError, find_files, read_file
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import Document, Fault, parse
from reconciler.declare.resolve import TargetSettings
from reconciler.model import Problem, Schedule, Source
from reconciler.snapshots import CodeLimits

MOST_PROBLEMS_OF_A_FILE = 50
"""Of one file that are shown."""
MOST_PROBLEMS_COUNTED = 1000
"""Of one file: its documents after them are noted and not checked, once one is an error, so that a
file of thousands of tiny documents takes no longer than its bytes are worth."""
Progress = Callable[[Iterable[File], int], Iterable[File]]


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a repository declares. `schedules` and `problems` are sorted."""

    schedules: tuple[Schedule, ...]
    problems: tuple[Problem, ...]
    files: int = 0
    declared: int = 0
    """Schedules as written, each counted once whatever its targets."""
    jobs: int = 0
    components: int = 0

    @property
    def errors(self) -> int:
        """How many problems keep everything from being planned."""
        return sum(problem.severity == "error" for problem in self.problems)


def read_declarations(
    patterns: Sequence[str],
    *,
    base: FilePath,
    root: FilePath,
    targets: Sequence[TargetSettings],
    known_targets: Sequence[str],
    now: datetime,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
    code_limits: CodeLimits | None = None,
    allow_empty: bool = False,
) -> Declarations:
    """Read and check every file that `patterns` (relative to `base`) stand for; with `allow_empty`
    a pattern may stand for none.

    `root` is what no path may leave; `targets` are those whose schedules are wanted,
    `known_targets` the names a declaration may use; `now` is an aware instant.
    """
    files, problems = find_files(patterns, base, root, exclude)
    if allow_empty:
        problems = [problem for problem in problems if problem.code != "SCH035"]
    problems += find_absent(patterns, base, root, exclude)
    jobs = JobFiles(root, {file.real for file in files}, code_limits)
    reader = _Reader(root, targets, known_targets, now, jobs)
    with paused_collection():
        for file in progress(files, len(files)) if progress else files:
            reader.read(file)
    return Declarations(
        schedules=tuple(sorted(reader.schedules, key=lambda schedule: schedule.key)),
        problems=tuple(
            sorted(
                [*problems, *reader.problems, *reader.jobs.problems(), *reader.old_names()],
                key=lambda problem: problem.order,
            )
        ),
        files=len(files),
        declared=reader.declared,
        jobs=len(reader.jobs),
        components=reader.components,
    )


@contextmanager
def paused_collection() -> Iterator[None]:
    """Thousands of documents are made and none is garbage in a ring: collecting finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Reader:
    """What has been read so far."""

    def __init__(
        self,
        root: FilePath,
        targets: Sequence[TargetSettings],
        known_targets: Sequence[str],
        now: datetime,
        jobs: JobFiles,
    ) -> None:
        self.root = root
        self.targets = targets
        self.known_targets = known_targets
        self.now = now
        self.jobs = jobs
        self.schedules: list[Schedule] = []
        self.problems: list[Problem] = []
        self.declared = 0
        self.components = 0
        self._seen: dict[tuple[str, str], Source] = {}
        self._folding = {one.name for one in targets if one.folds_case}
        self._folded: dict[tuple[str, str], tuple[Source, str]] = {}

    def read(self, file: File) -> None:
        """Read one file: its schedules, its job files, its problems."""
        try:
            data = read_file(file, self.root)
        except FileError as error:
            self.problems.append(place_fault(Fault(error.code, str(error)), file.display, None))
            return
        documents, faults = parse(data)
        if not faults and all(document.data is None for document in documents):
            faults = [_nothing_in(data)]
        locator = Locator(data)
        problems = [place_fault(fault, file.display, locator) for fault in faults]
        faulty = {(problem.line, problem.column) for problem in problems}
        # An escape (\\x76) may hide the name of a variable.
        variables = b"vars." in data or b"env." in data or b"\\" in data
        near = may_have_near_misses(data)
        broken, checked = _any_error(problems), True
        for document in documents:
            if document.data is None:
                continue  # nothing stands between two `---`
            if broken and len(problems) >= MOST_PROBLEMS_COUNTED:
                checked = False
                self._note(file, document)
                continue
            findings = self._document(file, document, variables, bool(faults))
            findings += near_misses(document.data) if near else ()
            placed = [place(f, file.display, locator, document.index) for f in findings]
            # What could not be read has no value: nothing that is said about it holds.
            new = [p for p in placed if (p.line, p.column) not in faulty or not p.json_path]
            broken = broken or _any_error(new)
            problems += new
        if not any(problem.severity == "error" for problem in problems):
            problems += two_readings(data, file.display)
        self.problems += at_most(problems, whole=checked)

    def _note(self, file: File, document: Document) -> None:
        """Remember what other files may mean of a document that is not checked."""
        kind, finding = classify(document.data)
        if finding is not None:
            return
        if kind is Kind.COMPONENT:
            self.components += 1
            self.jobs.components.add(file, document.data)
        elif kind is Kind.JOB:
            self.jobs.add(file, document.data, document.index)
        else:
            self.declared += 1
            self._names(document.data, [], Source(file.display, document.line, document.index))

    def _document(
        self, file: File, document: Document, variables: bool, faulty: bool
    ) -> list[Finding]:
        kind, finding = classify(document.data)
        if finding is not None:
            return [finding]
        if kind is Kind.COMPONENT:
            self.components += 1
            return list(self.jobs.components.add(file, document.data))
        if kind is Kind.JOB:
            return list(self.jobs.add(file, document.data, document.index))
        self.declared += 1
        source = Source(file.display, document.line, document.index, str(self.root))
        schedules, findings = declare(
            document.data,
            source,
            self.targets,
            variables=variables,
            job_of=lambda reference: self.jobs.find(file, reference),
            now=self.now,
            in_target=self.jobs.in_target,
        )
        findings += target_findings(document.data, self.known_targets)
        findings += self._names(document.data, schedules, source)
        if not faulty:
            self.schedules += schedules
        return list(dict.fromkeys(findings))

    def old_names(self) -> Iterator[Problem]:
        """Renamings from a name that is declared, or that two are renamed from."""
        taken: set[tuple[str, str]] = set()
        said: set[Source | None] = set()
        for schedule in self.schedules:
            old, target = schedule.renamed_from, schedule.key.target
            if old is None or schedule.source in said:
                continue
            if (target, old) in self._seen:
                what = f'"{clip(old)}" is declared, so it cannot be renamed'
            elif (target, old) in taken:
                what = f'another schedule is renamed from "{clip(old)}" as well'
            else:
                taken.add((target, old))
                continue
            said.add(schedule.source)
            source = schedule.source
            path, line = (source.path, source.line) if source is not None else ("", 1)
            hint = "renamed_from is the name that this schedule alone had before"
            yield Problem("SCH052", "error", path, what, line, json_path="renamed_from", hint=hint)

    def _names(
        self, data: dict[str, Any], schedules: list[Schedule], source: Source
    ) -> list[Finding]:
        """A name that is taken in a target; also where the declaration has other problems."""
        raw = data.get("name")
        keys = [(s.key.target, s.key.name) for s in schedules]
        if not keys and isinstance(raw, str):
            wanted = data.get("targets")
            keys = [
                (settings.name, raw)
                for settings in self.targets
                if not isinstance(wanted, list) or settings.name in wanted
            ]
        taken: dict[str, Source] = {}
        other = ""
        for target, name in keys:
            first = self._seen.setdefault((target, name), source)
            if first is source and target in self._folding:
                first, alike = self._folded.setdefault((target, name.casefold()), (source, name))
                if first is not source:
                    other = f', or "{clip(alike)}" in other letters,'
            if first is not source:
                taken[target] = first
        if not taken:
            return []
        first_at = next(iter(taken.values()))
        targets = " and ".join(f'"{target}"' for target in taken if target)
        where = f" in the target{'s' if len(taken) > 1 else ''} {targets}" if targets else ""
        return [
            Finding(
                "SCH026",
                ("name",),
                f'"{clip(keys[0][1])}"{other} is declared twice{where}; first at {first_at}',
                "rename one, or keep them apart with targets",
            )
        ]


def _any_error(problems: Iterable[Problem]) -> bool:
    return any(problem.severity == "error" for problem in problems)


def _nothing_in(data: bytes) -> Fault:
    what = "is empty" if not data.strip() else "holds no document"
    hint = "remove the file if nothing is meant; is_enabled: false keeps a schedule off"
    return Fault("SCH008", f"the file {what}", hint=hint)


def at_most(problems: list[Problem], *, whole: bool = True) -> list[Problem]:
    """The first problems of one file; a last one says how many more there are.

    `whole`: the file was looked at to its end, so that these are all.
    """
    problems.sort(key=lambda problem: problem.order)
    kept = problems[:MOST_PROBLEMS_OF_A_FILE]
    left = problems[MOST_PROBLEMS_OF_A_FILE:]
    if left:
        count = f"{len(left)}" if whole else f"at least {len(left)}"
        what = "1 more problem" if len(left) == 1 else f"{count} more problems"
        more = f"{what} of this file {'is' if len(left) == 1 else 'are'} not shown"
        # An error that is not shown must still keep everything from being planned.
        worst = next((problem for problem in left if problem.severity == "error"), left[0])
        kept.append(replace(worst, message=more, hint=None))
    return kept
