"""The calls about datastores: those of the target's configuration, as blob containers.

Where they really are is told to nobody: clients put files into them, and read them, by way of this
server (web/stores).
"""

from __future__ import annotations

import time
from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import not_found
from reconciler.web.stores.places import ARTIFACTS

DEFAULT = "workspaceblobstore"
"""What Azure calls the default datastore of a workspace, unless somebody says otherwise."""
KNOWS_THE_WAY = "x-reconciler-sdk"
"""A header of clients that send to the server itself what they would send to a storage account."""
ACCOUNT = "/stores takes local files from ml_client() of reconciler_sdk.py alone: docs-sdk.md"
"""For all others: no account that there could be. Azure's client makes a host name of it, cannot,
and says this at once, instead of sending data and its token to somebody else's account.
"""


def default_of(names: list[str]) -> str | None:
    """The default among the datastores of a workspace: DEFAULT, or else the first."""
    return DEFAULT if DEFAULT in names else next(iter(names), None)


async def list_all(call: Call) -> Response:
    """All of them, or the default alone; in one page."""
    names = list(call.services.site.datastores)
    only_default = call.query.get("isDefault", "").lower() == "true"
    wanted = [name for name in names if not only_default or name == default_of(names)]
    return json_response({"value": [_resource(call, name) for name in wanted]})


async def get(call: Call) -> Response:
    """One, by its name."""
    if call.name not in (*call.services.site.datastores, ARTIFACTS):
        raise not_found("Datastore", call.name)
    return json_response(_resource(call, call.name))


async def secrets(call: Call) -> Response:
    """A signature, good for an hour, for files that are put below one folder of a datastore."""
    if call.name not in call.services.site.datastores:
        raise not_found("Datastore", call.name)
    signature = call.services.site.tokens.new_store(call.name, time.time())
    return json_response({"secretsType": "Sas", "sasToken": f"sv=1&sig={signature}"})


def _resource(call: Call, name: str) -> dict[str, Any]:
    protocol, _, host = call.endpoint.partition("://")
    return {
        "id": f"{call.place.id}/datastores/{name}",
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": "stores" if KNOWS_THE_WAY in call.request.headers else ACCOUNT,
            "containerName": name,
            "endpoint": host,
            "protocol": protocol,
            "credentials": {"credentialsType": "None"},
            "isDefault": name == default_of(list(call.services.site.datastores)),
            "description": None,
            "tags": {},
            "properties": {},
        },
    }
