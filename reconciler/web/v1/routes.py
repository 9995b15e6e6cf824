"""From a call of v1 to its answer: one table of paths, read without regard to case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.errors import ProviderError
from reconciler.web.access.host_names import origin_of
from reconciler.web.arm.address import read_address
from reconciler.web.arm.errors import ArmError
from reconciler.web.error_responses import v1_error
from reconciler.web.services import Services
from reconciler.web.v1 import data_types, pipelines, runs, schedule_calls
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import V1Error
from reconciler.workspace.store.database import Refused

Answer = Callable[[Call], Awaitable[Response]]
_METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]


async def pipelines_service(request: Request) -> Response:
    """The service of pipelines, schedules and runs."""
    return await _answer(request, "/pipelines/v1.0", _pipelines)


async def history_service(request: Request) -> Response:
    """The service of run history: experiments."""
    return await _answer(request, "/history/v1.0", _history)


async def discovery(request: Request) -> Response:
    """Where the services are: here. Whoever may ask knows that already."""
    services: Services = request.app.state.services
    here = origin_of(request.scope, services.site, request.headers.get("host", ""))
    return JSONResponse(dict.fromkeys(("api", "pipelines", "history", "experimentation"), here))


routes = [
    Route("/discovery", discovery, methods=["GET"]),
    Route("/pipelines/v1.0/{rest:path}", pipelines_service, methods=_METHODS),
    Route("/history/v1.0/{rest:path}", history_service, methods=_METHODS),
]


async def _answer(
    request: Request, prefix: str, table: Callable[[list[str]], dict[str, Answer]]
) -> Response:
    services: Services = request.app.state.services
    path = request.scope["raw_path"].decode("ascii")[len(prefix) :]
    try:
        address = read_address(path, None, services.site.azure_name)
        call = Call(request, services, address, dict(request.query_params))
        return await _handler(request.method, address.rest, table, address.workspace)(call)
    except V1Error as error:
        return error.response()
    except ArmError as error:
        code = "NotFound" if error.status == 404 else "BadRequest"
        return JSONResponse(v1_error(code, str(error)), error.status)
    except (Refused, ProviderError) as error:
        return JSONResponse(v1_error("Conflict", str(error)), 409)


def _handler(
    method: str,
    rest: tuple[str, ...],
    table: Callable[[list[str]], dict[str, Answer]],
    workspace: str | None,
) -> Answer:
    found = table([segment.lower() for segment in rest]) if workspace is not None else {}
    if not found:
        raise V1Error(404, "NotFound", "The request is for what this service does not have.")
    method = "GET" if method == "HEAD" else method
    if method not in found:
        raise V1Error(405, "MethodNotAllowed", f"The method {method} is not supported here.")
    return found[method]


def _pipelines(path: list[str]) -> dict[str, Answer]:
    match path:
        case ["schedules"]:
            return {"GET": schedule_calls.list_all}
        case ["schedules", "create"]:
            return {"POST": schedule_calls.create}
        case ["schedules", "pipeline", _]:
            return {"GET": schedule_calls.of_pipeline}
        case ["schedules", "pipelineendpoint", _]:
            return {"GET": schedule_calls.of_endpoint}
        case ["schedules", _]:
            return {"GET": schedule_calls.get, "PUT": schedule_calls.put}
        case ["pipelines"]:
            return {"GET": pipelines.list_all}
        case ["pipelines", _]:
            return {"GET": pipelines.get}
        case ["pipelines", _, "status"]:
            return {"PUT": pipelines.put_status}
        case ["pipelineendpoints"]:
            return {"GET": pipelines.list_endpoints}
        case ["pipelineendpoints", "name"]:
            return {"GET": pipelines.get_endpoint_by_name}
        case ["pipelineendpoints", "id", _]:
            return {"GET": pipelines.get_endpoint}
        case ["pipelineendpoints", _]:
            return {"GET": pipelines.get_endpoint, "PUT": pipelines.put_endpoint}
    return _runs(path)


def _runs(path: list[str]) -> dict[str, Answer]:
    match path:
        case ["pipelineruns", "schedule", _]:
            return {"GET": runs.of_schedule}
        case ["pipelineruns", "schedule", _, "last"]:
            return {"GET": runs.last_of_schedule}
        case ["pipelineruns", "pipelinesubmit", _]:
            return {"POST": runs.submit}
        case ["pipelineruns", "pipelineendpointsubmit", "id", _]:
            return {"POST": runs.submit_endpoint}
        case ["pipelineruns", _]:
            return {"GET": runs.get}
        case ["datatypes"]:
            return {"GET": data_types.list_all}
        case ["datatypes", _]:
            return {"GET": data_types.get}
    return {}


def _history(path: list[str]) -> dict[str, Answer]:
    match path:
        case ["experiments"]:
            return {"GET": runs.experiments}
        case ["experiments", _]:
            return {"GET": runs.experiment}
        case ["experiments", _, "runs"]:
            return {"GET": runs.runs_of_experiment}
    return {}
