"""The local paths in a published document -> the snapshots that they mean. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from typing import Any

from reconciler.declare.jobs.bindings import mapping_at
from reconciler.declare.jobs.local_paths import code_key, includes_of, is_local
from reconciler.model import JobDefinition


def snapshots_in(
    document: Mapping[str, Any], folder: str, known: Collection[str]
) -> dict[str, str]:
    """The code of its steps and its local data, as they stand in it -> the path of the snapshot.

    `folder`: of the job, in the repository. `known`: the paths of snapshots.
    """
    jobs = document.get("jobs")
    steps = [document, *(jobs.values() if isinstance(jobs, dict) else ())]
    found: dict[str, str] = {}
    for step in steps:
        if not isinstance(step, dict):
            continue
        key = step_code(step)
        if key is not None:
            code = step.get("code")
            own = None if code is None else path_in_repository(folder, code)
            added = [path_in_repository(folder, one) for one in includes_of(step)]
            found[key] = code_key(own, added) or ""
        for declared in mapping_at(step, "inputs").values():
            text = data_path(declared)
            if text is not None:
                found[text] = path_in_repository(folder, text)
    return {key: path for key, path in found.items() if path in known}


def step_code(step: Mapping[str, Any]) -> str | None:
    """What tells the code of a step of a published document apart; None for no code."""
    code = step.get("code")
    return code_key(code, includes_of(step)) if code is None or isinstance(code, str) else None


def data_path(declared: Any) -> str | None:
    """The local path that an input has, as written."""
    path = declared.get("path") if isinstance(declared, dict) else None
    return path if isinstance(path, str) and is_local(path) else None


def component_path(definition: JobDefinition, folder: str, component: str) -> str:
    """The path of the file of a component, as a file in `folder` names it."""
    return definition.registered.get(component) or path_in_repository(folder, component)


def path_in_repository(folder: str, path: str) -> str:
    """A path as written, relative to the repository; `folder`: of the file that it stands in."""
    path = path.removeprefix("file:").replace("\\", "/")
    return posixpath.normpath(posixpath.join(folder, path))
