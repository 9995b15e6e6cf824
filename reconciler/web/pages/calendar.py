"""When everything fires: by day and hour, and the next 24 hours."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.firing.counting.bitsets import DAY_MINUTES, span_of
from reconciler.firing.counting.count import raster
from reconciler.plan.impact.heatmap import Heat
from reconciler.web.pages import charts
from reconciler.web.pages.common import page_cache, services_of
from reconciler.web.pages.upcoming_fires import KnownFires
from reconciler.web.templating import render

DAYS = 14
_FEW = 25


async def show_calendar(request: Request) -> Response:
    """The next two weeks, and the next day."""
    services = services_of(request)
    now = services.clock().astimezone(UTC)
    upcoming = page_cache(request).upcoming
    known = await services.read(upcoming.enabled)
    values = await _counted(request, known, now)
    values["upcoming"] = await services.read(lambda w: upcoming.next(w, now, _FEW))
    return render(request, "calendar.html", now=now, **values)


async def _counted(request: Request, known: list[KnownFires], now: datetime) -> dict[str, Any]:
    """What `_count` says; kept for as long as the minute and the schedules are the same."""
    state, minute = request.app.state, now.replace(second=0, microsecond=0)
    kept_minute, kept_known, values = getattr(state, "calendar", (None, None, {}))
    if kept_minute != minute or kept_known != known:
        values = await asyncio.to_thread(_count, known, now)
        state.calendar = (minute, known, values)
    return dict(values)


def _count(known: list[KnownFires], now: datetime) -> dict[str, Any]:
    first = now.replace(hour=0, minute=0, second=0, microsecond=0)
    span = span_of(now, first + timedelta(days=DAYS, seconds=-1))
    heat = Heat()
    for one in known:
        if one.following is not None:
            heat.add(raster(one.trigger, span, one.created_at).bits)
    rows = heat.rows(DAYS)
    start = (now.hour * 60 + now.minute) // charts.SLOT_MINUTES
    slots = [
        sum(heat.at(minute) for minute in range(slot * 10, slot * 10 + charts.SLOT_MINUTES))
        for slot in range(start, start + DAY_MINUTES // charts.SLOT_MINUTES)
    ]
    begin = first + timedelta(minutes=start * charts.SLOT_MINUTES)
    busiest = [(first + timedelta(minutes=m), heat.at(m)) for m in heat.busiest(5)]
    return {
        "total": heat.total,
        "rows": charts.heat_rows(rows, first.date()),
        "bars": charts.bars(slots, begin),
        "busiest": [(at, number) for at, number in busiest if number > 1],
    }


routes: list[BaseRoute] = [Route("/calendar", show_calendar, methods=["GET"])]
