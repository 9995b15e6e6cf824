"""The overview: who runs it, what failed, what runs, what fires next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.pages.common import last_drift, page_cache, services_of
from reconciler.web.pages.drift import Drift
from reconciler.web.pages.history import conditions_of
from reconciler.web.templating import render
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.listings.pages import PageListings, RunQuery

_DAY = timedelta(days=1)
_FEW = 10


async def overview(request: Request) -> Response:
    """How things stand."""
    services = services_of(request)
    now = services.clock()
    upcoming = page_cache(request).upcoming
    values = await services.read(lambda workspace: _read(workspace, now))
    values["upcoming"] = await services.read(lambda w: upcoming.next(w, now, _FEW))
    values["conditions"] = await conditions_of(request)
    values["drift"] = _card(await last_drift(request, now), services.site.config is not None)
    return render(request, "overview.html", now=now, **values)


def _read(workspace: Workspace, now: datetime) -> dict[str, Any]:
    listing = PageListings(workspace.store.database)
    enabled, disabled = listing.enabled()
    holder = workspace.lease.holder()
    engine = str(holder) if holder is not None else "another process"
    since = now - _DAY
    failed = listing.runs(RunQuery(status="Failed"), limit=_FEW)[1]
    return {
        "engine": engine if workspace.lease.is_held() else None,
        "enabled": enabled,
        "disabled": disabled,
        "statuses": listing.statuses(since),
        "running": listing.runs(RunQuery(status="Running"), limit=_FEW)[1],
        "failed": [row for row in failed if row.created_at >= since],
        "failing": workspace.ledger.failing()[:_FEW],
    }


def _card(drift: Drift | None, has_repository: bool) -> dict[str, str] | None:
    if not has_repository:
        return None
    if drift is None:
        return {"kind": "", "words": "being compared", "more": "Look again in a moment."}
    at = f"compared at {drift.at:%H:%M:%S} UTC"
    if drift.problem is not None:
        return {"kind": "bad", "words": "unknown", "more": f"{drift.problem}; {at}"}
    if not drift.pending and not drift.not_ours:
        return {"kind": "good", "words": "in step", "more": at}
    parts = [f"{drift.pending:,} to change"] if drift.pending else []
    parts += [f"{drift.not_ours:,} not its own"] if drift.not_ours else []
    words = ", ".join(parts)
    return {"kind": "bad", "words": words, "more": at, "differs": "yes"}


routes: list[BaseRoute] = [Route("/", overview, methods=["GET"])]
