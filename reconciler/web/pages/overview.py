"""The overview: who runs it, what needs a look, how runs went, what fires next, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from reconciler.web.pages.common import last_drift, page_cache, services_of
from reconciler.web.pages.drift import Drift
from reconciler.web.pages.history import conditions_of, events_of
from reconciler.web.pages.lists.day_bars import DAYS, day_bars
from reconciler.web.pages.lists.kept_records import KeptRecords
from reconciler.web.pages.lists.run_bars import run_bars
from reconciler.web.templating import render
from reconciler.web.times import said
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.listings.outcomes import Outcomes, RecentRun, flakiest, slowest
from reconciler.workspace.store.listings.pages import PageListings, RunQuery
from reconciler.workspace.store.records import RunRow

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_LATE = timedelta(minutes=1)
"""A run that has not begun so long after it was made is late."""
_FEW = 10
_LOOKED_AT = 200
"""Failed runs that are looked at for schedules that fail."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A schedule, or a pipeline that is run by hand, whose last run failed."""

    run: RunRow
    """The last one."""
    recent: Sequence[RecentRun]
    in_a_row: int
    """How many failed since one completed."""


async def overview(request: Request) -> Response:
    """How things stand."""
    services = services_of(request)
    now = services.clock()
    upcoming = page_cache(request).upcoming
    records = page_cache(request).records
    values = await services.read(lambda workspace: _read(workspace, now, records))
    values["upcoming"] = await services.read(lambda w: upcoming.next(w, now, _FEW))
    values["conditions"] = await conditions_of(request)
    values["events"] = await events_of(request, since=now - _WEEK, limit=_FEW)
    values["drift"] = _card(await last_drift(request, now), services.site.config is not None)
    return render(request, "overview.html", now=now, run_bars=run_bars, few=_FEW, **values)


def _instant(said: str) -> datetime | None:
    """When a lease was taken, by its file, which anybody may have written."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _read(workspace: Workspace, now: datetime, records: KeptRecords) -> dict[str, Any]:
    database = workspace.store.database
    listing, outcomes = PageListings(database), Outcomes(database)
    enabled, disabled = listing.enabled()
    holder = workspace.lease.holder()
    engine = f"process {holder.pid} on {holder.host}" if holder is not None else "another process"
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    known, counts = records.since(workspace, first, now)
    slow, flaky = slowest(known, _FEW), flakiest(known, _FEW)
    shown = {one.schedule for one in (*slow, *flaky)}
    late, waiting = outcomes.waiting(now - _LATE, _FEW)
    return {
        "engine": engine if workspace.lease.is_held() else None,
        "engine_since": _instant(holder.since) if holder is not None else None,
        "enabled": enabled,
        "disabled": disabled,
        "statuses": listing.statuses(now - _DAY),
        "running": listing.runs(RunQuery(status="Running"), limit=_FEW)[1],
        "failed": _failing(listing, outcomes, now),
        "failing": workspace.ledger.failing()[:_FEW],
        "days": day_bars(counts, today) if counts else None,
        "slowest": slow,
        "flakiest": flaky,
        "recent": outcomes.recent("schedule", shown),
        "missed": outcomes.missed(now - _WEEK, _FEW),
        "late": late,
        "waiting": waiting,
    }


def _failing(listing: PageListings, outcomes: Outcomes, now: datetime) -> list[Failing]:
    """What failed within a day and has not completed since: a line each, not one a run."""
    rows = listing.runs(RunQuery(status="Failed", since=now - _DAY), limit=_LOOKED_AT)[1]
    newest: dict[tuple[str, str], RunRow] = {}
    for row in rows:
        key = ("schedule", row.schedule) if row.schedule else ("pipeline", row.pipeline)
        newest.setdefault(key, row)
    recent = outcomes.recent("schedule", [name for kind, name in newest if kind == "schedule"])
    found = []
    for (kind, name), row in newest.items():
        runs = recent[name] if kind == "schedule" else [RecentRun(row.name, "Failed", now, None)]
        in_a_row = _in_a_row(runs)
        if in_a_row:
            found.append(Failing(row, runs, in_a_row))
    return sorted(found, key=lambda one: (-one.in_a_row, one.run.name))[:_FEW]


def _in_a_row(runs: Sequence[RecentRun]) -> int:
    """How many ended runs failed since one did not."""
    ended = [run.status for run in runs if run.status not in ("Running", "NotStarted")]
    for number, status in enumerate(reversed(ended)):
        if status != "Failed":
            return number
    return len(ended)


def _card(drift: Drift | None, has_repository: bool) -> dict[str, str] | None:
    if not has_repository:
        return None
    if drift is None:
        return {"kind": "", "words": "comparing …", "more": "with the repository, for a moment"}
    at = f"compared {said(drift.at)}"
    if drift.problem is not None:
        return {"kind": "bad", "words": "unknown", "more": f"{drift.problem}; {at}"}
    if not drift.pending and not drift.not_ours:
        return {"kind": "good", "words": "in sync", "more": at}
    parts = [f"{drift.pending:,} to change"] if drift.pending else []
    parts += [f"{drift.not_ours:,} not its own"] if drift.not_ours else []
    words = ", ".join(parts)
    return {"kind": "bad", "words": words, "more": at, "differs": "yes"}


routes: list[BaseRoute] = [Route("/", overview, methods=["GET"])]
