"""Puts what a job needs before its schedule: code and environments, then components.

Those of a sub-pipeline go before it. Each distinct thing once, however many schedules share it.
Whatever it is interrupted at, only anonymous assets are left behind that nothing refers to.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from reconciler.errors import ProviderError, Rejected
from reconciler.model import Key, Snapshot
from reconciler.providers.azureml.deploy.lookups import Code, Data, container_address
from reconciler.providers.azureml.deploy.once import Once
from reconciler.providers.azureml.deploy.resources import Resources
from reconciler.providers.azureml.deploy.uploads import Expired, OnUpload, changed, upload
from reconciler.providers.azureml.jobs.assets import Asset
from reconciler.snapshots.client_hash import HASH_VERSION

_SIGNED = 3
"""How many addresses are asked for, should each expire."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be there before one schedule."""

    assets: tuple[Asset, ...] = ()
    """In the order in which they are put."""
    codes: Mapping[str, Code] = field(default_factory=dict)
    data: Mapping[str, Data] = field(default_factory=dict)
    there: frozenset[str] = frozenset()
    """The paths of assets that are there already."""


class Deployer:
    """Writes to one workspace. Used by many threads at once."""

    def __init__(self, resources: Resources, on_upload: OnUpload | None = None) -> None:
        self._resources = resources
        self._on_upload = on_upload
        self._once = Once()

    def forget(self) -> None:
        """What was put may be gone."""
        self._once.forget()

    def deploy(self, needs: Needs, key: Key) -> None:
        """Put what is missing of it, for the schedule `key`. ProviderError."""
        for data in needs.data.values():
            where = f"{data.datastore}/{data.path}"
            self._once.do(where, partial(self._put_data, data, key))
        for code in needs.codes.values():
            if not code.is_there:
                self._once.do(code.id, partial(self._put_code, code, key))
        for asset in needs.assets:
            if asset.path not in needs.there:
                self._once.do(asset.path, partial(self._put_asset, asset, key))

    def _put_asset(self, asset: Asset, key: Key) -> None:
        try:
            self._resources.put(asset.path, asset.properties, key)
        except Rejected:
            # Another deployer may have been first: a version never changes.
            if self._resources.get(asset.path) is None:
                raise

    def _put_code(self, code: Code, key: Key) -> None:
        path = f"codes/{code.name}/versions/1"
        folder = _folder_of(code.snapshot)
        metadata = {"upload_status": "completed", "name": code.name, "version": "1"}
        container = self._upload_signed(path, folder, code, metadata, key)
        properties = {
            "codeUri": f"{container}/{folder}",
            "isAnonymous": True,
            "properties": {"hash_sha256": code.hash, "hash_version": int(HASH_VERSION)},
        }
        try:
            self._resources.put(path, properties, key)
        except Rejected:
            if self._resources.get(path) is None:
                raise

    def _upload_signed(
        self, path: str, folder: str, code: Code, metadata: dict[str, str], key: Key
    ) -> str:
        """Upload to an address that ARM signs; the container's own."""
        reason = ""
        for _ in range(_SIGNED):
            answer = self._resources.post(
                f"{path}/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"}, key
            )
            blobs = answer.get("blobReferenceForConsumption") or {}
            signed = str((blobs.get("credential") or {}).get("sasUri") or "")
            if not signed or not blobs.get("blobUri"):
                raise ProviderError(key, "upload", "the answer has no address to upload to")
            try:
                sent = upload(signed, folder, code.snapshot, metadata, key, self._on_upload)
            except Expired as error:
                reason = str(error)
                continue
            if sent != code.hash:
                raise changed(code.snapshot, key)
            return str(blobs["blobUri"])
        raise ProviderError(key, "upload", f"{reason}, with {_SIGNED} addresses one after another")

    def _put_data(self, data: Data, key: Key) -> None:
        store = f"datastores/{data.datastore}"
        found = (self._resources.get(store) or {}).get("properties") or {}
        if found.get("datastoreType") != "AzureBlob":
            what = f"the datastore {data.datastore} is no container of blobs"
            raise Rejected(key, "upload", what)
        secrets = self._resources.post(f"{store}/listSecrets", None, key)
        token = str(secrets.get("sasToken") or "").lstrip("?")
        if not token:
            what = f"the datastore {data.datastore} gives no signature to upload with"
            raise Rejected(key, "upload", what, hint="its credentials are of another kind")
        address = f"{container_address(found)}?{token}"
        place = data.path if data.is_folder else os.path.dirname(data.path)
        metadata = {"upload_status": "completed", "name": os.path.basename(data.path)}
        try:
            upload(address, place, data.snapshot, metadata, key, self._on_upload)
        except Expired as error:
            raise ProviderError(key, "upload", str(error)) from error


def _folder_of(snapshot: Snapshot) -> str:
    """Where its files go in the container: azure-ai-ml 1.35 puts what `additional_includes` are
    added to together in a folder of this name.
    """
    if snapshot.places:
        return "code_with_additional_includes"
    return os.path.basename(snapshot.folder.rstrip(os.sep))
