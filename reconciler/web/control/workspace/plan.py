"""What an apply would change in the workspace: the HTML plan, as a page."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.render.documents import FORMAT_VERSION
from reconciler.render.html.page import render_html
from reconciler.web.pages.common import last_drift, services_of
from reconciler.web.pages.drift import Drift
from reconciler.web.plan_frame import framed
from reconciler.web.templating import render


async def show_plan(request: Request) -> Response:
    """The plan that was made last; what is old is made anew meanwhile."""
    drift = await last_drift(request, services_of(request).clock())
    if drift is None or not drift.plan:
        problem = drift.problem if drift is not None else None
        return render(request, "plan_missing.html", problem=problem)
    return framed(await asyncio.to_thread(_text, request, drift))


def _text(request: Request, drift: Drift) -> str:
    """Its page, kept for as long as the plan is the same."""
    state = request.app.state
    kept_drift, text = getattr(state, "plan_page", (None, ""))
    if kept_drift is not drift:
        text = render_html({"format_version": FORMAT_VERSION, "plans": [drift.plan]})
        state.plan_page = (drift, text)
    return str(text)


routes: list[BaseRoute] = [Route("/plan", show_plan, methods=["GET"])]
