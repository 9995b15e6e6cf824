"""The experiments: how many runs, and how the last one went."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.pages.common import SIZE, page_of, services_of
from reconciler.web.pages.lists.run_bars import run_bars
from reconciler.web.templating import render
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.listings.outcomes import ExperimentLine, Outcomes, RecentRun


async def list_experiments(request: Request) -> Response:
    """A page of them, by name."""
    page = page_of(request)

    def read(workspace: Workspace) -> tuple[int, list[ExperimentLine], dict[str, list[RecentRun]]]:
        outcomes = Outcomes(workspace.store.database)
        total, lines = outcomes.experiments((page - 1) * SIZE, SIZE)
        return total, lines, outcomes.recent("experiment", [line.name for line in lines])

    services = services_of(request)
    total, lines, recent = await services.read(read)
    shown: dict[str, Any] = {"page": page, "size": SIZE, "now": services.clock()}
    return render(
        request,
        "experiments.html",
        total=total,
        lines=lines,
        recent=recent,
        run_bars=run_bars,
        **shown,
    )


routes: list[BaseRoute] = [Route("/experiments", list_experiments, methods=["GET"])]
