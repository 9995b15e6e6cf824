"""What a job or a component names by a local path, and what was found there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from reconciler.declare.findings import Finding, Path
from reconciler.declare.jobs.bindings import Interface
from reconciler.model import Component, Snapshot

Kind = Literal["code", "component", "file", "folder", "data", "package"]
_DATA_OF_AUTOML = ("training_data", "validation_data", "test_data")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]+:|\$\{\{|/subscriptions/")
"""A URL, `azureml:NAME` or a binding; a drive of Windows has one letter."""


@dataclass(frozen=True, slots=True)
class LocalPath:
    """One of them: where it stands in the document, and what it is."""

    place: Path
    text: str
    kind: Kind
    includes: tuple[str, ...] = ()
    """Of code, what is added to it: paths as written. Its own may then be empty: there is none."""


@dataclass(slots=True)
class ComponentFile:
    """A component file that was read, with all that it brings along."""

    component: Component
    interface: Interface
    brought: Brought


@dataclass(slots=True)
class Brought:
    """What a document leads to. `findings` are about its own paths alone."""

    components: dict[Path, ComponentFile] = field(default_factory=dict)
    """By the place of the step that runs it."""
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    """Code and local data, by the path relative to the repository; of code to which something is
    added, with the paths of that (`code_key`).
    """
    findings: list[Finding] = field(default_factory=list)

    def all_components(self) -> dict[str, Component]:
        """Those of its components too, by path, sorted."""
        found: dict[str, Component] = {}
        for file in self.components.values():
            found[file.component.path] = file.component
            found |= file.brought.all_components()
        return dict(sorted(found.items()))

    def all_snapshots(self) -> dict[str, Snapshot]:
        """Those of its components too, by path, sorted."""
        found = dict(self.snapshots)
        for file in self.components.values():
            found |= file.brought.all_snapshots()
        return dict(sorted(found.items()))


def code_key(code: str | None, includes: Sequence[str]) -> str | None:
    """What tells the code of a step apart: its path and those of what is added to it; None for no
    code.
    """
    return " + ".join([code or "", *includes]) if includes else code


def includes_of(unit: Mapping[str, Any]) -> tuple[str, ...]:
    """The local paths under `additional_includes`."""
    found = unit.get("additional_includes")
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, list) else ()


def is_local(text: str) -> bool:
    """Whether a path is one of this repository, and no address."""
    return bool(text) and (text.startswith("file:") or not _ADDRESS.match(text))


def local_paths(document: Mapping[str, Any]) -> Iterator[LocalPath]:
    """Every local path in a job or component document, in the order of the document."""
    yield from _paths_of(document, ())
    steps = document.get("jobs")
    if isinstance(steps, dict):
        for name, step in steps.items():
            if isinstance(step, dict):
                yield from _paths_of(step, ("jobs", name))


def _paths_of(unit: Mapping[str, Any], path: Path) -> Iterator[LocalPath]:
    """Those of one command, component or step."""
    for key, value in unit.items():
        place = (*path, key)
        if key in ("component", "trial"):
            if isinstance(value, dict):
                yield from _below(value, place)
            else:
                yield from _local(place, value, "component")
        elif key == "code" and not includes_of(unit):
            yield from _local(place, value, "code")
        elif key == "additional_includes" and isinstance(value, list):
            yield from _packages(place, value)
            code = unit.get("code")
            if code is None or (isinstance(code, str) and is_local(code)):
                text = (code or "").removeprefix("file:")
                if includes := includes_of(unit):
                    yield LocalPath(place, text, "code", includes)
        elif key == "task" and isinstance(value, dict):
            yield from _paths_of(value, place)
        elif key == "environment" and isinstance(value, dict):
            yield from _local((*place, "conda_file"), value.get("conda_file"), "file")
            build = value.get("build")
            if isinstance(build, dict):
                yield from _local((*place, "build", "path"), build.get("path"), "folder")
        elif key == "inputs" and isinstance(value, dict):
            for name, declared in value.items():
                yield from _data((*place, name), declared)
        elif key in _DATA_OF_AUTOML:
            yield from _data(place, value)


def _packages(place: Path, includes: list[Any]) -> Iterator[LocalPath]:
    """What is added that is no path: packages of Azure DevOps."""
    for number, one in enumerate(includes):
        if isinstance(one, dict):
            yield LocalPath((*place, number), str(one.get("name") or ""), "package")


def _below(component: Mapping[str, Any], path: Path) -> Iterator[LocalPath]:
    """Those of a component that stands in the step itself."""
    for found in local_paths(component):
        yield replace(found, place=(*path, *found.place))


def _data(place: Path, declared: Any) -> Iterator[LocalPath]:
    if isinstance(declared, dict):
        yield from _local((*place, "path"), declared.get("path"), "data")


def _local(place: Path, value: Any, kind: Kind) -> Iterator[LocalPath]:
    if isinstance(value, str) and is_local(value):
        yield LocalPath(place, value.removeprefix("file:"), kind)
