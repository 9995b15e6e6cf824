"""When everything fires: by day and hour, the next 24 hours, and what fires within an hour."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.firing.clocks.zones import zone
from reconciler.firing.counting.bitsets import DAY_MINUTES
from reconciler.firing.words.short_words import describe_shortly
from reconciler.plan.impact.heatmap import Heat
from reconciler.web.pages import charts
from reconciler.web.pages.common import page_cache, services_of
from reconciler.web.pages.fires.tally import DAYS, QUARTER, FireTally
from reconciler.web.pages.upcoming_fires import KnownFires
from reconciler.web.templating import render
from reconciler.web.times import zone_of

_FEW = 25
_HOUR = timedelta(hours=1)
_MOST_OF_AN_HOUR = 500


@dataclass(frozen=True, slots=True)
class HourLine:
    """A schedule that fires within an hour: its first fire there, and how many."""

    name: str
    first: datetime
    number: int
    words: str


async def show_calendar(request: Request) -> Response:
    """The next two weeks, the next day, and the hour that is asked for."""
    services = services_of(request)
    now, name = services.clock().astimezone(UTC), zone_of(request)
    upcoming = page_cache(request).upcoming
    asked = _hour(request.query_params.get("at", ""))
    known, following = await services.read(
        lambda w: (upcoming.enabled(w), upcoming.next(w, now, _FEW))
    )
    first = now.replace(hour=0, minute=0, second=0, microsecond=0)
    counts = await asyncio.to_thread(_tally(request).of, known, first)
    values = await asyncio.to_thread(still_to_come, *counts, now, zone(name))
    values["hour"] = asked
    values["in_hour"] = await asyncio.to_thread(_in_hour, known, asked) if asked else []
    values["upcoming"] = following
    return render(request, "calendar.html", now=now, most=_MOST_OF_AN_HOUR, **values)


def _tally(request: Request) -> FireTally:
    state = request.app.state
    if not hasattr(state, "fire_tally"):
        state.fire_tally = FireTally()
    found: FireTally = state.fire_tally
    return found


def _hour(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise HTTPException(400, "at is an instant in UTC such as 2026-11-28T05:00") from error


def _in_hour(known: list[KnownFires], begin: datetime) -> list[HourLine]:
    """What fires in the hour from `begin` on, by its first fire."""
    end, just_before = begin + _HOUR, begin - timedelta(microseconds=1)
    found = []
    for one in known:
        if one.following is None:
            continue
        at = first = one.following(just_before)
        number = 0
        while at is not None and at < end:
            number, at = number + 1, one.following(at)
        if number and first is not None:
            found.append(HourLine(one.name, first, number, describe_shortly(one.trigger)))
    return sorted(found, key=lambda line: (line.first, line.name))


def still_to_come(whole: Heat, quarters: list[int], now: datetime, clock: tzinfo) -> dict[str, Any]:
    """What a calendar shows on a clock, from `now` on. The counts are by minute and by quarter of
    an hour from the midnight of UTC before `now`, an instant in UTC.
    """
    first = now.replace(hour=0, minute=0, second=0, microsecond=0)
    heat = whole.since(int((now - first).total_seconds()) // 60 + 1)
    hours = _hours(heat, quarters, first, now, clock)
    start = (now.hour * 60 + now.minute) // charts.SLOT_MINUTES
    slots = heat.blocks(charts.SLOT_MINUTES, start + DAY_MINUTES // charts.SLOT_MINUTES)[start:]
    begin = (first + timedelta(minutes=start * charts.SLOT_MINUTES)).astimezone(clock)
    busiest = [(first + timedelta(minutes=m), heat.at(m)) for m in heat.busiest(5)]
    return {
        "total": sum(count for count, _ in hours.values()),
        "days": DAYS,
        "heat": charts.heat_map(hours, DAYS),
        "bars": charts.bars(slots, begin),
        "busiest": [(at, number) for at, number in busiest if number > 1],
    }


def _hours(
    heat: Heat, quarters: list[int], first: datetime, now: datetime, clock: tzinfo
) -> dict[tuple[date, int], tuple[int, datetime]]:
    """What is still to come, by day and hour of a clock, each with when it begins."""
    here = now.astimezone(clock).date()
    minute = int((now - first).total_seconds()) // 60
    found: dict[tuple[date, int], tuple[int, datetime]] = {}
    for number in range(minute // QUARTER, len(quarters)):
        begin = number * QUARTER
        count = quarters[number]
        if begin <= minute:  # of the quarter that it is now, the minutes that are left
            count = sum(heat.at(at) for at in range(begin, begin + QUARTER))
        at = first + timedelta(minutes=begin)
        local = at.astimezone(clock)
        if (local.date() - here).days >= DAYS:
            break
        place = local.date(), local.hour
        before = found.get(place)
        found[place] = (before[0] + count, before[1]) if before else (count, at)
    return found


routes: list[BaseRoute] = [Route("/calendar", show_calendar, methods=["GET"])]
