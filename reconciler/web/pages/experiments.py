"""The experiments: how many runs, and how the last one went."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.pages.common import SIZE, page_of, services_of
from reconciler.web.templating import render


async def list_experiments(request: Request) -> Response:
    """A page of them, by name."""
    page = page_of(request)
    found = await services_of(request).read(lambda workspace: workspace.runs.experiments())
    lines = found[(page - 1) * SIZE : page * SIZE]
    return render(request, "experiments.html", lines=lines, total=len(found), page=page, size=SIZE)


routes: list[BaseRoute] = [Route("/experiments", list_experiments, methods=["GET"])]
