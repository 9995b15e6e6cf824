"""Pages from templates: every value is escaped, every page knows who looks at it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from reconciler.web.access.authentication import csrf_token, may
from reconciler.web.template_filters import FILTERS, GLOBALS
from reconciler.web.times import View, showing, zone_of

NAVIGATION = (
    ("/", "Overview"),
    ("/schedules", "Schedules"),
    ("/pipelines", "Pipelines"),
    ("/runs", "Runs"),
    ("/experiments", "Experiments"),
    ("/calendar", "Calendar"),
    ("/history", "History"),
)
"""The pages of a workspace: their address and name."""


@cache
def environment() -> Environment:
    """The templates of this package. A name that a template does not have is an error."""
    made = Environment(
        loader=PackageLoader("reconciler.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals.update(GLOBALS)
    return made


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. Templates know `request`, `target`, `navigation`, `csrf`, `may_write` and
    `time_zone` beside `values`.
    """
    signed_in = hasattr(request.state, "session")
    navigation = getattr(request.app.state, "navigation", NAVIGATION)
    shown = {
        "request": request,
        "target": request.app.state.services.site.target,
        "signed_in": signed_in,
        "navigation": navigation,
        "csrf": csrf_token(request) if signed_in else "",
        "may_write": signed_in and may(request, "write"),
        "time_zone": zone_of(request),
    }
    with showing(View(shown["time_zone"], values.get("now") or datetime.now(UTC))):
        text = environment().get_template(template).render(**shown, **values)
    return HTMLResponse(text, status)
