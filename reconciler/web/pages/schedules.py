"""The schedules: searched and filtered; one with its fires, its folder and its runs; actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from itertools import islice
from math import inf
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from reconciler.declare.suspensions import in_force, suspension_of, suspension_words
from reconciler.document import schedule_from_document
from reconciler.firing import next_fires
from reconciler.firing.clocks.zones import zone
from reconciler.firing.counting.bitsets import span_of
from reconciler.firing.counting.count import raster
from reconciler.firing.words.short_words import describe_shortly
from reconciler.firing.words.trigger_words import describe
from reconciler.masking import is_secret, mask
from reconciler.model import DatastoreChange, Key, LiveSchedule, Trigger
from reconciler.render.documents import schedule_document
from reconciler.web.access.authentication import require, who
from reconciler.web.pages import charts
from reconciler.web.pages.common import (
    SIZE,
    answers_to,
    asked,
    form_of,
    last_drift,
    page_cache,
    page_of,
    services_of,
)
from reconciler.web.pages.drift import Drift
from reconciler.web.pages.fires.marks import marks_of
from reconciler.web.pages.history import changes_of
from reconciler.web.pages.lists.chips import ChipGroup, Option, chip_group, columns
from reconciler.web.pages.lists.day_bars import DAYS, DayBars, day_bars
from reconciler.web.pages.lists.run_bars import run_bars
from reconciler.web.pages.upcoming_fires import Upcoming
from reconciler.web.template_filters import document, inputs, path_of, plain
from reconciler.web.templating import render
from reconciler.web.times import zone_of
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.history.acts import Acts
from reconciler.workspace.store.listings.outcomes import Outcomes
from reconciler.workspace.store.listings.pages import (
    KINDS,
    NEVER,
    STATUSES,
    PageListings,
    RunQuery,
    ScheduleQuery,
)
from reconciler.workspace.store.references import split_reference
from reconciler.workspace.store.schedules import ScheduleRow

_LAST_DAYS, _NEXT_DAYS = 7, 7
_FEW = 10
_MOST_CHIPS = 12
_HEADS = (
    ("Name", "name"),
    ("State", "state"),
    ("Trigger", None),
    ("Last runs", None),
    ("Last", "ran"),
    ("Next", "next"),
    ("Pipeline", "pipeline"),
    ("Repository", None),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A schedule in a list."""

    row: ScheduleRow
    enabled: bool
    words: str
    description: str
    next: datetime | None
    pipeline: str
    source: str
    repository: str
    held: str = ""
    """Its hold or suspension, in words."""
    short: str = ""
    """The trigger in a few words."""
    time_zone: str = "UTC"
    """In which it fires."""


async def list_schedules(request: Request) -> Response:
    """A page of those that match."""
    services = services_of(request)
    now, page = services.clock(), page_of(request)
    values = asked(request, "q", "enabled", "kind", "owner", "last", "differs", "sort")
    wanted = ScheduleQuery(
        text=values["q"],
        enabled={"yes": True, "no": False}.get(values["enabled"]),
        owner={"": None, "-": ""}.get(values["owner"], values["owner"]),
        kind=values["kind"] if values["kind"] in KINDS else None,
        last=values["last"] if values["last"] in (*STATUSES, NEVER) else None,
        sort=values["sort"],
    )
    drift = await last_drift(request, now)
    if values["differs"]:
        wanted = replace(wanted, names=drift.differing if drift is not None else ())
    upcoming = page_cache(request).upcoming

    def read(workspace: Workspace) -> dict[str, Any]:
        listing = PageListings(workspace.store.database)
        total, rows = _page_of_rows(workspace, listing, wanted, upcoming, now, (page - 1) * SIZE)
        following = upcoming.times(workspace, now, [row.name for row in rows])
        lines = [
            held_line(_line(row, now, drift, following.get(row.name)), now, drift) for row in rows
        ]
        recent = Outcomes(workspace.store.database).recent("schedule", [r.name for r in rows])
        return {
            "total": total,
            "lines": lines,
            "recent": recent,
            "groups": _groups(listing, values, drift),
        }

    found = await services.read(read)
    compared = any(line.repository for line in found["lines"])
    heads = columns("/schedules", values, _HEADS if compared else _HEADS[:-1])
    shown: dict[str, Any] = {"values": values, "page": page, "size": SIZE, "heads": heads}
    return render(
        request, "schedules.html", **found, **shown, now=now, run_bars=run_bars, compared=compared
    )


def _page_of_rows(
    workspace: Workspace,
    listing: PageListings,
    wanted: ScheduleQuery,
    upcoming: Upcoming,
    now: datetime,
    offset: int,
) -> tuple[int, list[ScheduleRow]]:
    """A page of rows. When each fires next is known here, and not in SQL."""
    if wanted.sort.removeprefix("-") != "next":
        return listing.schedules(wanted, offset=offset, limit=SIZE)
    names = listing.schedule_names(wanted)
    sign = -1 if wanted.sort.startswith("-") else 1
    following = upcoming.times(workspace, now, names)
    ranks = {name: sign * at.timestamp() for name, at in following.items()}
    names.sort()
    names.sort(key=lambda name: ranks.get(name, inf))
    chosen = names[offset : offset + SIZE]
    found = {row.name: row for row in workspace.store.schedules(chosen)}
    return len(names), [found[name] for name in chosen if name in found]


def _groups(
    listing: PageListings, values: Mapping[str, str], drift: Drift | None
) -> list[ChipGroup]:
    """The filters, as chips."""
    on, off = listing.enabled()
    owners: list[Option] = [
        (owner if owner is not None else "-", owner or "made by hand", number)
        for owner, number in listing.owners()[:_MOST_CHIPS]
    ]
    differing: list[Option] = []
    if drift is not None and drift.problem is None:
        differing = [("yes", "differs", len(drift.differing))]
    groups: dict[tuple[str, str], list[Option]] = {
        ("enabled", "State"): [("yes", "enabled", on), ("no", "disabled", off)],
        ("last", "Last run"): [
            ("Failed", "failed", None),
            ("Completed", "completed", None),
            ("Running", "running", None),
            (NEVER, "never ran", None),
        ],
        ("kind", "Trigger"): [(kind, kind, None) for kind in KINDS],
        ("owner", "Owner"): owners,
        ("differs", "Repository"): differing,
    }
    return [
        chip_group("/schedules", values, key, label, options)
        for (key, label), options in groups.items()
        if options and (len(options) > 1 or values[key] or key == "differs")
    ]


def _line(row: ScheduleRow, now: datetime, drift: Drift | None, following: datetime | None) -> Line:
    """`following`: when it fires next."""
    enabled = bool(row.document.get("is_enabled"))
    words, pipeline = "damaged: it cannot be read", ""
    short, time_zone = words, "UTC"
    try:
        schedule = schedule_from_document(row.document, Key("", row.name))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    else:
        words, pipeline = describe(schedule.trigger), split_reference(schedule.job.reference)[0]
        short = describe_shortly(schedule.trigger)
        time_zone = getattr(schedule.trigger, "time_zone", time_zone)
    said = drift.of(row.name) if drift is not None else ""
    return Line(
        row=row,
        enabled=enabled,
        words=words,
        description=str(row.document.get("description") or ""),
        next=following,
        pipeline=pipeline,
        source=_source(row),
        repository="; ".join(part for part in (said, _suspended(row, now)) if part),
        short=short,
        time_zone=time_zone,
    )


def held_line(line: Line, now: datetime, drift: Drift | None) -> Line:
    """The same as `reconciler next` has it: one that is held fires next when its hold ends."""
    held = drift.held(line.row.name, line.enabled) if drift is not None else None
    if held is None:
        return line
    until, words = held
    following = fires_after_hold(line.row.document, line.row.created_at, max(now, until), 1)
    return replace(line, held=words, next=next(iter(following), None))


def fires_after_hold(
    document: Mapping[str, Any], created_at: datetime | None, begin: datetime, count: int
) -> list[datetime]:
    """The first fires from the end of a hold on; none where it fires by files, or is damaged."""
    try:
        trigger = schedule_from_document(document, Key("", "")).trigger
    except (KeyError, TypeError, ValueError, AttributeError):
        return []
    if isinstance(trigger, DatastoreChange):
        return []
    fires = next_fires(trigger, begin, begin + timedelta(days=3660), created_at or begin)
    return list(islice(fires, count))


def _suspended(row: ScheduleRow, now: datetime) -> str:
    asked = suspension_of(row.suspended)
    return suspension_words(asked) if asked is not None and asked.until > now else ""


def _source(row: ScheduleRow) -> str:
    return f"{row.source_path}:{row.source_line or 1}" if row.source_path else ""


async def show_schedule(request: Request) -> Response:
    """One schedule."""
    services = services_of(request)
    name, now = request.path_params["name"], services.clock()
    clock = zone(zone_of(request))
    values = await services.read(lambda workspace: _read_one(workspace, name, now, clock))
    drift = await last_drift(request, now)
    values["repository"] = drift.of(name) if drift is not None else "not compared"
    values["changes"] = await changes_of(request, name)
    live: LiveSchedule = values["live"]
    held = drift.held(name, live.schedule.enabled) if drift is not None else None
    values["held"] = held[1] if held is not None else ""
    if held is not None and not values["is_data"]:
        values["next"] = _next(live, max(now, held[0]))
    values |= answers_to(
        request,
        drift,
        name,
        enabled=live.schedule.enabled,
        file=values["source"],
        ours=values["ours"],
    )
    return render(request, "schedule.html", now=now, **values)


def _read_one(workspace: Workspace, name: str, now: datetime, clock: tzinfo) -> dict[str, Any]:
    row, live = workspace.schedule(name), workspace.live(name)
    listing = PageListings(workspace.store.database)
    schedule = live.schedule
    trigger = schedule.trigger
    is_data = isinstance(trigger, DatastoreChange)
    pipeline, version = split_reference(schedule.job.reference)
    found = workspace.store.version(pipeline, version)
    declared = dict((found.document.get("inputs") or {}) if found is not None else {})
    given = {**dict.fromkeys(declared), **schedule.job.inputs}
    days, words = _days(listing, live, now, clock)
    return {
        "live": live,
        "ours": live.owner == workspace.site.owner,
        "suspended": suspension_words(stop) if (stop := in_force(live, now)) else "",
        "words": describe(trigger),
        "source": _source(row),
        "is_data": is_data,
        "folder": _folder(trigger),
        "watch": listing.watch(name) if is_data else None,
        "next": _next(live, now) if not is_data else [],
        "days": days,
        "days_words": words,
        "marks_of": marks_of,
        "day_bars": _day_bars(workspace, name, now),
        "acts": Acts(workspace.store.database).newest(kind="schedule", name=name, limit=_FEW),
        "pipeline": pipeline,
        "version": version,
        "experiment": schedule.job.experiment_name or name,
        "inputs": inputs(schedule.job.inputs),
        # A secret is never sent to a browser: empty, it stays what it is.
        "fields": [(n, "" if v is None or is_secret(n) else _text(n, v)) for n, v in given.items()],
        "document": document(schedule_document(schedule)),
        "rows": listing.runs(RunQuery(schedule=name), limit=10)[1],
    }


def _day_bars(workspace: Workspace, name: str, now: datetime) -> DayBars | None:
    today = now.astimezone(UTC).date()
    counts = Outcomes(workspace.store.database).days(today - timedelta(days=DAYS - 1), name)
    return day_bars(counts, today) if counts else None


def _folder(trigger: Trigger) -> str:
    if not isinstance(trigger, DatastoreChange):
        return ""
    return f"{trigger.datastore}/{trigger.path_on_datastore}"


def _text(name: str, value: Any) -> str:
    return plain(mask(name, value))


@dataclass(frozen=True, slots=True)
class Moment:
    """A fire, in UTC and on the wall."""

    utc: datetime
    local: str


def _next(live: LiveSchedule, now: datetime) -> list[Moment]:
    trigger = live.schedule.trigger
    assert not isinstance(trigger, DatastoreChange)
    place = zone(trigger.time_zone)
    far = now + timedelta(days=3660)
    fires = islice(next_fires(trigger, now, far, live.created_at or now), 5)
    return [Moment(at, f"{at.astimezone(place):%a %Y-%m-%d %H:%M %Z}") for at in fires]


def _days(
    listing: PageListings, live: LiveSchedule, now: datetime, clock: tzinfo
) -> tuple[Sequence[charts.DayRow], str]:
    """The fires of the last and the next days on a person's clock, as a picture and in words."""
    first = now.astimezone(clock).date() - timedelta(days=_LAST_DAYS)
    start = datetime.combine(first, time(), clock).astimezone(UTC)
    end = start + timedelta(days=_LAST_DAYS + _NEXT_DAYS + 1)
    past = [charts.PastSlot(*slot) for slot in listing.fire_slots(live.key.name, start)]
    coming: charts.Counts = {}
    if live.schedule.enabled:
        now = now.astimezone(UTC)
        span = span_of(now, end)
        bits = raster(live.schedule.trigger, span, live.created_at or now).bits
        coming = charts.on_clock(charts.slot_counts(bits, now.date()), clock)
    counts: dict[str, int] = {}
    for slot in past:
        counts[slot.kind] = counts.get(slot.kind, 0) + slot.count
    told = [f"{number:,} {kind}" for kind, number in counts.items()]
    words = ", ".join([*told, f"{sum(coming.values()):,} to come"])
    return charts.fire_days(past, coming, now, first, _LAST_DAYS + _NEXT_DAYS + 1, clock), words


# ----------------------------------------------------------------------------------------- actions


async def disable(request: Request) -> Response:
    """Stop it firing."""
    return await _set_enabled(request, False)


async def enable(request: Request) -> Response:
    """Let it fire."""
    return await _set_enabled(request, True)


async def _set_enabled(request: Request, enabled: bool) -> Response:
    require(request, "write")
    name = request.path_params["name"]
    await services_of(request).write(lambda w: w.set_enabled(name, enabled), by=who(request))
    page_cache(request).drift.outdate()
    return RedirectResponse(path_of("schedules", name), 303)


async def run(request: Request) -> Response:
    """Run its pipeline now, with the inputs that were filled in."""
    require(request, "write")
    name = request.path_params["name"]
    fields = await form_of(request)
    given = {
        key.removeprefix("input:"): value
        for key, value in fields.items()
        if key.startswith("input:") and value
    }
    services = services_of(request)
    live = await services.read(lambda workspace: workspace.live(name))
    known = live.schedule.job.inputs
    changed = {
        key: value
        for key, value in given.items()
        if key not in known or is_secret(key) or value != _text(key, known[key])
    }
    made = await services.write(lambda w: w.trigger(name, changed), by=who(request))
    return RedirectResponse(path_of("runs", made), 303)


routes: list[BaseRoute] = [
    Route("/schedules", list_schedules, methods=["GET"]),
    Route("/schedules/{name}", show_schedule, methods=["GET"]),
    Route("/schedules/{name}/disable", disable, methods=["POST"]),
    Route("/schedules/{name}/enable", enable, methods=["POST"]),
    Route("/schedules/{name}/run", run, methods=["POST"]),
]
