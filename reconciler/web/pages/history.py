"""Past applies and cycles, each with its plan, and the conditions of the loop."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.rendering import render


async def conditions_of(request: Request) -> list[Any]:
    """Ready, Reconciling and Stalled of this target; none where no loop follows it."""
    return []


async def changes_of(request: Request, schedule: str) -> list[Any]:
    """The applies that changed a schedule, the newest first."""
    return []


async def list_history(request: Request) -> Response:
    """A page of them, the newest first."""
    return render(request, "history.html", lines=[])


routes: list[BaseRoute] = [Route("/history", list_history, methods=["GET"])]
