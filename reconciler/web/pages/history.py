"""Past applies and cycles, each with its plan, and how the loop stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.errors import ReconcilerError
from reconciler.render.text.plan_text import render_plan
from reconciler.state import State
from reconciler.state.records import Conditions, Entry
from reconciler.web.pages.common import services_of
from reconciler.web.pages.lists.chips import chip_group
from reconciler.web.templating import render
from reconciler.web.times import about
from reconciler.web.workspace_view import Missing
from reconciler.workspace.store.history.acts import Act, Acts

T = TypeVar("T")
_LINES = 50
_FEW = 10
OUTCOMES = {
    "in_sync": ("in sync", "completed"),
    "applied": ("applied", "completed"),
    "partial": ("applied in part", "failed"),
    "failed": ("failed", "failed"),
    "stalled": ("stalled", "failed"),
    "waiting": ("waiting", "running"),
    "unavailable": ("unavailable", "failed"),
    "broken": ("broken", "failed"),
}
"""An outcome in words, and the class of its status."""


@dataclass(frozen=True, slots=True)
class ConditionLine:
    """One condition of the loop."""

    kind: str
    status: str
    reason: str
    message: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the history."""

    id: int
    at: datetime
    words: str
    kind: str
    """The class of its status."""
    entry: Entry


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the history, or an act: one of the two."""

    at: datetime
    line: Line | None
    act: Act | None


async def _ask(request: Request, question: Callable[[State, str], T]) -> T | None:
    """What the state says of this target; None where there is none, or it cannot be read."""
    site = services_of(request).site
    if site.state is None:
        return None

    def ask() -> T:
        assert site.state is not None
        return question(site.state(), site.target)

    try:
        return await asyncio.to_thread(ask)
    except ReconcilerError as error:
        site.log("state_failed", error=error.message)
        return None


async def conditions_of(request: Request) -> list[ConditionLine]:
    """Ready, Reconciling and Stalled of this target; none where no loop follows it."""
    found = await _ask(request, lambda state, target: state.conditions.get(target))
    return _condition_lines(found) if found is not None else []


def _condition_lines(found: Conditions) -> list[ConditionLine]:
    kinds = {"Ready": found.ready, "Reconciling": found.reconciling, "Stalled": found.stalled}
    statuses = {True: "true", False: "false", None: "unknown"}
    return [
        ConditionLine(kind, statuses[one.status], one.reason, one.message, one.since)
        for kind, one in kinds.items()
    ]


async def changes_of(request: Request, schedule: str) -> list[Line]:
    """The applies that changed a schedule, the newest first."""
    found = await _ask(
        request,
        lambda state, target: state.history.list(target, schedule=schedule, limit=_FEW),
    )
    return [_line(entry) for entry in found or ()]


def _line(entry: Entry) -> Line:
    words, kind = OUTCOMES.get(entry.record.outcome, (entry.record.outcome, ""))
    return Line(entry.id, entry.record.ended_at, words, kind, entry)


async def events_of(request: Request, *, since: datetime, limit: int) -> list[Event]:
    """The newest changes and acts since then."""
    lines = await _lines(request, limit, None, changes=True)
    acts = await _acts(request, limit, None)
    return [event for event in _merged(lines, acts, limit) if event.at >= since]


async def _lines(request: Request, limit: int, before: int | None, *, changes: bool) -> list[Line]:
    found = await _ask(
        request,
        lambda state, target: state.history.list(
            target, limit=limit, before=before, changes=changes
        ),
    )
    return [_line(entry) for entry in found or ()]


async def _acts(request: Request, limit: int, before: int | None) -> list[Act]:
    return await services_of(request).read(
        lambda workspace: Acts(workspace.store.database).newest(limit=limit, before=before)
    )


def _merged(lines: Iterable[Line], acts: Iterable[Act], limit: int) -> list[Event]:
    """Both in one, the newest first; each keeps its own order."""
    events = [Event(line.at, line, None) for line in lines]
    events += [Event(act.at, None, act) for act in acts]
    return sorted(events, key=lambda event: event.at, reverse=True)[:limit]


async def list_history(request: Request) -> Response:
    """A page of it, the newest first: applies, cycles, and what people did by hand."""
    before, act = _number(request, "before"), _number(request, "act")
    show = request.query_params.get("show", "")
    show = show if show in ("all", "acts") else ""
    limit = _LINES + 1
    lines = [] if show == "acts" else await _lines(request, limit, before, changes=show != "all")
    acts = await _acts(request, limit, act)
    events = _merged(lines, acts, _LINES)
    older = None
    if len(lines) + len(acts) > len(events):
        numbers = {
            "before": min((e.line.id for e in events if e.line is not None), default=before),
            "act": min((e.act.number for e in events if e.act is not None), default=act),
        }
        older = {"show": show, **numbers}
    options = [("acts", "by hand only", None), ("all", "all cycles", None)]
    chips = chip_group("/history", {"show": show}, "show", "Show", options)
    return render(request, "history.html", events=events, older=older, groups=[chips], about=about)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) < 16):
        raise HTTPException(400, f"{name} is the number of a line")
    return int(text) if text else None


async def show_line(request: Request) -> Response:
    """One apply or cycle, with its plan and what became of it."""
    number = request.path_params["number"]
    found = await _ask(request, lambda state, target: state.history.show(number))
    if found is None or found.record.target != services_of(request).site.target:
        raise Missing(f"line {number} in the history")
    plan = found.record.plan
    text = render_plan(plan) if plan is not None else ""
    return render(request, "history_line.html", line=_line(found), plan=text)


routes: list[BaseRoute] = [
    Route("/history", list_history, methods=["GET"]),
    Route("/history/{number:int}", show_line, methods=["GET"]),
]
