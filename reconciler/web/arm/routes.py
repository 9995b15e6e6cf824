"""From a call of Azure Resource Manager to its answer.

A call is read into an Address; one table says who answers. What answers knows the workspace; what
it says is made in `schedules.py` and `jobs.py`.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.errors import ProviderError
from reconciler.web.arm import asset_calls, datastore_calls, job_calls, schedule_calls
from reconciler.web.arm.address import PROVIDER, Address, read_address
from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import ArmError, bad, conflict, refused
from reconciler.web.arm.long_running import REGION, read_operation, status
from reconciler.web.services import Services
from reconciler.workspace.store.database import Refused

Answer = Callable[[Call], Awaitable[Response]]


async def answer(request: Request) -> Response:
    """The answer to a call, whatever it is."""
    services: Services = request.app.state.services
    headers = {
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-correlation-request-id": _correlation(request),
    }
    try:
        query = dict(request.query_params)
        path = request.scope["raw_path"].decode("ascii")
        address = read_address(path, query, services.site.azure_name)
        call = Call(request, services, address, query)
        response = await _handler(request.method, address)(call)
    except ArmError as error:
        response = error.response()
    except (Refused, ProviderError) as error:
        response = conflict(str(error)).response()
    response.headers.update(headers)
    return response


routes = [
    Route(path, answer, methods=["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"])
    for path in ("/subscriptions/{rest:path}", "/subscriptions", "/providers/{rest:path}")
]


def _handler(method: str, address: Address) -> Answer:
    lower = [segment.lower() for segment in address.rest]
    method = "GET" if method == "HEAD" else method
    if address.workspace is not None:
        table = _below_workspace(lower)
    elif address.location is not None:
        table = _operations(lower)
    else:
        table = {} if lower else {"GET": _workspaces}
    if not table:
        words = "The resource type could not be found in the namespace"
        raise refused(404, "InvalidResourceType", f"{words} '{PROVIDER}'.")
    if method not in table:
        words = f"The HTTP method '{method}' is not supported at this address."
        raise refused(405, "HttpMethodNotSupported", words)
    return table[method]


def _below_workspace(path: list[str]) -> dict[str, Answer]:
    match path:
        case []:
            return {"GET": _workspace}
        case ["schedules"]:
            return {"GET": schedule_calls.list_page}
        case ["schedules", _]:
            return {
                "GET": schedule_calls.get,
                "PUT": schedule_calls.put,
                "DELETE": schedule_calls.delete,
            }
        case ["schedules", _, "trigger"]:
            return {"POST": schedule_calls.trigger}
        case ["jobs"]:
            return {"GET": job_calls.list_page}
        case ["jobs", _]:
            return {"GET": job_calls.get, "PUT": job_calls.put}
        case ["jobs", _, "cancel"]:
            return {"POST": job_calls.cancel}
        case ["datastores"]:
            return {"GET": datastore_calls.list_all}
        case ["datastores", _]:
            return {"GET": datastore_calls.get}
        case ["datastores", _, *_]:
            return {"POST": _no_secrets}
        case ["codes", _, "versions", _, "startpendingupload"]:
            return {"POST": asset_calls.begin_upload}
        case ["codes" | "components" | "environments", _, "versions", _]:
            return {"GET": asset_calls.get, "PUT": asset_calls.put}
        case ["codes" | "components" | "environments", _, "versions"]:
            return {"GET": asset_calls.list_versions}
        case ["components" | "environments", _]:
            return {"GET": asset_calls.container}
        case ["computes", _]:
            return {"GET": asset_calls.compute}
        case ["components" | "codes" | "environments" | "computes" | "data", *_]:
            return dict.fromkeys(("GET", "PUT", "POST", "PATCH", "DELETE"), _no_parts)
        case ["batchendpoints" | "onlineendpoints", *_]:
            return dict.fromkeys(("GET", "PUT", "POST", "PATCH", "DELETE"), _no_endpoints)
    return {}


def _operations(path: list[str]) -> dict[str, Answer]:
    match path:
        case ["mfeoperationsstatus", _]:
            return {"GET": _status}
        case ["mfeoperationresults", _]:
            return {"GET": _result}
    return {}


# ---------------------------------------------------------------------------- the workspace itself


async def _workspace(call: Call) -> Response:
    return json_response(_workspace_resource(call))


async def _workspaces(call: Call) -> Response:
    """The workspaces of a group or a subscription: only their own names lead to this one."""
    served = call.services.site.azure_name
    if served is None:
        return json_response({"value": []})
    return json_response({"value": [_workspace_resource(call)]})


def _workspace_resource(call: Call) -> dict[str, Any]:
    served = call.services.site.azure_name
    name = call.address.workspace or (served[2] if served is not None else "")
    group = call.address.group or (served[1] if served is not None else "")
    base = f"/subscriptions/{call.address.subscription}/resourceGroups/{group}"
    return {
        "id": f"{base}/providers/{PROVIDER}/workspaces/{name}",
        "name": name,
        "type": f"{PROVIDER}/workspaces",
        "location": REGION,
        "kind": "Default",
        "tags": {},
        "identity": None,
        "sku": {"name": "Basic", "tier": "Basic"},
        "properties": {
            "friendlyName": call.services.site.target,
            "description": "An embedded workspace of reconciler.",
            "discoveryUrl": f"{call.endpoint}/discovery",
            "provisioningState": "Succeeded",
            "workspaceId": str(uuid.uuid5(uuid.NAMESPACE_URL, str(call.services.site.path))),
            "publicNetworkAccess": "Disabled",
            "mlFlowTrackingUri": None,
        },
    }


async def _no_parts(call: Call) -> Response:
    raise bad(
        f"An embedded workspace does not do this with {call.address.rest[0]}: it takes a job with"
        " its code, components and environments, and data by its address in a datastore,"
        " azureml://datastores/NAME/paths/PATH"
    )


async def _no_secrets(call: Call) -> Response:
    raise bad(
        "An embedded workspace takes no data: its datastores are folders that it looks at by"
        " itself, and it gives no keys. Put the data into one of them, and name it there:"
        " azureml://datastores/NAME/paths/PATH"
    )


async def _no_endpoints(call: Call) -> Response:
    raise bad(
        "An embedded workspace has no batch or online endpoints: it runs published pipelines, by"
        " schedules and on demand"
    )


# -------------------------------------------------------------------------------------- operations


async def _status(call: Call) -> Response:
    operation = read_operation(call.address.rest[1], call.services.clock())
    if operation is None:
        raise refused(404, "NotFound", "The operation was not found.")
    return json_response(status(call.address, operation))


async def _result(call: Call) -> Response:
    operation = read_operation(call.address.rest[1], call.services.clock())
    if operation is None:
        raise refused(404, "NotFound", "The operation was not found.")
    if operation.failed:
        return json_response({"error": status(call.address, operation)["error"]}, 400)
    return Response(status_code=204)


def _correlation(request: Request) -> str:
    given = request.headers.get("x-ms-correlation-request-id", "")
    try:
        return str(uuid.UUID(given))
    except ValueError:
        return str(uuid.uuid4())
