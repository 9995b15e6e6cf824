"""When the schedules of all targets fire: two weeks by day and hour, and what comes next."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.control.common import ask, kept, now_of, page
from reconciler.web.pages import charts

_FEW = 40


async def show_calendar(request: Request) -> Response:
    """All targets in one."""
    now, fires = now_of(request), kept(request).fires
    counted = await ask(request, lambda state: fires.counted(state, now))
    upcoming = await ask(request, lambda state: fires.next(state, now, _FEW))
    return await page(
        request,
        "calendar.html",
        total=counted.total,
        rows=counted.rows,
        heat=charts.heat_map(charts.hours_of(counted.rows, counted.first), len(counted.rows)),
        busiest=[(at, number) for at, number in counted.busiest if number > 1],
        upcoming=upcoming,
    )


routes: list[BaseRoute] = [Route("/control/calendar", show_calendar, methods=["GET"])]
