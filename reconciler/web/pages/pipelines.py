"""The published pipelines; one with its steps, schedules, runs and versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from reconciler.render.documents import mask_document
from reconciler.web import template_filters
from reconciler.web.access.authentication import require, who
from reconciler.web.pages.common import SIZE, asked, page_of, services_of
from reconciler.web.pages.lists.chips import columns
from reconciler.web.pages.lists.run_bars import run_bars
from reconciler.web.pages.schedules import _line
from reconciler.web.pages.step_graph import graph_of
from reconciler.web.template_filters import path_of
from reconciler.web.templating import render
from reconciler.web.workspace_view import Missing, Workspace
from reconciler.workspace.store.code import code_files
from reconciler.workspace.store.listings.outcomes import Outcomes
from reconciler.workspace.store.listings.pages import PageListings, RunQuery

_HEADS = (
    ("Name", "name"),
    ("State", "state"),
    ("Last runs", None),
    ("Last", "ran"),
    ("Schedules", "schedules"),
    ("Version", None),
    ("Published", "published"),
)


async def list_pipelines(request: Request) -> Response:
    """A page of those that match."""
    services = services_of(request)
    page, values = page_of(request), asked(request, "q", "sort")

    def read(workspace: Workspace) -> dict[str, Any]:
        database = workspace.store.database
        total, lines = PageListings(database).pipelines(
            values["q"], sort=values["sort"], offset=(page - 1) * SIZE, limit=SIZE
        )
        recent = Outcomes(database).recent("pipeline", [line.name for line in lines])
        return {"total": total, "lines": lines, "recent": recent}

    found = await services.read(read)
    heads = columns("/pipelines", values, _HEADS)
    more: dict[str, Any] = {"values": values, "page": page, "size": SIZE, "now": services.clock()}
    return render(request, "pipelines.html", heads=heads, run_bars=run_bars, **found, **more)


async def show_pipeline(request: Request) -> Response:
    """One pipeline."""
    services = services_of(request)
    name, now = request.path_params["name"], services.clock()
    values = await services.read(lambda workspace: _read(workspace, name, now))
    return render(request, "pipeline.html", now=now, **values)


def _read(workspace: Workspace, name: str, now: datetime) -> dict[str, Any]:
    listing = PageListings(workspace.store.database)
    enabled = listing.is_pipeline_enabled(name)
    if enabled is None:
        raise Missing(name)
    versions = workspace.store.versions(name)
    document = versions[0].document
    graph, why = graph_of(document, {})
    return {
        "name": name,
        "enabled": enabled,
        "description": str(document.get("description") or ""),
        "graph": graph,
        "no_graph": why,
        "document": template_filters.document(mask_document(document)),
        "schedules": [
            {"name": line.row.name, "enabled": line.enabled, "words": line.words}
            for line in (_line(row, now, None, None) for row in listing.of_pipeline(name))
        ],
        "rows": listing.runs(RunQuery(pipeline=name), limit=10)[1],
        "versions": versions[:50],
        "files": code_files(workspace.store.code.of(name, versions[0].version).values()),
    }


async def disable(request: Request) -> Response:
    """Refused while an enabled schedule runs it."""
    return await _set_enabled(request, False)


async def enable(request: Request) -> Response:
    """Let schedules run it."""
    return await _set_enabled(request, True)


async def _set_enabled(request: Request, enabled: bool) -> Response:
    require(request, "write")
    name = request.path_params["name"]
    await services_of(request).write(
        lambda workspace: workspace.store.set_pipeline_enabled(name, enabled), by=who(request)
    )
    return RedirectResponse(path_of("pipelines", name), 303)


routes: list[BaseRoute] = [
    Route("/pipelines", list_pipelines, methods=["GET"]),
    Route("/pipelines/{name}", show_pipeline, methods=["GET"]),
    Route("/pipelines/{name}/disable", disable, methods=["POST"]),
    Route("/pipelines/{name}/enable", enable, methods=["POST"]),
]
