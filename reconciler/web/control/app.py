"""The application of targets alone: what `reconciler ui`, and the loop's own port, answer with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reconciler.errors import ReconcilerError
from reconciler.web import control
from reconciler.web.access.authentication import Attempts, Authentication
from reconciler.web.access.request_guard import RequestGuard
from reconciler.web.control.common import state_trouble
from reconciler.web.control.targets import home
from reconciler.web.pages.preferences import time_zone
from reconciler.web.pages.sign_in import Login
from reconciler.web.settings import ControlSite
from reconciler.web.templating import render
from reconciler.web.workspace_view import Missing

STATIC = Path(__file__).parents[1] / "static"
NAVIGATION = (
    ("/targets", "Targets"),
    ("/control/schedules", "Schedules"),
    ("/control/calendar", "Calendar"),
    ("/control/history", "History"),
    ("/control/search", "Search"),
)
"""The pages of what has no workspace."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class ControlServices:
    """What the pages work with; closed once."""

    site: ControlSite
    clock: Callable[[], datetime] = _now
    closing: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """End what is under way."""
        for close in self.closing:
            close()


def create_control_app(services: ControlServices) -> Starlette:
    """The ASGI application."""
    site = services.site
    attempts = Attempts()
    app = Starlette(
        routes=[
            Route("/", home, methods=["GET"]),
            *Login(site, attempts).routes(),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
            *time_zone.routes,
            *control.routes,
        ],
        middleware=[
            Middleware(RequestGuard, site=site),
            Middleware(Authentication, site=site, attempts=attempts),
        ],
        exception_handlers={
            HTTPException: _http_error,
            Missing: _missing,
            ReconcilerError: state_trouble,
        },
    )
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.navigation = NAVIGATION
    return app


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, error.status_code, str(error.detail))


def _missing(request: Request, error: Exception) -> Response:
    return _answer(request, 404, f"there is no {error}")


def _answer(request: Request, status: int, message: str) -> Response:
    if hasattr(request.state, "session") and "text/html" in request.headers.get("accept", ""):
        return render(
            request, "error.html", status=status, message=message, is_missing=status == 404
        )
    return PlainTextResponse(f"{message}\n", status)
