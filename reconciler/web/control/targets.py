"""All targets at a glance: cards of what needs a person, and a row for each; search over all."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from reconciler.state import State
from reconciler.state.standings import SYNCS
from reconciler.web.control.common import ask, now_of, page
from reconciler.web.control.views import DIFFERS, TargetView, target_view
from reconciler.web.pages.common import SIZE, asked, page_of

_HEALTHS = ("stalled", "late", "reconciling", "not ready", "ready", "unknown")
_FEW = 20
_TILES = 12
"""So many targets are cards, unless somebody wants rows; more are rows."""


async def home(request: Request) -> Response:
    """The first page of what has no workspace."""
    return RedirectResponse("/targets", 303)


async def list_targets(request: Request) -> Response:
    """The targets that match, those that need a person first."""
    now, number = now_of(request), page_of(request)
    values = asked(request, "q", "sync", "health", "view")
    views = await ask(request, lambda state: all_views(state, now))
    syncs, healths = Counter(one.sync for one in views), Counter(one.health for one in views)
    total: Counter[str] = Counter()
    for one in views:
        total.update(dict(one.counts))
    shown = [one for one in views if _matches(one, values)]
    return await page(
        request,
        "targets.html",
        values=values,
        views=shown[(number - 1) * SIZE : number * SIZE],
        matching=len(shown),
        as_cards=values["view"] == "cards" or (values["view"] != "rows" and len(shown) <= _TILES),
        page=number,
        size=SIZE,
        number=len(views),
        total=[(sync, total[sync]) for sync in SYNCS if total[sync]],
        differing=sum(total[sync] for sync in DIFFERS),
        syncs=[(sync, syncs[sync]) for sync in (*SYNCS, "unknown") if syncs[sync]],
        healths=[(health, healths[health]) for health in _HEALTHS if healths[health]],
        unwell=[one for one in views if one.health in ("stalled", "late")],
        late=healths["late"],
        behind=sorted((one for one in views if one.lag), key=lambda one: one.lag or 0)[-1:],
        missing=sum(one.missing for one in views),
        version=await ask(request, lambda state: state.standings.version()),
    )


def all_views(state: State, now: datetime) -> list[TargetView]:
    """Every target, what needs a person first."""
    standings = {one.target: one for one in state.standings.list()}
    conditions, audits = state.conditions.all(), state.standings.audits()
    suspensions = state.suspensions.all(now)
    names = {*standings, *conditions, *suspensions}
    views = [
        target_view(
            name,
            standings.get(name),
            conditions.get(name),
            suspensions.get(name),
            audits.get(name),
            now,
        )
        for name in names
    ]
    return sorted(views, key=lambda one: one.order)


def _matches(view: TargetView, values: dict[str, str]) -> bool:
    standing = view.standing
    said = [view.name, view.why]
    if standing is not None:
        said += [standing.revision or "", standing.author or "", standing.subject or ""]
    return (
        values["q"].lower() in "\n".join(said).lower()
        and values["sync"] in ("", view.sync)
        and values["health"] in ("", view.health)
    )


async def search(request: Request) -> Response:
    """Targets, schedules, and lines of the history that hold a text."""
    now, values = now_of(request), asked(request, "q")
    found: dict[str, Any] = {"views": [], "total": 0, "schedules": [], "entries": []}
    text = values["q"]
    if text:

        def find(state: State) -> dict[str, Any]:
            total, schedules = state.standings.schedules(text=text, limit=_FEW)
            matching = {"q": text, "sync": "", "health": ""}
            return {
                "views": [one for one in all_views(state, now) if _matches(one, matching)][:_FEW],
                "total": total,
                "schedules": schedules,
                "entries": state.history.list(text=text, limit=_FEW),
            }

        found = await ask(request, find)
    return await page(request, "search.html", values=values, **found)


async def version(request: Request) -> Response:
    """What pages ask for again and again: another text whenever there is something new."""
    said = await ask(request, lambda state: state.standings.version())
    return JSONResponse({"version": said})


routes: list[BaseRoute] = [
    Route("/targets", list_targets, methods=["GET"]),
    Route("/control/search", search, methods=["GET"]),
    Route("/control/version", version, methods=["GET"]),
]
