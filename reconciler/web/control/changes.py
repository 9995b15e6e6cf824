"""The history of all targets: each cycle, apply and act, with its plan and its results."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.render.documents import FORMAT_VERSION
from reconciler.render.html.page import render_html
from reconciler.state import State
from reconciler.state.records import Entry
from reconciler.web.control.common import ask, page
from reconciler.web.pages.common import asked
from reconciler.web.plan_frame import framed
from reconciler.web.workspace_view import Missing

_LINES = 50


async def list_changes(request: Request) -> Response:
    """A page of it, the newest first."""
    values = asked(request, "q", "target", "show", "before")
    before = values["before"]
    if before and not (before.isascii() and before.isdigit() and len(before) < 16):
        raise HTTPException(400, "before is the number of a line")

    def read(state: State) -> dict[str, Any]:
        found = state.history.list(
            values["target"] or None,
            limit=_LINES + 1,
            before=int(before) if before else None,
            changes=values["show"] == "changes",
            text=values["q"],
        )
        return {
            "entries": found[:_LINES],
            "older": found[_LINES - 1].id if len(found) > _LINES else None,
            "targets": [one.target for one in state.standings.list()],
            "version": state.standings.version(),
        }

    found = await ask(request, read)
    return await page(request, "changes.html", values=values, **found)


async def show_change(request: Request) -> Response:
    """One line whole."""
    entry = await _entry(request)
    return await page(request, "change.html", entry=entry)


async def show_its_plan(request: Request) -> Response:
    """Its plan, as the HTML plan shows it."""
    entry = await _entry(request)
    if entry.record.plan is None:
        raise Missing(f"plan of line {entry.id} in the history")
    document = {"format_version": FORMAT_VERSION, "plans": [entry.record.plan]}
    return framed(await asyncio.to_thread(render_html, document))


async def _entry(request: Request) -> Entry:
    number = request.path_params["number"]
    found = await ask(request, lambda state: state.history.show(number))
    if found is None:
        raise Missing(f"line {number} in the history")
    return found


routes: list[BaseRoute] = [
    Route("/control/history", list_changes, methods=["GET"]),
    Route("/control/history/{number:int}", show_change, methods=["GET"]),
    Route("/control/history/{number:int}/plan", show_its_plan, methods=["GET"]),
]
