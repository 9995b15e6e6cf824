"""What the pages of targets share: the state, what is kept between requests, and what is drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from reconciler.declare.suspensions import suspension_words
from reconciler.errors import ReconcilerError
from reconciler.render.plain_text import clip, value
from reconciler.state import State
from reconciler.web.access.authentication import may
from reconciler.web.access.request_guard import POLICY
from reconciler.web.control.acts import Acts
from reconciler.web.control.fires import AllFires
from reconciler.web.control.views import KINDS, MEANINGS, SYNC_WORDS
from reconciler.web.pages.history import OUTCOMES
from reconciler.web.settings import Control
from reconciler.web.templating import render

T = TypeVar("T")


@dataclass(slots=True)
class Kept:
    """What is kept between requests of one server."""

    acts: Acts
    fires: AllFires = field(default_factory=AllFires)
    plans: dict[int, str] = field(default_factory=dict)
    """Pages of plans, by their line of the history."""


def control_of(request: Request) -> Control:
    """The targets that the pages are about."""
    found: Control | None = request.app.state.services.site.control
    assert found is not None
    return found


def kept(request: Request) -> Kept:
    """What is kept; made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "control_kept"):
        services = request.app.state.services
        acts = Acts(control_of(request), services.site.log)
        services.closing.append(acts.close)
        state.control_kept = Kept(acts)
    found: Kept = state.control_kept
    return found


def now_of(request: Request) -> datetime:
    """The moment, in UTC."""
    at: datetime = request.app.state.services.clock()
    return at.astimezone(UTC)


async def ask(request: Request, question: Callable[[State], T]) -> T:
    """What the state says, asked in a thread. StateError."""
    control = control_of(request)
    return await asyncio.to_thread(lambda: question(control.state()))


async def page(request: Request, template: str, **values: Any) -> Response:
    """A page of control: it knows what it may offer, and when it is out of date."""
    control = control_of(request)
    act = kept(request).acts.get(request.query_params.get("act", ""))
    response = render(
        request,
        f"control/{template}",
        kinds=KINDS,
        sync_words=SYNC_WORDS | {"differs": "differs"},
        meanings=MEANINGS,
        outcomes=OUTCOMES,
        shown=lambda content: clip(value(content), 300),
        suspension_words=suspension_words,
        now=now_of(request),
        act=act,
        may_command=may(request, "write") and control.config is not None,
        may_edit=may(request, "write") and control.config is not None and control.may_edit,
        **values,
    )
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


async def state_trouble(request: Request, error: Exception) -> Response:
    """The answer where the state cannot be read."""
    message = error.message if isinstance(error, ReconcilerError) else "it broke"
    request.app.state.services.site.log("state_failed", error=message)
    return render(
        request, "error.html", status=503, message="the state cannot be read", is_missing=False
    )
