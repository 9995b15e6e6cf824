"""One target: how it stands and why, its pending plan, drift by cause; and what may be done."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from reconciler.declare.suspensions import suspension_words
from reconciler.model import Suspension
from reconciler.render.documents import FORMAT_VERSION
from reconciler.render.html.page import render_html
from reconciler.state import State
from reconciler.state.records import RESUMED, SUSPENDED, Entry
from reconciler.web.access.authentication import require, who
from reconciler.web.control.acts import Noted, note
from reconciler.web.control.answers import asked_stop, begin, config_arguments
from reconciler.web.control.common import ask, control_of, kept, now_of, page
from reconciler.web.control.condition_chart import (
    LONGEST,
    MOST,
    Chart,
    conditions_over_time,
)
from reconciler.web.control.views import DIFFERS, TargetView, by_cause, target_view
from reconciler.web.plan_frame import framed
from reconciler.web.template_filters import path_of
from reconciler.web.workspace_view import Missing

_SHOWN = 100
_LINES = 12
_LOOKED_BACK = 20
_PLANS = 64
_DONE = ("created", "updated", "disabled")


def view_of(state: State, name: str, now: Any) -> TargetView:
    """A target; Missing where no state knows of it."""
    standing, conditions = state.standings.get(name), state.conditions.get(name)
    suspension = state.suspensions.get(name, now)
    if standing is None and conditions is None and suspension is None:
        raise Missing(f"target {name}")
    audited = state.standings.audits().get(name)
    return target_view(name, standing, conditions, suspension, audited, now)


async def show_target(request: Request) -> Response:
    """How it stands, and what differs."""
    name, now = request.path_params["target"], now_of(request)

    def read(state: State) -> dict[str, Any]:
        view = view_of(state, name, now)
        total, differing = state.standings.schedules(name, syncs=DIFFERS, limit=_SHOWN)
        _, stopped = state.standings.schedules(name, syncs=("held", "suspended"), limit=_SHOWN)
        cursors = state.data_cursors
        return {
            "view": view,
            "conditions": state.conditions.get(name),
            "audited": state.standings.audits().get(name),
            "differing": total,
            "groups": by_cause(differing),
            "stopped": stopped,
            "chart": _chart(state, view, now),
            "entries": state.history.list(name, limit=_LINES),
            "pending": pending_entry(state, name),
            "agents": cursors.cursors(name),
            "backlog": cursors.backlog(name),
            "asked": state.standings.asked().get(name),
            "version": state.standings.version(),
        }

    values = await ask(request, read)
    control = control_of(request)
    fires = kept(request).fires
    values["upcoming"] = await ask(request, lambda state: fires.next(state, now, 8, name))
    return await page(request, "target.html", is_git=control.config is None, **values)


def _chart(state: State, view: TargetView, now: datetime) -> Chart | None:
    since = now - LONGEST
    lines = state.history.list(view.name, limit=MOST, cycles=True, since=since)
    one = view.standing
    interval = one.next_at - one.cycle_at if one and one.next_at else timedelta()
    return conditions_over_time(lines, now, interval)


# -------------------------------------------------------------------------------------------- plan


def pending_entry(state: State, target: str) -> Entry | None:
    """The last cycle of the loop, if it left something undone."""
    entries = state.history.list(target, limit=_LOOKED_BACK)
    entry = next((one for one in entries if one.record.cause != "apply"), None)
    if entry is None or not entry.has_plan or entry.record.outcome in ("in_sync", "applied"):
        return None
    return entry


async def show_plan(request: Request) -> Response:
    """The pending plan, as the HTML plan shows it."""
    name = request.path_params["target"]
    entry = await ask(request, lambda state: pending_entry(state, name))
    pages = kept(request).plans
    number = entry.id if entry is not None else -1
    if number not in pages or entry is None:
        found = await ask(request, lambda state: state.history.show(number))
        text = await asyncio.to_thread(_plan_page, found, name)
        if len(pages) >= _PLANS:
            pages.clear()
        pages[number] = text
    return framed(pages[number])


def _plan_page(entry: Entry | None, target: str) -> str:
    plan: Mapping[str, Any] | None = entry.record.plan if entry is not None else None
    if plan is None or entry is None:
        nothing = dict.fromkeys(("create", "update", "disable", "skip", "noop", "unmanaged"), 0)
        plan = {"target": target, "owner": "", "summary": nothing, "refusals": [], "changes": []}
    else:
        done = {one.name for one in entry.record.results if one.outcome in _DONE}
        left = [change for change in plan["changes"] if change["name"] not in done]
        summary = dict(plan["summary"])
        for change in plan["changes"]:
            summary[change["action"]] -= change["name"] in done
        plan = {**plan, "changes": left, "summary": summary}
    return render_html({"format_version": FORMAT_VERSION, "plans": [plan]})


# ----------------------------------------------------------------------------------------- actions


async def look(request: Request) -> Response:
    """Ask for a cycle at once."""
    require(request, "write")
    name = await _known(request)
    by, now = who(request), now_of(request)

    def do(state: State) -> None:
        state.standings.ask(name, now, by)
        asked = Noted("waiting", "Asked", "a cycle was asked for")
        note(control_of(request), name, asked, by, now)

    await ask(request, do)
    return RedirectResponse(path_of("targets", name), 303)


async def apply(request: Request) -> Response:
    """Apply what is pending, as `reconciler apply` does."""
    require(request, "write")
    name = await _known(request)
    arguments = ["apply", "--yes", "--target", name, *config_arguments(request)]
    option = control_of(request).state_option
    arguments += ["--state", option] if option else []
    back = path_of("targets", name)
    return await begin(request, f"apply to {name}", arguments, name, None, back)


async def suspend(request: Request) -> Response:
    """Leave a target as it is, until a moment."""
    require(request, "write")
    name, now, by = await _known(request), now_of(request), who(request)
    _, until, reason = await asked_stop(request)
    asked = Suspension(until, by, now, reason or None)

    def do(state: State) -> None:
        state.suspensions.set(name, asked)
        noted = Noted("waiting", SUSPENDED, suspension_words(asked))
        note(control_of(request), name, noted, by, now)
        state.standings.ask(name, now, by)

    await ask(request, do)
    return RedirectResponse(path_of("targets", name), 303)


async def resume(request: Request) -> Response:
    """End that."""
    require(request, "write")
    name, by, now = await _known(request), who(request), now_of(request)

    def do(state: State) -> None:
        if state.suspensions.get(name, now) is not None:
            state.suspensions.end(name, now)
            noted = Noted("applied", RESUMED, "it may be changed again")
            note(control_of(request), name, noted, by, now)
            state.standings.ask(name, now, by)

    await ask(request, do)
    return RedirectResponse(path_of("targets", name), 303)


async def _known(request: Request) -> str:
    name: str = request.path_params["target"]
    now = now_of(request)
    await ask(request, lambda state: view_of(state, name, now))
    return name


routes: list[BaseRoute] = [
    Route("/targets/{target}", show_target, methods=["GET"]),
    Route("/targets/{target}/plan", show_plan, methods=["GET"]),
    Route("/targets/{target}/look", look, methods=["POST"]),
    Route("/targets/{target}/apply", apply, methods=["POST"]),
    Route("/targets/{target}/suspend", suspend, methods=["POST"]),
    Route("/targets/{target}/resume", resume, methods=["POST"]),
]
