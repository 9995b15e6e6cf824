"""Answers to drift, holds and suspensions on the pages of a workspace: each is its command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.access.authentication import may, require
from reconciler.web.control.answers import ANSWERS, Answer, answer
from reconciler.web.control.common import kept
from reconciler.web.pages.common import page_cache, services_of
from reconciler.web.pages.drift import Drift
from reconciler.web.template_filters import path_of


def answers_of(
    request: Request, drift: Drift | None, name: str, *, enabled: bool, file: str, ours: bool
) -> Mapping[str, Any]:
    """What a template needs to offer them; nothing where there is no repository to act by."""
    site = services_of(request).site
    if site.control is None or site.config is None or drift is None or not ours:
        return {"answers": None, "act": None}
    action, _ = drift.changes.get(name, ("", ""))
    hold = drift.holds.get(name)
    return {
        "act": kept(request).acts.get(request.query_params.get("act", "")),
        "may_command": may(request, "write"),
        "may_edit": may(request, "write") and site.control.may_edit,
        "answers": {
            "here": path_of("schedules", name),
            "file": file,
            "enabled": enabled,
            "name": name,
            "target": site.target,
            "differs": action == "update",
            "held": hold is not None and not hold["suspended"],
            "suspended": hold is not None and hold["suspended"],
        },
    }


def _route(act: Answer) -> Route:
    async def do(request: Request) -> Response:
        require(request, "write")
        name, services = request.path_params["name"], services_of(request)
        await services.read(lambda workspace: workspace.live(name))
        back = path_of("schedules", name)
        answered = await answer(request, act, services.site.target, name, back)
        page_cache(request).drift.outdate()
        return answered

    return Route(f"/schedules/{{name}}/{act}", do, methods=["POST"])


routes: list[BaseRoute] = [_route(act) for act in ANSWERS]
