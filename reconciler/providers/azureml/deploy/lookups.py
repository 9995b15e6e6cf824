"""What a plan asks the workspace: read-only calls, each distinct one once.

Found are the versions that labels stand for, the code that is there already, and which of the
assets of a job have to be put.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from reconciler.declare.jobs.job_document import canonical_text
from reconciler.errors import Rejected, Unauthorized
from reconciler.model import JobDefinition, Snapshot
from reconciler.providers.azureml.deploy.files import NotOne, RepositoryFiles
from reconciler.providers.azureml.deploy.questions.at_once import at_once
from reconciler.providers.azureml.deploy.questions.needed import Needed
from reconciler.providers.azureml.deploy.questions.refusals import (
    changed_since,
    check_label,
    local_context,
    local_data,
)
from reconciler.providers.azureml.deploy.resources import FAILED, Resources, provisioning_state
from reconciler.providers.azureml.endpoint import is_loopback
from reconciler.providers.azureml.jobs.assets import Asset, CodePath, Unsendable
from reconciler.snapshots.client_hash import HASH_VERSION

T = TypeVar("T")
_STORE = "workspaceblobstore"


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a step. `is_there`: somebody has put it already."""

    name: str
    hash: str
    snapshot: Snapshot
    id: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Data:
    """Local data that an input reads, and where it goes: a path below a datastore."""

    datastore: str
    path: str
    snapshot: Snapshot
    is_folder: bool


@dataclass(slots=True)
class Lookups:
    """The answers so far, of one workspace. Not for several threads."""

    resources: Resources
    upload_data: bool
    """Whether local data may be uploaded."""
    _versions: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _pinned: set[tuple[str, str, str | None]] = field(default_factory=set)
    _codes: dict[str, Code] = field(default_factory=dict)
    _properties: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    _there: dict[str, bool] = field(default_factory=dict)
    _containers: dict[str, str] = field(default_factory=dict)

    def forget(self) -> None:
        """Ask again from now on."""
        self._versions.clear()
        self._pinned.clear()
        self._codes.clear()
        self._there.clear()
        self._properties.clear()
        self._containers.clear()

    def version(self, kind: str, name: str, label: str) -> str:
        """Which version a label of an asset stands for now; Unsendable where there is none."""
        key = (kind, name, label)
        found = self._versions.get(key)
        if found is None:
            found = self._versions[key] = self._look_up_version(kind, name, label)
            self._pinned.add((kind, name, found))
        return found

    def learn(
        self, labels: Iterable[tuple[str, str, str]], codes: Iterable[tuple[str, Snapshot]]
    ) -> None:
        """Ask for all of them, several at a time; what cannot be had is said when it is needed.

        `codes`: the hash and the snapshot of each.
        """
        new = [label for label in labels if label not in self._versions]
        answers = at_once(new, lambda one: _or_none(lambda: self._look_up_version(*one)))
        for label, version in answers.items():
            if version is not None:
                self._versions[label] = version
                self._pinned.add((label[0], label[1], version))
        taken = {content: one for content, one in codes if content not in self._codes}
        found = at_once(taken, lambda one: _or_none(lambda: self._look_up_code(taken[one], one)))
        self._codes |= {content: code for content, code in found.items() if code is not None}

    def learn_there(self, assets: Iterable[Asset]) -> None:
        """Whether they are in the workspace, several at a time."""
        by_path = {asset.path: asset for asset in assets if asset.path not in self._there}
        self._there |= at_once(by_path, self._look_up_there)

    def knows(self, asset: Asset) -> bool | None:
        """Whether it is there; None: nobody has asked."""
        return self._there.get(asset.path)

    def is_known(self, thing: Needed) -> bool:
        """Whether it was found already, by a label, by its content or as an asset of a job."""
        if (thing.kind, thing.name, thing.version) in self._pinned:
            return True
        if thing.kind == "codes":
            found = f"{self.resources.workspace.id}/{thing.path}"
            return any(code.id == found for code in self._codes.values())
        return bool(self._there.get(thing.path))

    def code(self, snapshot: Snapshot, content: str) -> Code:
        """The code with a content, which may be there under any name."""
        found = self._codes.get(content)
        if found is None:
            found = self._codes[content] = self._look_up_code(snapshot, content)
        return found

    def is_there(self, asset: Asset) -> bool:
        """Whether an asset is in the workspace."""
        found = self._there.get(asset.path)
        if found is None:
            found = self._there[asset.path] = self._look_up_there(asset.path)
        return found

    def properties(self, path: str) -> Mapping[str, Any] | None:
        """Those of an asset; None where it is not there, or may not be looked at."""
        if path not in self._properties:
            try:
                found = self.resources.get(path)
            except (Unauthorized, Rejected):
                found = None
            self._properties[path] = (found or {}).get("properties")
        return self._properties[path]

    def container(self, datastore: str) -> str:
        """The address of the container of a datastore; Unsendable."""
        found = self._containers.get(datastore)
        if found is None:
            store = (self._ask(f"datastores/{datastore}") or {}).get("properties") or {}
            if store.get("datastoreType") != "AzureBlob":
                raise Unsendable(f"the datastore {datastore} is no container of blobs")
            found = self._containers[datastore] = container_address(store)
        return found

    # --------------------------------------------------------------------------------- the calls

    def _look_up_version(self, kind: str, name: str, label: str) -> str:
        check_label(name, label)
        if kind in ("data", "models"):
            found = self._ask(f"{kind}/{name}")
            version = ((found or {}).get("properties") or {}).get("latestVersion")
        else:
            newest = {"$orderBy": "createdtime desc", "$top": "1"}
            page = (self._ask(f"{kind}/{name}/versions", newest) or {}).get("value") or []
            version = page[0].get("name") if page else None
        if not version:
            what = {"environments": "environment", "components": "component"}.get(kind, "asset")
            raise Unsendable(f'the workspace has no {what} "{name}"', "register it first")
        return str(version)

    def _look_up_there(self, path: str) -> bool:
        resource = self.resources.get(path)
        return resource is not None and provisioning_state(resource) not in FAILED

    def _look_up_code(self, snapshot: Snapshot, content: str) -> Code:
        name = str(UUID(content[:32]))
        query = {"hash": content, "hashVersion": HASH_VERSION}
        page = (self._ask(f"codes/{name}/versions", query) or {}).get("value") or []
        own = f"{self.resources.workspace.id}/codes/{name}/versions/1"
        found = next((str(one["id"]) for one in page if one.get("id")), None)
        return Code(name, content, snapshot, found or own, found is not None)

    def _ask(self, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        try:
            return self.resources.get(path, parameters=parameters)
        except (Unauthorized, Rejected) as error:
            raise Unsendable(f"{path} cannot be looked up: {error.reason}", error.hint) from error


def _or_none(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Unsendable:
        return None


def container_address(store: Mapping[str, Any]) -> str:
    """The address of a datastore's container; an emulator has its accounts in the path."""
    protocol, host = store.get("protocol") or "https", store.get("endpoint") or "core.windows.net"
    account, container = str(store.get("accountName")), store.get("containerName")
    if account.startswith("/"):  # an embedded workspace, which has its containers itself
        return f"{protocol}://{host}{account.partition(' ')[0]}/{container}"
    if is_loopback(f"{protocol}://{host}"):
        return f"{protocol}://{host}/{account}/{container}"
    return f"{protocol}://{account}.blob.{host}/{container}"


class JobSources:
    """The files and ids of one job, and what was asked of them."""

    def __init__(
        self, files: RepositoryFiles, lookups: Lookups, definition: JobDefinition | None
    ) -> None:
        """`definition`: what was read of the job, if it is a file; files that say something else
        now are refused.
        """
        self._components = definition.components if definition is not None else {}
        self._declared = definition.snapshots if definition is not None else {}
        self._files = files
        self._lookups = lookups
        self.codes: dict[str, Code] = {}
        """By the key of its CodePath."""
        self.uploads: dict[str, Data] = {}
        """By the path of the data."""

    def document(self, path: str) -> Mapping[str, Any]:
        """See Files."""
        read = self._files.document(path)
        known = self._components.get(path)
        if known is not None and canonical_text(read.declared) != known.document:
            raise changed_since(path)
        return read.sent

    def job(self, definition: JobDefinition) -> Mapping[str, Any]:
        """See Files."""
        declared: Mapping[str, Any] = json.loads(definition.document)
        if not definition.root:
            return declared
        try:
            read = self._files.document(definition.path)
        except NotOne:  # one of several documents: as it was declared
            return declared
        if canonical_text(read.declared) != definition.document:
            raise changed_since(definition.path)
        return read.sent

    def code(self, code: CodePath) -> str:
        """See Ids."""
        snapshot, content = self._files.snapshot(code, self._declared.get(code.key))
        found = self.codes[code.key] = self._lookups.code(snapshot, content)
        return found.id

    def version(self, kind: str, name: str, label: str) -> str:
        """See Ids."""
        return self._lookups.version(kind, name, label)

    def data(self, path: str, datastore: str | None) -> str:
        """See Ids."""
        if not self._lookups.upload_data:
            raise local_data(path)
        found = self._data(path, datastore or _STORE)
        return f"azureml://datastores/{found.datastore}/paths/{found.path}"

    def build_context(self, path: str, dockerfile: str | None) -> tuple[str, str]:
        """See Ids."""
        if not self._lookups.upload_data:
            raise local_context(path)
        found = self._data(path, _STORE)
        content = found.path.split("/")[1]
        return f"{self._lookups.container(_STORE)}/{found.path}/", content

    def _data(self, path: str, datastore: str) -> Data:
        snapshot, is_folder, content = self._files.data(path)
        place = f"LocalUpload/{content}/{os.path.basename(path)}"
        found = self.uploads[path] = Data(datastore, place, snapshot, is_folder)
        return found
