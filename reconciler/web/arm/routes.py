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
from reconciler.web.arm.assets import absent, lists
from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import ArmError, bad, conflict, refused
from reconciler.web.arm.long_running import REGION, read_operation, status
from reconciler.web.azure_names import azure_name_of
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
        raise refused(
            404, "InvalidResourceType", f"{words} '{PROVIDER}': here it is one workspace."
        )
    if method not in table and address.workspace is not None and method != "GET":
        return absent.unsupported
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
        case ["datastores", _, "listsecrets"]:
            return {"POST": datastore_calls.secrets}
        case ["computes"]:
            return {"GET": absent.computes}
        case ["codes", _, "versions", _, "startpendingupload"]:
            return {"POST": asset_calls.begin_upload}
        case ["codes" | "components" | "data" | "environments", _, "versions", _]:
            return {"GET": asset_calls.get, "PUT": asset_calls.put}
        case ["codes" | "components" | "data" | "environments", _, "versions"]:
            return {"GET": asset_calls.list_versions}
        case ["components" | "data" | "environments"]:
            return {"GET": lists.list_containers}
        case ["components" | "data" | "environments", _]:
            return {"GET": lists.get_container, "PUT": lists.put_container}
        case ["computes", _]:
            return {"GET": asset_calls.compute}
        case ["components" | "codes" | "environments" | "computes" | "data", *_]:
            return dict.fromkeys(absent.METHODS, _no_parts)
        case ["listkeys" | "resynckeys" | "listnotebookkeys" | "liststorageaccountkeys"]:
            return {"POST": absent.keys}
        case [kind, *_] if kind in absent.WORDS:
            return dict.fromkeys(absent.METHODS, absent.absent)
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
    """The workspaces of a group or a subscription: this one."""
    return json_response({"value": [_workspace_resource(call)]})


def _workspace_resource(call: Call) -> dict[str, Any]:
    site = call.services.site
    _, served_group, served = site.azure_name or azure_name_of(site.target)
    name, group = call.address.workspace or served, call.address.group or served_group
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
