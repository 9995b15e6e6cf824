"""When the schedules of all targets fire: two weeks by day and hour, and what comes next."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.control.common import ask, kept, now_of, page
from reconciler.web.control.fires import DAYS
from reconciler.web.pages import charts

_FEW = 40


async def show_calendar(request: Request) -> Response:
    """All targets in one."""
    now, fires = now_of(request), kept(request).fires
    counted = await ask(request, lambda state: fires.counted(state, now))
    upcoming = await ask(request, lambda state: fires.next(state, now, _FEW))
    first = datetime.combine(counted.first, time(), UTC)
    busiest = [(first + timedelta(minutes=m), counted.heat.at(m)) for m in counted.heat.busiest(5)]
    return await page(
        request,
        "calendar.html",
        total=counted.heat.total,
        rows=charts.heat_rows(counted.heat.rows(DAYS), counted.first),
        busiest=[(at, number) for at, number in busiest if number > 1],
        made_at=counted.made_at,
        upcoming=upcoming,
    )


routes: list[BaseRoute] = [Route("/control/calendar", show_calendar, methods=["GET"])]
