"""The schedules of all targets, searched and filtered; one with how it differs, and the answers."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.firing import next_fires
from reconciler.firing.clocks.zones import zone
from reconciler.model import DatastoreChange
from reconciler.state import State
from reconciler.state.records import ResultRecord
from reconciler.state.standings import SYNCS, ScheduleStanding
from reconciler.web.access.authentication import require, who
from reconciler.web.control.acts import Noted
from reconciler.web.control.common import ask, control_of, now_of, page
from reconciler.web.control.fires import known_fires
from reconciler.web.control.moments import read_moment
from reconciler.web.control.target import begin, state_arguments, view_of
from reconciler.web.control.views import DIFFERS, held_until
from reconciler.web.pages.common import SIZE, asked, form_of, page_of
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
        request, "schedules.html", values=values, page=number, size=SIZE, until=held_until, **found
    )


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


# ----------------------------------------------------------------------------------------- actions


async def _known(request: Request, *, edits: bool = False) -> tuple[str, str]:
    require(request, "write")
    if edits and not control_of(request).may_edit:
        raise HTTPException(409, "these pages have no working copy of the declarations")
    target, name = request.path_params["target"], request.path_params["name"]
    await ask(request, lambda state: find(state, target, name))
    return target, name


def _arguments(request: Request, *command: str, target: str, stateful: bool) -> list[str]:
    found = state_arguments(request)
    return [*command, "--target", target, *(found if stateful else found[:2])]


async def accept(request: Request) -> Response:
    """Write what is live into the file."""
    target, name = await _known(request, edits=True)
    done = ResultRecord(name, "accept", "accepted")
    noted = Noted("waiting", "Accepted", f"{target}/{name}: what is live was declared", done)
    arguments = _arguments(request, "drift", "accept", target=target, stateful=False)
    return await begin(request, f"accept {name}", [*arguments, "--", name], target, name, noted)


async def revert(request: Request) -> Response:
    """Apply the file, for this schedule alone."""
    target, name = await _known(request)
    arguments = _arguments(request, "drift", "revert", "--yes", target=target, stateful=True)
    return await begin(request, f"revert {name}", [*arguments, "--", name], target, name)


async def hold(request: Request) -> Response:
    """Pause it in its file, until a moment."""
    target, name = await _known(request, edits=True)
    until, reason = await _asked(request)
    done = ResultRecord(name, "hold", "held")
    words = f"{target}/{name}: held until {until}" + (f": {reason}" if reason else "")
    arguments = _arguments(request, "hold", target=target, stateful=False)
    arguments += ["--until", until, "--by", who(request)]
    arguments += ["--reason", reason] if reason else []
    noted = Noted("waiting", "Held", words, done)
    return await begin(request, f"hold {name}", [*arguments, "--", name], target, name, noted)


async def release(request: Request) -> Response:
    """End the hold of its file."""
    target, name = await _known(request, edits=True)
    noted = Noted(
        "waiting",
        "Released",
        f"{target}/{name}: not held any more",
        ResultRecord(name, "release", "released"),
    )
    arguments = _arguments(request, "hold", "--release", target=target, stateful=False)
    return await begin(request, f"release {name}", [*arguments, "--", name], target, name, noted)


async def suspend(request: Request) -> Response:
    """Disable it where it lives, until a moment."""
    target, name = await _known(request)
    until, reason = await _asked(request)
    arguments = _arguments(request, "suspend", target=target, stateful=True)
    arguments += ["--until", until, *(["--reason", reason] if reason else [])]
    return await begin(request, f"suspend {name}", [*arguments, "--", name], target, name)


async def resume(request: Request) -> Response:
    """End that."""
    target, name = await _known(request)
    arguments = _arguments(request, "resume", target=target, stateful=True)
    return await begin(request, f"resume {name}", [*arguments, "--", name], target, name)


async def _asked(request: Request) -> tuple[str, str]:
    """`until` as it was written, and the reason; 400 where the one is no moment to come."""
    fields = await form_of(request)
    until = fields.get("until", "").strip()
    if read_moment(until, now_of(request)) is None:
        raise HTTPException(400, "until: write a span such as 4h or 2d, or a date that is to come")
    return until, fields.get("reason", "").strip()[:200]


_ACTIONS = (accept, revert, hold, release, suspend, resume)
routes: list[BaseRoute] = [
    Route("/control/schedules", list_schedules, methods=["GET"]),
    Route("/targets/{target}/schedules/{name}", show_schedule, methods=["GET"]),
    *(
        Route(f"/targets/{{target}}/schedules/{{name}}/{one.__name__}", one, methods=["POST"])
        for one in _ACTIONS
    ),
]
