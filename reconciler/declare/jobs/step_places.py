"""A place in the document that is published of a job -> that in the file that it came from.

A step `STEP.CHILD` stands in the component file that STEP runs. Files are read when there is
something to say about them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from reconciler.declare.document_kinds import Kind, classify
from reconciler.declare.findings import Finding, Path, place
from reconciler.declare.jobs.bindings import mapping_at
from reconciler.declare.jobs.document_paths import path_in_repository
from reconciler.declare.jobs.local_paths import is_local
from reconciler.declare.reading.files import File, FileError, read_file
from reconciler.declare.reading.positions import Locator
from reconciler.declare.reading.yaml_loader import parse
from reconciler.model import JobDefinition, Problem, Source


def place_in_job(finding: Finding, definition: JobDefinition) -> Problem | None:
    """What was found in the published document of a job, at its place; None if it is not to be
    had.
    """
    file, path = _origin(finding.path, definition)
    data = _read(definition, file)
    if data is None:
        return None
    return place(replace(finding, path=path), file, Locator(data), _document_of(data))


def place_in_schedule(
    finding: Finding, definition: JobDefinition, source: Source | None
) -> Problem | None:
    """The same of what stands in the schedule that runs it."""
    data = _read(definition, source.path) if source is not None else None
    if source is None or data is None:
        return None
    return place(finding, source.path, Locator(data), source.document)


def _origin(path: Path, definition: JobDefinition) -> tuple[str, Path]:
    """The file that a place of the published document is in, and the place there."""
    file = definition.path
    document: Mapping[str, Any] = json.loads(definition.document)
    inside: Path = ()
    if len(path) < 2 or path[0] != "jobs":
        return file, path
    found = (file, path)
    for part in str(path[1]).split("."):
        if "jobs" not in document:
            file, document, inside = _component(document, file, inside, definition)
        step = mapping_at(mapping_at(document, "jobs"), part)
        inside = (*inside, "jobs", part)
        found = (file, (*inside, *path[2:]))
        document = step
    return found


def _component(
    step: Mapping[str, Any], file: str, inside: Path, definition: JobDefinition
) -> tuple[str, Mapping[str, Any], Path]:
    """The component that a step runs: the file that it is in, and where it begins there."""
    component = step.get("component")
    if isinstance(component, dict):
        return file, component, (*inside, "component")
    if isinstance(component, str) and is_local(component):
        path = path_in_repository(os.path.dirname(file), component)
        found = definition.components.get(path)
        if found is not None:
            return path, json.loads(found.document), ()
    return file, {}, inside


def _read(definition: JobDefinition, path: str) -> bytes | None:
    if not definition.root:
        return None
    root = FilePath(definition.root)
    place = str(root / path)
    try:
        return read_file(File(place, path, os.path.realpath(place)), root)
    except FileError:
        return None


def _document_of(data: bytes) -> int:
    """The number of the document that is the job, or the component."""
    documents, _ = parse(data)
    for document in documents:
        if classify(document.data)[0] in (Kind.JOB, Kind.COMPONENT):
            return document.index
    return 0
