"""The schedules of all targets, searched and filtered; one with how it differs, and the answers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.document import trigger_from_document
from reconciler.firing import next_fires
from reconciler.firing.clocks.zones import zone
from reconciler.firing.words.short_words import describe_shortly
from reconciler.model import DatastoreChange
from reconciler.state import State
from reconciler.state.standings import SYNCS, ScheduleStanding
from reconciler.web.access.authentication import require
from reconciler.web.control.answers import ANSWERS, Answer, answer
from reconciler.web.control.common import ask, control_of, now_of, page
from reconciler.web.control.fires import known_fires
from reconciler.web.control.target import view_of
from reconciler.web.control.views import DIFFERS, held_until
from reconciler.web.pages.common import SIZE, asked, page_of
from reconciler.web.template_filters import path_of
from reconciler.web.workspace_view import Missing

_FAR = timedelta(days=3660)
_FIRES = 5
_LINES = 10


async def list_schedules(request: Request) -> Response:
    """A page of those that match."""
    number, values = page_of(request), asked(request, "q", "target", "sync")
    sync, target = values["sync"], values["target"] or None
    syncs = DIFFERS if sync == "differs" else (sync,) if sync in SYNCS else ()

    def read(state: State) -> dict[str, Any]:
        total, rows = state.standings.schedules(
            target, syncs=syncs, text=values["q"], offset=(number - 1) * SIZE, limit=SIZE
        )
        standings = state.standings.list()
        counts: Counter[str] = Counter()
        for one in standings:
            if target in (None, one.target):
                counts.update(one.counts)
        return {
            "total": total,
            "rows": rows,
            "counts": [(each, counts[each]) for each in SYNCS if counts[each]],
            "differing": sum(counts[each] for each in DIFFERS),
            "targets": [one.target for one in standings],
            "version": state.standings.version(),
        }

    found = await ask(request, read)
    return await page(
        request,
        "schedules.html",
        values=values,
        page=number,
        size=SIZE,
        until=held_until,
        short=_short,
        **found,
    )


def _short(one: ScheduleStanding) -> str:
    """Its trigger in a few words, for a line of a list; all of them where it cannot be read."""
    try:
        return describe_shortly(trigger_from_document(one.entry["trigger"]))
    except (KeyError, TypeError, ValueError):
        return str(one.entry["words"])  # masked, or of a later version


async def show_schedule(request: Request) -> Response:
    """One: how it stands, when it fires, how it differs, and what was done to it."""
    target, name = request.path_params["target"], request.path_params["name"]
    now = now_of(request)

    def read(state: State) -> dict[str, Any]:
        return {
            "view": view_of(state, target, now),
            "one": find(state, target, name),
            "entries": state.history.list(target, schedule=name, limit=_LINES),
            "version": state.standings.version(),
        }

    values = await ask(request, read)
    one: ScheduleStanding = values["one"]
    values["fires"] = fires_of(one, now)
    values["until"] = held_until(one.entry)
    values["is_git"] = control_of(request).config is None
    return await page(request, "schedule.html", **values)


def fires_of(one: ScheduleStanding, now: datetime) -> list[tuple[datetime, str]]:
    """Its next fires: in UTC, and on the wall where its trigger lives. Those of a held one begin
    when its hold ends, as `reconciler next` has it.
    """
    known = known_fires(one.entry)
    if known is None or isinstance(known.trigger, DatastoreChange):
        return []
    begin = max(now, known.begins)
    place = zone(known.trigger.time_zone)
    found = next_fires(known.trigger, begin, begin + _FAR, known.created_at or now)
    return [(at, f"{at.astimezone(place):%a %d %b %Y %H:%M %Z}") for at in islice(found, _FIRES)]


def find(state: State, target: str, name: str) -> ScheduleStanding:
    """A schedule of a target's last plan; Missing."""
    found = state.standings.schedule(target, name)
    if found is None:
        raise Missing(f"schedule {name} in {target}")
    return found


# ----------------------------------------------------------------------------------------- answers


def _route(act: Answer) -> Route:
    async def do(request: Request) -> Response:
        require(request, "write")
        target, name = request.path_params["target"], request.path_params["name"]
        await ask(request, lambda state: find(state, target, name))
        return await answer(
            request, act, target, name, path_of("targets", target, "schedules", name)
        )

    return Route(f"/targets/{{target}}/schedules/{{name}}/{act}", do, methods=["POST"])


routes: list[BaseRoute] = [
    Route("/control/schedules", list_schedules, methods=["GET"]),
    Route("/targets/{target}/schedules/{name}", show_schedule, methods=["GET"]),
    *map(_route, ANSWERS),
]
