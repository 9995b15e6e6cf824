"""From a call of v1 to its answer: one table of paths, read without regard to case."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.errors import ProviderError
from reconciler.web.access.host_names import origin_of
from reconciler.web.arm.address import read_address
from reconciler.web.arm.errors import ArmError
from reconciler.web.error_responses import error_response
from reconciler.web.services import Services
from reconciler.web.v1 import page_links, pipelines, runs, schedule_calls
from reconciler.web.v1.assets import data_types
from reconciler.web.v1.assets.absent import SERVICES, absent_table
from reconciler.web.v1.assets.datastores import datastores_table
from reconciler.web.v1.assets.refusals import Answer, refuse
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import V1Error
from reconciler.web.v1.history import steps
from reconciler.web.v1.history.log_links import PATH, shared_log
from reconciler.web.v1.history.table import artifacts_table, data_table, history_table
from reconciler.workspace.store.database import Refused

_METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]


async def pipelines_service(request: Request) -> Response:
    """The service of pipelines, schedules and runs."""
    return await _answer(request, "/pipelines/v1.0", _pipelines)


async def history_service(request: Request) -> Response:
    """The service of run history: experiments."""
    return await _answer(request, "/history/v1.0", history_table)


async def datastore_service(request: Request) -> Response:
    """The service of datastores."""
    return await _answer(request, "/datastore/v1.0", datastores_table)


async def artifact_service(request: Request) -> Response:
    """The service of artifacts: logs of steps."""
    return await _answer(request, "/artifact/v2.0", artifacts_table)


async def data_service(request: Request) -> Response:
    """The service of data: where outputs are."""
    return await _answer(request, "/data/v1.0", data_table)


async def absent_service(request: Request) -> Response:
    """A service that is not here."""
    path = request.scope["path"].lower()
    service = max((one for one in SERVICES if path.startswith(f"{one}/")), key=len)
    return await _answer(request, service, absent_table(service))


async def discovery(request: Request) -> Response:
    """Where the services are: here. Whoever may ask knows that already."""
    services: Services = request.app.state.services
    here = origin_of(request.scope, services.site, request.headers.get("host", ""))
    return JSONResponse(dict.fromkeys(_SERVICES, here))


_SERVICES = (
    "api",
    "pipelines",
    "history",
    "experimentation",
    "modelmanagement",
    "hyperdrive",
    "studio",
)
"""What the SDK looks for (`_ServiceKeys`), and clients of before did."""

routes = [
    Route("/discovery", discovery, methods=["GET"]),
    Route(f"{PATH}/{{run}}", shared_log, methods=["GET"]),
    Route("/pipelines/v1.0/{rest:path}", pipelines_service, methods=_METHODS),
    Route("/history/v1.0/{rest:path}", history_service, methods=_METHODS),
    *page_links.routes,
    Route("/datastore/v1.0/{rest:path}", datastore_service, methods=_METHODS),
    Route("/artifact/v2.0/{rest:path}", artifact_service, methods=_METHODS),
    Route("/data/v1.0/{rest:path}", data_service, methods=_METHODS),
    *(Route(f"{one}/{{rest:path}}", absent_service, methods=_METHODS) for one in SERVICES),
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
        refused = error.status, error.code, str(error)
    except ArmError as error:
        code = "NotFound" if error.status == 404 else "BadRequest"
        refused = error.status, code, str(error)
    except (Refused, ProviderError) as error:
        refused = 409, "Conflict", str(error)
    return error_response(request.scope, *refused)


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
        case ["pipelines", "create" | "pipelinedraftcreate"]:
            return {"POST": refuse("pipelines")}
        case ["pipelines", _]:
            return {"GET": pipelines.get}
        case ["pipelines", _, "status"]:
            return {"PUT": pipelines.put_status}
        case ["pipelineendpoints"]:
            return {"GET": pipelines.list_endpoints}
        case ["pipelineendpoints", "create"]:
            return {"POST": refuse("pipelineendpoints")}
        case ["pipelineendpoints", "name"]:
            return {"GET": pipelines.get_endpoint_by_name}
        case ["pipelineendpoints", "id", _]:
            return {"GET": pipelines.get_endpoint}
        case ["pipelineendpoints", _, "pipelines"]:
            return {"GET": pipelines.of_endpoint}
        case ["pipelineendpoints", _]:
            return {"GET": pipelines.get_endpoint, "PUT": pipelines.put_endpoint}
        case ["datatypes"]:
            return {"GET": data_types.list_all, "POST": data_types.create}
        case ["datatypes", _]:
            return {"GET": data_types.get}
        case ["graphs" | "modules" | "datasources" | "azuremlmodules", *_]:
            return dict.fromkeys(_METHODS, refuse("graphs"))
        case ["pipelinedrafts" | "graphdrafts", *_]:
            return dict.fromkeys(_METHODS, refuse("pipelinedrafts"))
    return _runs(path)


def _runs(path: list[str]) -> dict[str, Answer]:
    match path:
        case ["pipelineruns", "schedule", _]:
            return {"GET": runs.of_schedule}
        case ["pipelineruns", "schedule", _, "last"]:
            return {"GET": runs.last_of_schedule}
        case ["pipelineruns", "pipeline", _]:
            return {"GET": runs.of_pipeline}
        case ["pipelineruns", "pipelinesubmit", _]:
            return {"POST": runs.submit}
        case ["pipelineruns", "pipelineendpointsubmit", "id", _]:
            return {"POST": runs.submit_endpoint}
        case ["pipelineruns", "pipelineendpointsubmit", "id", _, _]:
            return {"POST": runs.submit_endpoint}
        case ["pipelineruns", "unsubmitted" | "submit" | "pipelinedraftsubmit", *_]:
            return {"POST": refuse("pipelines")}
        case ["pipelineruns", _]:
            return {"GET": runs.get}
        case ["pipelineruns", _, "execution"]:
            return {"DELETE": runs.cancel}
        case ["pipelineruns", _, "outputs"]:
            return {"POST": steps.outputs}
        case ["pipelineruns", _, "pipelinerunoutputs", _]:
            return {"GET": refuse("outputs")}
        case ["pipelineruns", _, "graph", *part]:
            return _steps(part)
    return {}


def _steps(path: list[str]) -> dict[str, Answer]:
    match path:
        case ["node", "statuscode"]:
            return {"POST": steps.status_code}
        case ["node", "status"]:
            return {"POST": steps.status}
        case ["allnodes", "status"]:
            return {"GET": steps.all_statuses, "POST": steps.all_statuses}
        case ["shareable", "stdout"]:
            return {"POST": steps.stdout}
        case ["shareable", "stderr"]:
            return {"POST": steps.stderr}
        case ["shareable", "joblog"]:
            return {"POST": steps.job_log}
    return {}
