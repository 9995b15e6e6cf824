"""A place in the document that is published of a job -> that in the file that it came from. Pure.

A step `STEP.CHILD` stands in the component file that STEP runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from reconciler.declare.findings import Path
from reconciler.declare.jobs.bindings import mapping_at
from reconciler.declare.jobs.document_paths import component_path
from reconciler.model import JobDefinition, Place


def place_in_files(path: Path, definition: JobDefinition) -> Place:
    """Where that stands which is at `path` of the published document."""
    file = definition.path
    document: Mapping[str, Any] = json.loads(definition.document)
    inside: Path = ()
    if len(path) < 2 or path[0] != "jobs":
        return Place(file, path)
    found = Place(file, path)
    for part in str(path[1]).split("."):
        if "jobs" not in document:
            file, document, inside = _component(document, file, inside, definition)
        step = mapping_at(mapping_at(document, "jobs"), part)
        inside = (*inside, "jobs", part)
        found = Place(file, (*inside, *path[2:]))
        document = step
    if len(path) > 2 and "component" in document and path[2] not in document:
        file, document, inside = _component(document, file, inside, definition)
        if path[2] in document:  # what the component says, and not the step
            return Place(file, (*inside, *path[2:]))
    return found


def _component(
    step: Mapping[str, Any], file: str, inside: Path, definition: JobDefinition
) -> tuple[str, Mapping[str, Any], Path]:
    """The component that a step runs: the file that it is in, and where it begins there."""
    component = step.get("component")
    if isinstance(component, dict):
        return file, component, (*inside, "component")
    if isinstance(component, str):
        path = component_path(definition, os.path.dirname(file), component)
        found = definition.components.get(path)
        if found is not None:
            return path, json.loads(found.document), ()
    return file, {}, inside
