"""What Azure's workspaces have and an embedded one has not: lists are empty, all else says so."""

from __future__ import annotations

from starlette.responses import Response

from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import bad, not_found, refused

METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE")
WORDS = {
    "models": "models: write them to a datastore, as outputs of steps",
    "batchendpoints": "batch endpoints: it runs published pipelines, by schedules and on demand",
    "onlineendpoints": "online endpoints: it runs pipelines, and serves no models",
    "serverlessendpoints": "serverless endpoints: it runs pipelines, and serves no models",
    "endpoints": "endpoints: it runs pipelines, and serves no models",
    "marketplacesubscriptions": "subscriptions of a marketplace",
    "marketplacemodelsubscriptions": "subscriptions of a marketplace",
    "connections": "connections: steps read credentials from the environment of `serve`",
    "featuresets": "feature sets",
    "featurestoreentities": "feature stores",
    "outboundrules": "rules of a network: steps run as processes of this machine",
    "capabilityhosts": "capability hosts",
    "privateendpointconnections": "private endpoints",
    "privatelinkresources": "private endpoints",
    "labelingjobs": "labeling",
    "inferencepools": "inference pools",
}
"""By the part of the address."""
_OTHERWISE = {
    "computes": "Computes are not made or changed: steps run as processes of this machine, and a"
    " job may name any compute",
    "datastores": "Datastores are not made or changed: they are in reconciler.yaml",
    "data": "Data assets are not taken away: archive them",
    "components": "Components are not taken away: archive them",
    "environments": "Environments are not taken away: archive them",
    "codes": "Code stays as it was sent",
    "jobs": "A run is not deleted: `reconciler runs prune` forgets runs that have ended",
    "schedules": "Schedules are put, deleted, and run by `trigger`",
    "": "The workspace is made and changed in reconciler.yaml",
}


async def absent(call: Call) -> Response:
    """An empty list, or that there is none and why."""
    kind, *rest = call.address.rest
    words = f"An embedded workspace has no {WORDS[kind.lower()]}"
    if call.request.method in ("GET", "HEAD"):
        if len(rest) % 2 == 0:
            return json_response({"value": []})
        raise refused(404, "UserError", f"{words}; so there is no {kind} {rest[-1]}")
    raise bad(words)


async def unsupported(call: Call) -> Response:
    """A call that changes what is not changed here, and what to do instead."""
    kind = call.address.rest[0].lower() if call.address.rest else ""
    raise bad(f"An embedded workspace does not do this. {_OTHERWISE.get(kind, '')}".strip())


async def keys(call: Call) -> Response:
    """The keys of a workspace: it has none to give."""
    raise bad(
        "An embedded workspace gives no keys: programs sign in with the token of `serve`"
        " (https://schedule-reconciler.github.io/reconciler/sdk.html)"
    )


async def computes(call: Call) -> Response:
    """None: a job may name any, and each is asked for by its name."""
    return json_response({"value": []})


async def missing(call: Call) -> Response:
    """A thing that is not there."""
    raise not_found(call.address.rest[-2], call.address.rest[-1])
