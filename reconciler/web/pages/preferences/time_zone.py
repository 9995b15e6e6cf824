"""The time zone in which pages tell times: a choice of who looks, kept in a cookie."""

from __future__ import annotations

import zoneinfo
from functools import lru_cache

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from reconciler.firing.clocks.zones import resolve
from reconciler.web.pages.sign_in import next_page
from reconciler.web.templating import render
from reconciler.web.times import COOKIE

_YEAR = 366 * 24 * 3600


async def choose(request: Request) -> Response:
    """Without `zone` the form; with it, remember that zone and go back to where one came from.

    A GET, so that a session that may only read can choose too: nothing but the cookie changes.
    """
    back = next_page(request.query_params.get("next"))
    asked = request.query_params.get("zone")
    if asked is None:
        return render(request, "time_zone.html", zones=_zones(), next=back)
    found = resolve(asked.strip())
    if found is None:
        raise HTTPException(400, "there is no time zone of that name")
    response = RedirectResponse(back, 303)
    response.set_cookie(COOKIE, found, max_age=_YEAR, path="/", httponly=True, samesite="strict")
    return response


@lru_cache(maxsize=1)
def _zones() -> list[tuple[str, list[str]]]:
    """Names by part of the world."""
    parts: dict[str, list[str]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        part, slash, _ = name.partition("/")
        if slash and part not in ("Etc", "posix", "right", "SystemV", "US"):
            parts.setdefault(part, []).append(name)
    return sorted(parts.items())


routes: list[BaseRoute] = [Route("/time-zone", choose, methods=["GET"])]
