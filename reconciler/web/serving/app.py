"""The application: pages and APIs, and what stands before them.

RequestGuard (hosts, sizes, times, headers), then Authentication (tokens, sessions, actions), then
pages, ARM and v1.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from reconciler.errors import StateError
from reconciler.web import arm, control, pages, v1
from reconciler.web.access.authentication import Attempts, Authentication
from reconciler.web.access.request_guard import RequestGuard
from reconciler.web.control import workspace
from reconciler.web.control.common import state_trouble
from reconciler.web.error_responses import api_of, error_response
from reconciler.web.pages.sign_in import Login
from reconciler.web.services import Services
from reconciler.web.stores.calls import routes as store_routes
from reconciler.web.templating import NAVIGATION, render
from reconciler.web.uploads.calls import routes as upload_routes
from reconciler.web.workspace_view import Missing
from reconciler.workspace.store.database import Refused, StoreError

_KINDS = {"schedules": "schedule", "runs": "run", "pipelines": "pipeline"}
"""What an address of a page names, by its first part."""
STATIC = Path(__file__).parents[1] / "static"


def create_app(services: Services) -> Starlette:
    """The ASGI application of one workspace."""
    site = services.site
    attempts = Attempts()
    app = Starlette(
        routes=[
            *Login(site, attempts).routes(),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
            *arm.routes,
            *v1.routes,
            *upload_routes,
            *store_routes,
            *pages.routes,
            *((*control.routes, *workspace.routes) if site.control is not None else ()),
        ],
        middleware=[
            Middleware(RequestGuard, site=site),
            Middleware(Authentication, site=site, attempts=attempts),
        ],
        exception_handlers={
            HTTPException: _http_error,
            Missing: _missing,
            Refused: _refused,
            StoreError: _store_error,
            StateError: state_trouble,
        },
    )
    app.router.redirect_slashes = False  # an address is the one, or none
    app.state.services = services
    if site.control is not None:
        app.state.answers_of = workspace.answers.answers_of
        app.state.navigation = (*NAVIGATION, ("/targets", "Targets"))
    return app


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "NotFound" if error.status_code == 404 else "BadRequest"
    return _answer(request, error.status_code, code, str(error.detail))


def _missing(request: Request, error: Exception) -> Response:
    name = str(error)
    kind = _KINDS.get(request.url.path.split("/")[1])
    if kind is not None and request.path_params.get("name") == name:
        return _answer(request, 404, "NotFound", f'there is no {kind} "{name}"')
    return _answer(request, 404, "NotFound", f"there is no {name}")


def _refused(request: Request, error: Exception) -> Response:
    return _answer(request, 409, "Conflict", str(error))


def _store_error(request: Request, error: Exception) -> Response:
    services: Services = request.app.state.services
    services.site.log("workspace_failed", error=str(error))
    temporary = isinstance(error, StoreError) and error.temporary
    status, words = (503, "is busy; try again") if temporary else (500, "cannot be used")
    return _answer(request, status, "ServiceUnavailable", f"the workspace {words}")


def _answer(request: Request, status: int, code: str, message: str) -> Response:
    """An error as whoever asked expects it: a browser that is signed in gets a page."""
    is_page = api_of(request.url.path) == "page" and hasattr(request.state, "session")
    if is_page and "text/html" in request.headers.get("accept", ""):
        return render(
            request, "error.html", status=status, message=message, is_missing=status == 404
        )
    return error_response(request.scope, status, code, message)
