"""A job that runs registered components -> the same with the files that a target says they are.

A component is registered under its name from a file that is mostly in the same repository. Where a
target has no registry of its own, its `components` say which file that is.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any

from reconciler.declare.findings import Finding, Path, clip
from reconciler.declare.jobs.bindings import At, binding_findings, mapping_at
from reconciler.declare.jobs.component_files import ComponentFiles
from reconciler.declare.jobs.document_paths import component_path
from reconciler.declare.jobs.local_paths import Brought, ComponentFile
from reconciler.model import JobDefinition, Snapshot

_REFERENCE = re.compile(
    r"azureml:(?:(?://registries/[^/]+|/{1,2}subscriptions/[^@\s]+/workspaces/[^/]+)/components/"
    r"(?P<long>[^/]+)/(?:versions/(?P<of_long>[^/]+)|labels/[^/]+)"
    r"|(?P<short>[^:@/]+)(?::(?P<of_short>[^:@/]+)|@\w+)?)",
    re.IGNORECASE,
)


def read_reference(text: str) -> tuple[str, str | None] | None:
    """(name, version) of a registered component; no version: the latest. None: it is none."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        return None
    return found["long"] or found["short"], found["of_long"] or found["of_short"]


@dataclass(slots=True)
class Registered:
    """What a target makes of one job."""

    definition: JobDefinition
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    """Each with the path of the file that it is about, relative to the repository."""


def with_registered(
    definition: JobDefinition, components: Mapping[str, str], files: ComponentFiles
) -> Registered:
    """`components`: by name, the path of the file. What is not among them stays as it is."""
    made = Registered(definition)
    documents = {definition.path: definition.document}
    documents |= {path: one.document for path, one in definition.components.items()}
    known: dict[str, ComponentFile] = {}
    given = Brought()
    waiting = list(documents)
    while waiting:
        file = waiting.pop()
        document: dict[str, Any] = json.loads(documents[file])
        for place, reference in _references(document, ()):
            found = _look_up(reference, components, files)
            if isinstance(found, Finding):
                made.findings.append((file, replace(found, path=(*place, "component"))))
            elif found is not None:
                known[reference] = found
                brought = found.brought.all_components() | {found.component.path: found.component}
                new = {path: one.document for path, one in brought.items() if path not in documents}
                documents |= new
                waiting += new
        at = _interfaces(document, known)
        files.bring_data(document, at, _folder(definition, file), given)
        made.findings += [(file, finding) for finding in _bindings(document, at)]
        made.findings += [(file, finding) for finding in given.findings]
        given.findings.clear()
    made.findings += _rings(documents, definition, known)
    if known and not any(finding.code == "SCH056" for _, finding in made.findings):
        made.definition = _brought_along(definition, known, given.snapshots)
    return made


def _rings(
    documents: Mapping[str, str], definition: JobDefinition, known: Mapping[str, ComponentFile]
) -> list[tuple[str, Finding]]:
    """A component that runs itself by its registered name."""
    needs: dict[str, dict[str, tuple[Path, str]]] = {path: {} for path in documents}
    for file, text in documents.items():
        for place, reference in _references(json.loads(text), (), ""):
            if reference in known:
                to = known[reference].component.path
            else:
                to = component_path(definition, posixpath.dirname(file), reference)
            needs[file][to] = (place, reference)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        ring = error.args[1]  # each is needed by the next
        for upper, lower in pairwise(reversed(ring)):
            place, reference = needs[upper][lower]
            if reference in known:
                what = f'"{clip(reference)}" runs itself, by way of its steps'
                return [(upper, Finding("SCH056", (*place, "component"), what))]
    return []


def _references(
    unit: Mapping[str, Any], path: Path, prefix: str = "azureml:"
) -> Iterator[tuple[Path, str]]:
    """The places of what runs a component, and its reference, which begins with `prefix`."""
    component = unit.get("component")
    if isinstance(component, str) and component.startswith(prefix):
        yield path, component
    elif isinstance(component, dict):
        yield from _references(component, (*path, "component"), prefix)
    for name, step in mapping_at(unit, "jobs").items():
        if isinstance(step, dict):
            yield from _references(step, (*path, "jobs", name), prefix)


def _look_up(
    reference: str, components: Mapping[str, str], files: ComponentFiles
) -> ComponentFile | Finding | None:
    named = read_reference(reference)
    if named is None or named[0] not in components:
        return None
    name, version = named
    found = files.at(components[name])
    if isinstance(found, Finding):
        hint = f'it is what components of the target says of "{name}"'
        return replace(found, hint=found.hint or hint)
    here = json.loads(found.component.document).get("version")
    if version is not None and here is not None and str(here) != version:
        what = f'the component "{name}" has the version {here} here, not {version}'
        return Finding("SCH056", (), what, f"as {found.component.path} says")
    return found


def _folder(definition: JobDefinition, file: str) -> str:
    return posixpath.join(definition.root, posixpath.dirname(file))


def _interfaces(document: Mapping[str, Any], known: Mapping[str, ComponentFile]) -> At:
    return {
        place: known[reference].interface
        for place, reference in _references(document, ())
        if reference in known
    }


def _bindings(document: Mapping[str, Any], at: At) -> Iterator[Finding]:
    """What the steps give to such components, beside what those take."""
    if at:
        before = set(binding_findings(document, {}))
        yield from (found for found in binding_findings(document, at) if found not in before)


def _brought_along(
    definition: JobDefinition, known: Mapping[str, ComponentFile], given: Mapping[str, Snapshot]
) -> JobDefinition:
    components, snapshots = dict(definition.components), {**definition.snapshots, **given}
    for found in known.values():
        components |= {found.component.path: found.component} | found.brought.all_components()
        snapshots |= found.brought.all_snapshots()
    registered = {reference: found.component.path for reference, found in sorted(known.items())}
    parts = [
        definition.digest,
        registered,
        {path: one.document for path, one in sorted(components.items())},
        {path: one.digest for path, one in sorted(snapshots.items())},
    ]
    text = json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")
    return replace(
        definition,
        digest=hashlib.sha256(text).hexdigest(),
        components=dict(sorted(components.items())),
        snapshots=dict(sorted(snapshots.items())),
        registered=registered,
    )
