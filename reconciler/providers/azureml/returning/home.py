"""Components, environments and code that have no name in the workspace -> files. Only reads.

What cannot be brought home stays the reference that it is, and a note says why.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.errors import ProviderError
from reconciler.providers.azureml.deploy.lookups import container_address
from reconciler.providers.azureml.deploy.resources import Resources
from reconciler.providers.azureml.jobs.components import INLINE
from reconciler.providers.azureml.jobs.reading import file_steps
from reconciler.providers.azureml.returning.blobs import download, safe_path, split_address
from reconciler.providers.azureml.returning.components import (
    anonymous_component,
    anonymous_environment,
    code_name,
    component_document,
    environment_document,
)
from reconciler.providers.azureml.returning.jobs import short_environment, short_ids
from reconciler.providers.capabilities import BringHome, LiveJob, Unsayable

_STORE = "workspaceblobstore"
_DEEPEST = 20
"""Pipelines in pipelines."""


@dataclass(frozen=True, slots=True)
class _File:
    """A component's file, or a folder of code, with all that it leads to."""

    path: str
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Home:
    """What was brought home so far, each thing once. Not for several threads."""

    def __init__(
        self, resources: Resources, wanted: BringHome, *, upload_data: bool = False
    ) -> None:
        """`upload_data`: the target takes folders that environments are built from."""
        self._upload_data = upload_data
        self._contexts: dict[str, _File] = {}
        self._resources = resources
        self.wanted = wanted
        self._components: dict[str, _File | Unsayable] = {}
        self._codes: dict[tuple[str, str], _File | Unsayable] = {}
        self._paths: set[str] = set()
        self._signature: tuple[str, str] | None = None

    def bring(self, job: LiveJob, name: str) -> LiveJob:
        """The job of the schedule `name`, with files in place of what has no name."""
        if job.document is None:
            return job
        document, found = dict(job.document), _Found()
        if document.get("jobs"):
            document["jobs"] = self._steps(document["jobs"], "pipelines", found, 0)
        if document.get("component"):
            reference = document["component"]
            document["component"] = self._reference(reference, name, "pipelines", found, 0)
        return replace(
            job,
            document=document,
            documents=found.documents,
            files=found.files,
            notes=(*job.notes, *dict.fromkeys(found.notes)),
        )

    # -------------------------------------------------------------------------------- references

    def _steps(
        self,
        steps: Mapping[str, Any],
        folder: str,
        found: _Found,
        depth: int,
        raw: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`raw`: those of a component as they are live, where they say how they came about."""
        brought = {}
        for name, given in steps.items():
            step = brought[name] = dict(given)
            for key in ("component", "trial"):
                if key not in step:
                    continue
                before = step[key]
                step[key] = self._reference(before, name, folder, found, depth)
                if step[key] != before and ((raw or {}).get(name) or {}).get("_source") == INLINE:
                    step[key] = f"file:{step[key]}"  # so it is said, and part of the hash
            local = step.get("component") != given.get("component")
            if step.get("type") == "parallel" and local:
                step.pop("task", None)  # that of the file
        return brought

    def _reference(
        self, reference: Any, used_by: str, folder: str, found: _Found, depth: int
    ) -> Any:
        """The path of the file that stands for a component; a component with a name as it is."""
        version = anonymous_component(reference)
        if version is None:
            return reference
        try:
            file = self._component(version, used_by, depth)
        except Unsayable as error:
            found.notes.append(f"the component of {used_by} stays in the workspace: {error}")
            return reference
        found.add(file)
        return _relative(file.path, folder)

    def _component(self, version: str, used_by: str, depth: int) -> _File:
        known = self._components.get(version)
        if known is None:
            self._components[version] = Unsayable("it leads to itself")
            try:
                known = self._read_component(version, used_by, depth)
            except Unsayable as error:
                known = error
            self._components[version] = known
        if isinstance(known, Unsayable):
            raise known
        return known

    def _read_component(self, version: str, used_by: str, depth: int) -> _File:
        if depth > _DEEPEST:
            raise Unsayable("it lies too deep in other pipelines")
        properties = self._properties(f"components/azureml_anonymous/versions/{version}")
        document = component_document(properties)
        path = self._free(f"{self.wanted.prefix}components/{_word(used_by)}", ".yml")
        found = _Found()
        folder = posixpath.dirname(path)
        spec = properties["componentSpec"]
        try:
            if isinstance(spec.get("jobs"), Mapping):
                steps = file_steps(short_ids(spec["jobs"], self._resources.workspace))
                document["jobs"] = self._steps(steps, folder, found, depth + 1, spec["jobs"])
            self._fill(document, used_by, folder, found)
            if isinstance(document.get("task"), Mapping):
                document["task"] = dict(document["task"])
                self._fill(document["task"], used_by, folder, found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unsayable("it is a component that cannot be read") from error
        documents = {path: document, **found.documents}
        return _File(path, documents, found.files, tuple(found.notes))

    def _fill(self, document: dict[str, Any], used_by: str, folder: str, found: _Found) -> None:
        """Code and environment of what runs, in place of their ids."""
        code = code_name(document.get("code"))
        if code is not None:
            try:
                file = self._code(code, used_by)
                found.add(file)
                document["code"] = _relative(file.path, folder)
            except Unsayable as error:
                found.notes.append(f"the code of {used_by} stays in the workspace: {error}")
        version = anonymous_environment(document.get("environment"))
        if version is not None:
            path = f"environments/CliV2AnonymousEnvironment/versions/{version}"
            try:
                environment = environment_document(self._properties(path))
                if "build" in environment:
                    file = self._context(environment["build"], used_by)
                    found.add(file)
                    relative = _relative(file.path, folder)
                    environment["build"] = {**environment["build"], "path": relative}
                document["environment"] = environment
            except Unsayable as error:
                found.notes.append(f"the environment of {used_by} stays in the workspace: {error}")
        elif "environment" in document:
            workspace = self._resources.workspace
            document["environment"] = short_environment(document["environment"], workspace)

    # -------------------------------------------------------------------------------------- code

    def _code(self, code: tuple[str, str], used_by: str) -> _File:
        known = self._codes.get(code)
        if known is None:
            try:
                known = self._read_code(code, used_by)
            except Unsayable as error:
                known = error
            self._codes[code] = known
        if isinstance(known, Unsayable):
            raise known
        return known

    def _read_code(self, code: tuple[str, str], used_by: str) -> _File:
        properties = self._properties(f"codes/{code[0]}/versions/{code[1]}")
        storage, container, prefix = split_address(str(properties.get("codeUri") or ""))
        signature = self._signature_for(storage)
        content = download(
            storage, container, prefix, signature, self.wanted.limits, self.wanted.on_download
        )
        home = self._free(f"{self.wanted.prefix}src/{_word(used_by)}", "")
        files = {f"{home}/{path}": data for path, data in content.items()}
        is_file = set(content) == {posixpath.basename(prefix)} and prefix.count("/") == 0
        path = next(iter(files)) if is_file else home
        return _File(path, {}, files)

    def _context(self, build: Mapping[str, Any], used_by: str) -> _File:
        """The folder that an environment is built from, under its own name: that is in the address
        where it is put again.
        """
        if not self._upload_data:
            raise Unsayable("it is built from a folder, and the target has no `upload_data: true`")
        address = str(build.get("path") or "")
        known = self._contexts.get(address)
        if known is None:
            storage, container, prefix = split_address(address)
            signature = self._signature_for(storage)
            content = download(
                storage, container, prefix, signature, self.wanted.limits, self.wanted.on_download
            )
            name = safe_path(posixpath.basename(prefix))
            home = self._free(f"{self.wanted.prefix}environments/{_word(used_by)}", "")
            files = {f"{home}/{name}/{path}": data for path, data in content.items()}
            known = self._contexts[address] = _File(f"{home}/{name}", {}, files)
        return known

    def _signature_for(self, storage: str) -> str:
        """For the storage of the workspace, and no other: it opens all that is there."""
        if self._signature is None:
            store = self._properties(f"datastores/{_STORE}")
            secrets = self._asked(lambda: self._resources.secrets(_STORE))
            token = str(secrets.get("sasToken") or "")
            if not token:
                raise Unsayable(f"the datastore {_STORE} gives no signature to read with")
            own, _, _ = split_address(f"{container_address(store)}/x")
            self._signature = own, token
        own, token = self._signature
        if storage.lower() != own.lower():
            raise Unsayable("it is not in the storage of the workspace")
        return token

    # --------------------------------------------------------------------------------- the calls

    def _properties(self, path: str) -> dict[str, Any]:
        found = self._asked(lambda: self._resources.get(path))
        properties = (found or {}).get("properties")
        if not isinstance(properties, dict):
            raise Unsayable(f"{path} is not there")
        return properties

    def _asked(self, ask: Any) -> Any:
        try:
            return ask()
        except ProviderError as error:
            raise Unsayable(f"{error.reason}{f' ({error.hint})' if error.hint else ''}") from error

    def _free(self, path: str, suffix: str) -> str:
        """A path that nothing of this import has."""
        number, taken = 1, f"{path}{suffix}"
        while taken.lower() in self._paths:
            number += 1
            taken = f"{path}-{number}{suffix}"
        self._paths.add(taken.lower())
        return taken


class _Found:
    """What was met on the way."""

    def __init__(self) -> None:
        self.documents: dict[str, Mapping[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.notes: list[str] = []

    def add(self, file: _File) -> None:
        self.documents |= file.documents
        self.files |= file.files
        self.notes += file.notes


def _word(name: str) -> str:
    """A name as the name of a file."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "component"


def _relative(path: str, folder: str) -> str:
    found = posixpath.relpath(path, folder)
    return found if found.startswith("..") else f"./{found}"
