"""The calls about datastores: those of the target's configuration, as blob containers.

An address or a credential is told to nobody: the engine looks at the folders, not the client.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import not_found

DEFAULT = "workspaceblobstore"
"""What Azure calls the default datastore of a workspace, unless somebody says otherwise."""


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
    if call.name not in call.services.site.datastores:
        raise not_found("Datastore", call.name)
    return json_response(_resource(call, call.name))


def _resource(call: Call, name: str) -> dict[str, Any]:
    return {
        "id": f"{call.place.id}/datastores/{name}",
        "name": name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": {
            "datastoreType": "AzureBlob",
            "accountName": "reconciler",
            "containerName": name,
            "endpoint": "invalid",
            "protocol": "https",
            "credentials": {"credentialsType": "None"},
            "isDefault": name == default_of(list(call.services.site.datastores)),
            "description": None,
            "tags": {},
            "properties": {},
        },
    }
