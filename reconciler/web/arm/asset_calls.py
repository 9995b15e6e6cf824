"""The calls about what a client sends along with a schedule: code, components, environments.

Environments and computes are asked for by clients, and ignored by the workspace: any name is there.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from starlette.responses import Response

from reconciler.masking import mask
from reconciler.web.arm.assets.data import refuse_bad_data
from reconciler.web.arm.assets.lists import DEFAULT_VERSION, configured, is_viewed, newest
from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import ArmError, bad, not_found, refused
from reconciler.web.upload_folders import IDENTIFIER, UploadError
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.sent_assets import SentAsset

ACTOR = "Azure's API"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_TYPE = "Microsoft.MachineLearningServices/workspaces"


def _kind(call: Call) -> str:
    return call.address.rest[0].lower()


async def get(call: Call) -> Response:
    """One version of an asset."""
    kind, name, version = _kind(call), call.name, call.address.rest[3]

    def read(workspace: Workspace) -> SentAsset | None:
        if version == DEFAULT_VERSION:
            return newest(call, workspace, name)
        there = workspace.sent.get(kind, name, version)
        return there or next(iter(configured(call, name, version)), None)

    found = await call.services.read(read)
    if found is None and kind == "environments":
        found = SentAsset(name, version, {"isAnonymous": False}, None)
    if found is None:
        raise not_found(kind.capitalize(), f"{name}:{version}")
    return json_response(_shown(call, found))


async def list_versions(call: Call) -> Response:
    """The versions of an asset, the newest first; of code those with a hash, where one is asked."""
    kind, name, wanted = _kind(call), call.name, call.query.get("hash")

    def read(workspace: Workspace) -> list[SentAsset]:
        if kind == "codes" and wanted is not None:
            return workspace.sent.by_digest(wanted)
        there = workspace.sent.versions(kind, name)
        one = newest(call, workspace, name)
        return there or ([one] if one is not None else [])

    found = await call.services.read(read)
    viewed = [one for one in found if wanted is not None or is_viewed(call, one)]
    top = call.query.get("$top", "")
    most = int(top) if top.isascii() and top.isdigit() and len(top) < 9 else len(viewed)
    return json_response({"value": [_shown(call, one) for one in viewed[:most]]})


async def put(call: Call) -> Response:
    """Keep a version of an asset; of one that is there, only what is said about it changes."""
    kind, name, version = _kind(call), call.name, call.address.rest[3]
    properties = (await call.body()).get("properties")
    if not isinstance(properties, dict):
        raise bad("The request has no properties")
    for part in (name, version):
        if _NAME.fullmatch(part) is None:
            raise bad(f"{part[:80]!r} is not valid as the name or version of an asset")
    if kind == "data":
        refuse_bad_data(call, properties)
    if kind == "components" and not isinstance(properties.get("componentSpec"), dict):
        raise bad("The member properties.componentSpec is required")
    if kind == "codes":
        asset = await call.services.write(lambda w: _put_code(call, w, properties), by=ACTOR)
        return json_response(_shown(call, asset), 201)
    now = call.services.clock()

    def write(workspace: Workspace) -> bool:
        return workspace.sent.put(kind, name, version, properties, now)

    is_new = await call.services.write(write, by=ACTOR)
    shown = _shown(call, SentAsset(name, version, properties, None))
    return json_response(shown, 201 if is_new else 200)


async def begin_upload(call: Call) -> Response:
    """An address that the files of code are uploaded to: of this server, and for this code."""
    name, version = call.name, call.address.rest[3]
    there = await call.services.read(lambda w: w.sent.get("codes", name, version))
    if there is not None:
        raise refused(409, "Conflict", f"codes/{name}/versions/{version} is there already")
    try:
        # In a thread: it may find much to take away that was abandoned.
        identifier = await asyncio.to_thread(call.services.uploads.begin)
    except UploadError as error:
        raise refused(error.status, error.code, str(error)) from error
    signature = call.services.site.tokens.new_upload(identifier, time.time())
    uri = f"{call.endpoint}/uploads/{identifier}"
    return json_response(
        {
            "pendingUploadId": identifier,
            "pendingUploadType": "TemporaryBlobReference",
            "blobReferenceForConsumption": {
                "blobUri": uri,
                "storageAccountArmId": f"{call.place.id}/storage",
                "credential": {"credentialType": "SAS", "sasUri": f"{uri}?sv=1&sig={signature}"},
            },
        }
    )


async def compute(call: Call) -> Response:
    """A compute, of any name: steps run as processes of this machine."""
    name = call.name
    return json_response(
        {
            "id": f"{call.place.id}/computes/{name}",
            "name": name,
            "type": f"{_TYPE}/computes",
            "location": "local",
            "properties": {
                "computeType": "AmlCompute",
                "provisioningState": "Succeeded",
                "isAttachedCompute": False,
                "properties": {
                    "vmSize": "LOCAL",
                    "vmPriority": "Dedicated",
                    "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 1},
                },
            },
        }
    )


def _put_code(call: Call, workspace: Workspace, properties: dict[str, Any]) -> SentAsset:
    name, version = call.name, call.address.rest[3]
    uri = properties.get("codeUri")
    there = workspace.sent.get("codes", name, version)
    if there is not None:
        if there.properties.get("codeUri") != uri:
            raise refused(409, "Conflict", f"codes/{name}/versions/{version} cannot be changed")
        return there
    head, _, rest = str(uri).partition("/uploads/")
    identifier, _, folder = rest.partition("/")
    if head != call.endpoint or IDENTIFIER.fullmatch(identifier) is None:
        raise bad(f"codeUri {str(uri)[:200]!r} is not where this server takes code")
    uploads = call.services.uploads
    try:
        # Looked at before it ends: a client that put the wrong folder may put again.
        if folder and not uploads.place(identifier, folder.rstrip("/")).exists():
            raise bad(f"nothing was uploaded to {uri}")
        uploads.finish(identifier)
    except UploadError as error:
        raise ArmError(400, bad(str(error)).body) from error
    kept = properties.get("properties")
    digest = kept.get("hash_sha256") if isinstance(kept, dict) else None
    workspace.sent.put(
        "codes",
        name,
        version,
        properties,
        workspace.clock(),
        digest=digest if isinstance(digest, str) else None,
        upload=f"{identifier}/{folder}".rstrip("/"),
    )
    return SentAsset(name, version, properties, identifier)


def _shown(call: Call, asset: SentAsset) -> dict[str, Any]:
    kind = _kind(call)
    properties = {**asset.properties, "provisioningState": "Succeeded"}
    if kind == "components":  # as Azure's client reads what a component is called
        called = {"name": asset.name, "version": asset.version}
        properties["componentSpec"] = {**properties["componentSpec"], **called}
    return {
        "id": f"{call.place.id}/{kind}/{asset.name}/versions/{asset.version}",
        "name": asset.version,
        "type": f"{_TYPE}/{kind}/versions",
        # As of a schedule: who may only read never sends them back.
        "properties": mask("", properties) if call.masked else properties,
    }
