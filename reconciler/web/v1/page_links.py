"""The addresses of pages that the SDK v1 prints, by ids, led on to the pages, which go by names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from reconciler.web.services import Services
from reconciler.web.template_filters import path_of
from reconciler.web.v1.ids import Kind, guid
from reconciler.web.workspace_view import Missing, Workspace


async def experiment(request: Request) -> Response:
    """An experiment: its runs."""
    names = await _names(request, lambda w: [one[0] for one in w.runs.experiments()])
    name = _named("experiment", request, names)
    return RedirectResponse("/runs?" + urlencode({"experiment": name}), 303)


async def pipeline(request: Request) -> Response:
    """A version of a pipeline: the pipeline."""
    names = await _names(request, _versions)
    name, _, _ = _named("version", request, names).partition(":")
    return RedirectResponse(path_of("pipelines", name), 303)


routes = [
    Route("/experiments/id/{id:uuid}", experiment, methods=["GET"]),
    Route("/pipelines/{id:uuid}", pipeline, methods=["GET"]),
]


async def _names(request: Request, read: Callable[[Workspace], list[str]]) -> list[str]:
    return await cast(Services, request.app.state.services).read(read)


def _versions(workspace: Workspace) -> list[str]:
    names = [row.name for row in workspace.store.pipelines()]
    return [f"{name}:{v.version}" for name in names for v in workspace.store.versions(name)]


def _named(kind: Kind, request: Request, names: Iterable[str]) -> str:
    wanted = str(request.path_params["id"])
    for name in names:
        if guid(kind, name) == wanted:
            return name
    raise Missing(wanted)
