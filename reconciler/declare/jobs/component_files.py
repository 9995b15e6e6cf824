"""The component files of a repository, and what a job or a component brings along.

Each file is read and checked once, however many jobs run it; each folder of code is read once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.declare.document_kinds import Kind, classify
from reconciler.declare.findings import Finding, clip, place
from reconciler.declare.jobs.bindings import At, interface_of, mapping_at
from reconciler.declare.jobs.job_document import canonical_text, document_findings
from reconciler.declare.jobs.local_paths import (
    Brought,
    ComponentFile,
    LocalPath,
    code_key,
    is_local,
    local_paths,
)
from reconciler.declare.reading.files import File, FileError, check_inside, display_path, read_file
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import parse
from reconciler.model import Component, Problem
from reconciler.snapshots import CodeLimits, IncludeError, SnapshotError, Snapshots

_CHECKED = (None, "command", "pipeline")
"""Types of components whose keys are known here; the others run in Azure alone."""
_OF_JOBS = frozenset({"experiment_name", "settings", "compute"})
"""What a job has, and no component."""
_DEEPEST = 20
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class ComponentFiles:
    """Component files by their real path, and what was found in them."""

    def __init__(
        self, root: Path, searched: Collection[str] = (), limits: CodeLimits | None = None
    ) -> None:
        """`searched`: real paths of the files that are read in their own right, too."""
        self._root = root
        self._searched = searched
        self._snapshots = Snapshots(root, limits)
        self._read: dict[str, ComponentFile | Finding] = {}
        self._unsaid: dict[str, tuple[Finding, ...]] = {}
        """Of components that a job led to, before they were met in their own right."""
        self._reading: list[str] = []
        self._problems: list[Problem] = []

    def bring(self, document: Mapping[str, Any], file: File) -> Brought:
        """What the document of a file leads to."""
        self._reading.append(file.real)
        try:
            return self._brought(document, os.path.dirname(file.path))
        finally:
            self._reading.pop()

    def _brought(self, document: Mapping[str, Any], folder: str) -> Brought:
        brought = Brought()
        for found in local_paths(document):
            finding = self._bring(found, folder, brought)
            if finding is not None:
                brought.findings.append(replace(finding, path=(*found.place, *finding.path)))
        at = {place: one.interface for place, one in brought.components.items()}
        self.bring_data(document, at, folder, brought)
        return brought

    def bring_data(
        self, document: Mapping[str, Any], at: At, folder: str, brought: Brought
    ) -> None:
        """What steps give as a mere text for inputs that are data: a path, as Azure has it."""
        for name, step in mapping_at(document, "jobs").items():
            component = step.get("component") if isinstance(step, dict) else None
            inline = interface_of(component) if isinstance(component, dict) else None
            interface = inline or at.get(("jobs", name))
            for key in interface.data if interface is not None else ():
                text = mapping_at(step, "inputs").get(key)
                if isinstance(text, str) and is_local(text):
                    found = LocalPath(("jobs", name, "inputs", key), text, "data")
                    finding = self._bring(found, folder, brought)
                    if finding is not None:
                        brought.findings.append(replace(finding, path=found.place))

    def add(self, file: File, document: dict[str, Any]) -> tuple[Finding, ...]:
        """A component met in a file of its own right; its findings."""
        if file.real in self._read:
            return self._unsaid.pop(file.real, ())
        self._read[file.real], findings = self._component(file, document)
        return findings

    def at(self, path: str) -> ComponentFile | Finding:
        """The component in the file at a path; why there is none."""
        return self._find(os.path.normpath(path), path)

    def problems(self) -> Iterator[Problem]:
        """Those inside component files that only a job led to."""
        yield from self._problems

    # --------------------------------------------------------------------------------- one path

    def _bring(self, found: LocalPath, folder: str, brought: Brought) -> Finding | None:
        if found.kind == "package":
            what = f'the package "{clip(found.text)}" of Azure DevOps is not fetched'
            return Finding("SCH055", (), what, "take its files into the repository, and name them")
        if "\0" in found.text:
            return Finding("SCH055", (), "the path is not valid")
        if _DRIVE.match(found.text):
            code = {"component": "SCH056", "data": "SCH057"}.get(found.kind, "SCH055")
            what = f'"{clip(found.text)}" is a path of one machine'
            return Finding(code, (), what, "write it as seen from the folder of this file")
        path = os.path.normpath(os.path.join(folder, found.text.replace("\\", "/")))
        if found.kind == "component":
            component = self._find(path, found.text)
            if isinstance(component, Finding):
                return component
            brought.components[found.place[:-1]] = component
            return None
        if found.includes:
            return self._take_with(found, path, folder, brought)
        if found.kind in ("code", "folder"):
            return self._take(found, path, brought)
        if os.path.isabs(found.text):
            return None  # it is this machine's, and not the repository's
        return self._look(found, path) or self._take_data(found, path, brought)

    def _take(self, found: LocalPath, path: str, brought: Brought) -> Finding | None:
        try:
            snapshot = self._snapshots.take(path)
        except SnapshotError as error:
            return _not_taken(error)
        if found.kind == "code":
            brought.snapshots[snapshot.path] = snapshot
        return None

    def _take_data(self, found: LocalPath, path: str, brought: Brought) -> Finding | None:
        """Local data, which is there: it is published as code is."""
        if found.kind != "data":
            return None
        finding = self._take(replace(found, kind="code"), path, brought)
        if finding is None or finding.code in ("SCH002", "SCH050"):
            return finding
        hint = "name it as a datastore or as data of the target; or raise the limits under code"
        what = f"the data cannot be published with the job: {finding.message}"
        return replace(finding, code="SCH047", message=what, hint=hint)

    def _take_with(
        self, found: LocalPath, path: str, folder: str, brought: Brought
    ) -> Finding | None:
        code = path if found.text else None
        try:
            snapshot = self._snapshots.take_with(code, found.includes, folder)
        except IncludeError as error:
            what = f'"{clip(found.includes[error.number])}" cannot be added to the code: {error}'
            return Finding("SCH055", (error.number,), what, "a path is relative to its file")
        except SnapshotError as error:
            return _not_taken(error)
        paths = [os.path.join(folder, one.replace("\\", "/")) for one in found.includes]
        shown = [display_path(os.path.normpath(one), self._root) for one in paths]
        own = display_path(path, self._root) if found.text else None
        key = code_key(own, shown)
        assert key is not None
        brought.snapshots[key] = snapshot
        return None

    def _look(self, found: LocalPath, path: str) -> Finding | None:
        """A file of conda, or data: it has to be there, and inside the repository."""
        shown = clip(display_path(path, self._root))
        code = "SCH057" if found.kind == "data" else "SCH055"
        if not os.path.lexists(path):
            hint = "a path is relative to the file that it stands in"
            return Finding(code, (), f'"{shown}" does not exist', hint)
        try:
            check_inside(path, os.path.realpath(path), self._root)
        except FileError as error:
            return Finding("SCH002", (), f'"{shown}": {error}')
        return None

    # ---------------------------------------------------------------------------- one component

    def _find(self, path: str, reference: str) -> ComponentFile | Finding:
        real = os.path.realpath(path)
        if real in self._reading:
            return Finding("SCH056", (), f'"{clip(reference)}" runs itself, by way of its steps')
        if len(self._reading) >= _DEEPEST:
            what = f"components stand in one another more than {_DEEPEST} times"
            return Finding("SCH056", (), what)
        found = self._read.get(real)
        if found is None:
            found = self._open(File(path, display_path(path, self._root), real), reference)
            self._read[real] = found
        return found

    def _open(self, file: File, reference: str) -> ComponentFile | Finding:
        shown = clip(file.display)
        try:
            check_inside(file.path, file.real, self._root)
            data = read_file(file, self._root)
        except FileError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                what = f'the component file "{shown}" does not exist'
                return Finding("SCH056", (), what, _hint(reference))
            code = "SCH002" if error.code == "SCH002" else "SCH056"
            return Finding(code, (), f'the component file "{shown}": {error}')
        documents, faults = parse(data)
        if faults:
            what = f"line {faults[0].line}: {faults[0].message}"
            return Finding("SCH056", (), f'the component file "{shown}" cannot be read: {what}')
        if len(documents) != 1 or not isinstance(documents[0].data, dict):
            return Finding("SCH056", (), f'"{shown}" is not a component', _WHAT)
        document = documents[0].data
        kind, _ = classify(document)
        # Without a command, say, or with a mistake in that key: it is told as a component.
        is_other = kind is Kind.SCHEDULE and {"trigger", "create_job"} & document.keys()
        if is_other or _OF_JOBS & document.keys():
            what = f'"{shown}" is a {kind.value}, not a component'
            return Finding("SCH056", (), what, _WHAT)
        made, findings = self._component(file, document)
        if file.real in self._searched and kind is Kind.COMPONENT:
            self._unsaid[file.real] = findings
        elif file.real not in self._searched:
            locator = Locator(data)
            self._problems += [place(finding, file.display, locator, 0) for finding in findings]
        return made

    def _component(
        self, file: File, document: dict[str, Any]
    ) -> tuple[ComponentFile, tuple[Finding, ...]]:
        brought = self.bring(document, file)
        component = Component(canonical_text(document), file.display)
        findings = brought.findings
        if document.get("type") in _CHECKED:
            findings = document_findings(document, "component", brought)
        return ComponentFile(component, interface_of(document), brought), tuple(findings)


_WHAT = "a component file has a command, or type: pipeline and jobs"


def _not_taken(error: SnapshotError) -> Finding:
    code = "SCH050" if error.is_pointer else "SCH002" if error.leads_out else "SCH055"
    return Finding(code, (), clip_path(str(error)), error.hint)


def clip_path(text: str) -> str:
    """A message that holds a path, printable and not longer than one can read."""
    clean = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return clean if len(clean) <= 300 else f"{clean[:297]}..."


def _hint(reference: str) -> str:
    if not reference.lower().endswith((".yml", ".yaml")):
        return f'for a component that is registered write "azureml:{clip(reference)}:VERSION"'
    return "a path is relative to the file that it stands in"
