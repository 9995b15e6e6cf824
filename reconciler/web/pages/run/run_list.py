"""The runs: filtered by chips, by day or by schedule, the newest or the longest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from reconciler.firing.clocks.zones import zone
from reconciler.web.pages.common import SIZE, asked, page_cache, page_of, services_of
from reconciler.web.pages.lists.chips import ChipGroup, chip_group
from reconciler.web.pages.lists.day_bars import DAYS, day_bars
from reconciler.web.pages.lists.run_bars import run_bars
from reconciler.web.templating import render
from reconciler.web.times import zone_of
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.listings.outcomes import Outcomes, most_failed
from reconciler.workspace.store.listings.pages import LONGEST_OF, PageListings, RunQuery
from reconciler.workspace.store.records import RunRow

_KEYS = ("status", "schedule", "pipeline", "experiment", "day", "zone", "since", "until")
_STATUSES = (
    ("Failed", "failed", None),
    ("Completed", "completed", None),
    ("Running", "running", None),
    ("NotStarted", "waiting", None),
    ("Canceled", "canceled", None),
)


@dataclass(frozen=True, slots=True)
class DayOfRuns:
    """The runs of a page that were made on one day; `label` empty: days are not told apart."""

    label: str
    rows: list[RunRow]


async def list_runs(request: Request) -> Response:
    """A page of those that match; or with `group=schedule`, how the runs of each went."""
    services = services_of(request)
    now, page = services.clock(), page_of(request)
    values = asked(request, *_KEYS, "sort", "group")
    if values["group"] == "schedule":
        return await _by_schedule(request, values, page, now)
    clock = zone(zone_of(request))
    wanted = _query(values, clock)
    today = now.astimezone(UTC).date()

    def read(workspace: Workspace) -> dict[str, Any]:
        database = workspace.store.database
        has_more, rows = PageListings(database).runs(wanted, offset=(page - 1) * SIZE, limit=SIZE)
        days = None
        if not values["pipeline"] and not values["experiment"]:
            schedule = values["schedule"] or None
            counts = Outcomes(database).days(today - timedelta(days=DAYS - 1), schedule)
            days = day_bars(counts, today) if counts else None
        return {"has_more": has_more, "rows": rows, "days": days}

    found = await services.read(read)
    shown: dict[str, Any] = {
        "values": values,
        "page": page,
        "groups": _groups(values),
        "by_day": _by_day(found["rows"], clock, now, values["sort"] == "longest"),
        "filtered": any(values[key] for key in _KEYS),
        "period": _period(values),
        "longest_of": LONGEST_OF,
    }
    return render(request, "runs.html", now=now, **found, **shown)


async def _by_schedule(
    request: Request, values: Mapping[str, str], page: int, now: datetime
) -> Response:
    since = now.astimezone(UTC).date() - timedelta(days=DAYS - 1)

    kept = page_cache(request).records

    def read(workspace: Workspace) -> dict[str, Any]:
        found = most_failed(kept.since(workspace, since, now)[0])
        records = found[(page - 1) * SIZE : page * SIZE]
        names = [one.schedule for one in records]
        recent = Outcomes(workspace.store.database).recent("schedule", names)
        return {"records": records, "recent": recent, "has_more": len(found) > page * SIZE}

    found = await services_of(request).read(read)
    shown: dict[str, Any] = {"values": values, "page": page, "groups": _groups(values)}
    return render(
        request, "runs_by_schedule.html", now=now, days=DAYS, run_bars=run_bars, **found, **shown
    )


def _groups(values: Mapping[str, str]) -> list[ChipGroup]:
    by_schedule = values["group"] == "schedule"
    groups = [
        chip_group("/runs", {"group": values["group"]} if by_schedule else values, *one)
        for one in (
            ("status", "Status", _STATUSES),
            ("sort", "Order", [("longest", "longest first", None)]),
        )
        if not by_schedule
    ]
    grouped = chip_group("/runs", values, "group", "Group", [("schedule", "by schedule", None)])
    return [*groups, grouped]


def _query(values: Mapping[str, str], clock: tzinfo) -> RunQuery:
    since, until = _instant(values["since"]), _instant(values["until"])
    if values["day"]:
        try:
            day = date.fromisoformat(values["day"])
            begin = datetime.combine(day, time(), UTC if values["zone"] == "UTC" else clock)
            since, until = begin, begin + timedelta(days=1)
        except (OverflowError, ValueError) as error:
            raise HTTPException(400, "day is a date such as 2026-11-28") from error
    return RunQuery(
        status=values["status"],
        schedule=values["schedule"],
        pipeline=values["pipeline"],
        experiment=values["experiment"],
        since=since,
        until=until,
        longest=values["sort"] == "longest",
    )


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise HTTPException(400, "since and until are instants in UTC: 2026-11-28T05:10") from error


def _period(values: Mapping[str, str]) -> str:
    """What part of the time is asked for, in words; empty: all of it."""
    if values["day"]:
        day = date.fromisoformat(values["day"])
        return f"of {day:%a} {day.day} {day:%b %Y}{' (UTC)' if values['zone'] == 'UTC' else ''}"
    parts = [f"from {values['since']}"] if values["since"] else []
    parts += [f"before {values['until']}"] if values["until"] else []
    return f"{' '.join(parts)} UTC".replace("T", " ") if parts else ""


def _by_day(rows: Iterable[RunRow], clock: tzinfo, now: datetime, whole: bool) -> list[DayOfRuns]:
    today, found = now.astimezone(clock).date(), list[DayOfRuns]()
    for row in rows:
        day = row.created_at.astimezone(clock).date()
        label = "" if whole else _day_words(day, today)
        if not found or found[-1].label != label:
            found.append(DayOfRuns(label, []))
        found[-1].rows.append(row)
    return found


def _day_words(day: date, today: date) -> str:
    year = "" if day.year == today.year else f" {day.year}"
    words = f"{day:%a} {day.day} {day:%b}{year}"
    near = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}.get(day, "")
    return near + words
