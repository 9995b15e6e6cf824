"""What pages share: what they keep between requests, and reading what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from reconciler.web.pages.drift import Drift, DriftWatch
from reconciler.web.pages.lists.kept_records import KeptRecords
from reconciler.web.pages.upcoming_fires import Upcoming
from reconciler.web.services import Services

SIZE = 50
"""Lines on a page of a list."""
_MOST_PAGES = 1_000_000
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class PageCache:
    """What is kept between requests."""

    upcoming: Upcoming
    drift: DriftWatch
    records: KeptRecords


def services_of(request: Request) -> Services:
    """The services of the server."""
    found: Services = request.app.state.services
    return found


def page_cache(request: Request) -> PageCache:
    """What is kept between requests; made when it is first asked for."""
    state = request.app.state
    if not hasattr(state, "page_cache"):
        services = services_of(request)
        state.page_cache = PageCache(Upcoming(), DriftWatch(services.site), KeptRecords())
        services.closing.append(state.page_cache.drift.close)
    found: PageCache = state.page_cache
    return found


async def last_drift(request: Request, now: datetime) -> Drift | None:
    """How what is live differs from the repository, as far as that is known."""
    return await asyncio.to_thread(page_cache(request).drift.last, now)


def page_of(request: Request) -> int:
    """Which page of a list, from 1."""
    text = request.query_params.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) < 10) or not (
        1 <= int(text) <= _MOST_PAGES
    ):
        raise HTTPException(400, "page is a number from 1 on")
    return int(text)


def asked(request: Request, *names: str) -> dict[str, str]:
    """What was asked for in the query, by name; empty where it was not."""
    return {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in names}


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form that was sent."""
    body = await request.body()
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=500)
    return dict(fields)


def answers_to(request: Request, drift: Drift | None, name: str, **known: Any) -> dict[str, Any]:
    """What a template needs to offer the answers to a schedule, where the server has them: the
    pages of targets, which are a room above this one, do (`web/control/workspace/answers.py`).
    """
    found = getattr(request.app.state, "answers_of", None)
    none = {"answers": None, "act": None}
    return none if found is None else {**none, **found(request, drift, name, **known)}
