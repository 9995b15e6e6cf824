"""What the SDK finds of a run's files: the log of each step, and where it can be read.

A container is `dcid.` and the id of a run or step, as in Azure. Outputs are files of the run's
folder, and are not offered here.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import not_found
from reconciler.web.v1.history.entities import CONTAINER, USER_LOG
from reconciler.web.v1.history.log_links import log_link
from reconciler.web.workspace_view import find_step


async def under_prefix(call: Call) -> Response:
    """The files of a container whose paths begin so."""
    origin, container = call.rest[3:5]
    return await _listed(call, origin, container, "/".join(call.rest[5:]))


async def of_container(call: Call) -> Response:
    """All files of a container."""
    origin, container = call.rest[1:3]
    return await _listed(call, origin, container, "")


async def of_path(call: Call) -> Response:
    """Where one file of a container can be read."""
    origin, container = call.rest[2:4]
    path = "/".join(call.rest[4:])
    found = await _found(call, origin, container, path)
    if not found or found[0]["path"] != path:
        raise not_found("Artifact", f"{container}/{path}")
    return json_response(found[0])


async def _listed(call: Call, origin: str, container: str, prefix: str) -> Response:
    value = await _found(call, origin, container, prefix)
    return json_response({"value": value, "continuationToken": None})


async def _found(call: Call, origin: str, container: str, prefix: str) -> list[dict[str, Any]]:
    identifier = container.removeprefix(CONTAINER)
    found = await call.services.read(lambda w: find_step(w, identifier))
    value: list[dict[str, Any]] = []
    if found is not None and USER_LOG.startswith(prefix):
        run, step = found
        value.append(
            {
                "origin": origin,
                "container": container,
                "path": USER_LOG,
                "contentUri": log_link(call, run.name, step.name),
            }
        )
    return value
