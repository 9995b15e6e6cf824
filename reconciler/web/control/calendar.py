"""When the schedules of all targets fire: two weeks by day and hour, and what comes next."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.firing.clocks.zones import zone
from reconciler.web.control.common import ask, kept, now_of, page
from reconciler.web.pages.calendar import still_to_come
from reconciler.web.times import zone_of

_FEW = 40


async def show_calendar(request: Request) -> Response:
    """All targets in one."""
    now, fires = now_of(request), kept(request).fires
    counted = await ask(request, lambda state: fires.counted(state, now))
    upcoming = await ask(request, lambda state: fires.next(state, now, _FEW))
    clock = zone(zone_of(request))
    values = await asyncio.to_thread(still_to_come, counted.minutes, counted.quarters, now, clock)
    return await page(
        request,
        "calendar.html",
        upcoming=upcoming,
        **values,
    )


routes: list[BaseRoute] = [Route("/control/calendar", show_calendar, methods=["GET"])]
