"""The datastores of the target's configuration, as the SDK reads them: blob containers.

`Schedule.create(datastore=)` takes an `AzureBlobDatastore` only, and nothing else of one than its
name. An address or a credential is told to nobody: the engine looks at the folders, not the client.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.arm.datastore_calls import default_of
from reconciler.web.v1.assets.refusals import Answer
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import bad, not_found

ACCOUNT = (
    "an-embedded-workspace-takes-no-files-from-the-sdk-v1-put-them-into-the-folder-of-the-datastore"
)
"""Longer than a part of a host name can be. The SDK makes one of it, over TLS alone; it cannot, and
says so at once, instead of looking for somebody else's account.
"""
_HOW = "they are in reconciler.yaml, under datastores of the target"


async def list_all(call: Call) -> Response:
    """All of them, in one page."""
    return json_response({"value": [_entity(name) for name in call.datastores]})


async def get(call: Call) -> Response:
    """One, by its name."""
    if call.last not in call.datastores:
        raise not_found("Datastore", call.last)
    return json_response(_entity(call.last))


async def get_default(call: Call) -> Response:
    """`workspaceblobstore`, or else the first of the configuration."""
    name = default_of(list(call.datastores))
    if name is None:
        raise not_found("Datastore", f"of this workspace: it has none; {_HOW}")
    return json_response(_entity(name))


async def refuse(call: Call) -> Response:
    """They are declared, not registered."""
    raise bad(f"The datastores of an embedded workspace cannot be changed here: {_HOW}")


def datastores_table(path: list[str]) -> dict[str, Answer]:
    """By method, who answers a call of the service of datastores."""
    match path:
        case ["datastores"]:
            return {"GET": list_all, "POST": refuse}
        case ["datastores", _]:
            return {"GET": get, "PUT": refuse, "DELETE": refuse}
        case ["default"]:
            return {"GET": get_default}
        case ["default", _]:
            return {"PUT": refuse}
    return {}


def _entity(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "dataStoreType": "AzureBlob",
        "hasBeenValidated": True,
        "tags": {},
        "azureStorageSection": {
            "accountName": ACCOUNT,
            "containerName": name,
            "endpoint": "invalid",
            "protocol": "https",
            "credentialType": "None",
            "credential": None,
            "isSas": False,
            "accountKey": None,
            "sasToken": None,
            "areWorkspaceManagedIdentitiesAllowed": False,
        },
    }
