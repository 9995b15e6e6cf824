"""Suspensions: stops that are kept where the schedule lives, or in the state. Pure.

A schedule that is suspended is desired as disabled for as long, so that its being disabled is no
difference; all else of it is applied as ever. At the end the next apply enables it again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.declare.holds import clock_words
from reconciler.masking import mask_text
from reconciler.model import Canonical, Hold, LiveSchedule, Schedule, Suspension

_LONGEST = 250
"""Characters: a tag of Azure holds 256, a keyword of Temporal 255."""


def in_force(live: LiveSchedule, now: datetime) -> Suspension | None:
    """The suspension of a live schedule that lasts at `now`, an aware instant."""
    asked = live.suspended
    return asked if asked is not None and asked.until > now else None


def as_hold(suspension: Suspension) -> Hold:
    """What it is to whoever shows holds."""
    return Hold(suspension.until, suspension.reason, suspension.by, suspended=True)


def suspended_schedule(schedule: Schedule, live: LiveSchedule, now: datetime) -> Schedule:
    """`schedule` as it is wanted at `now`; a hold of its file that lasts longer stays."""
    asked = in_force(live, now)
    if asked is None:
        return schedule
    held = schedule.hold
    hold = held if held is not None and held.until >= asked.until else as_hold(asked)
    return replace(schedule, enabled=False, hold=hold)


def while_suspended(desired: Canonical, live: LiveSchedule, now: datetime) -> Canonical:
    """The same for what a target was asked about."""
    schedule = suspended_schedule(desired.schedule, live, now)
    return desired if schedule is desired.schedule else replace(desired, schedule=schedule)


def enabled_by(live: LiveSchedule, suspension: Suspension | None) -> bool:
    """Whether `live` is enabled once it has `suspension`; None: the one that it has is ended."""
    if suspension is not None:
        return False
    asked = live.suspended
    return asked.was_enabled if asked is not None else live.schedule.enabled


def suspension_words(suspension: Suspension) -> str:
    """`suspended until 2026-12-01 08:00 UTC by ana: quarter end`."""
    text = f"suspended until {clock_words(suspension.until)} UTC by {suspension.by}"
    return mask_text(f"{text}: {suspension.reason}" if suspension.reason else text)


def suspension_text(suspension: Suspension) -> str:
    """As it is kept beside a schedule: JSON that fits into a tag; a long reason is cut."""
    document = {
        "until": f"{suspension.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "since": f"{suspension.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "on": int(suspension.was_enabled),
        "by": suspension.by[:64],
        "why": suspension.reason or "",
    }
    text = _dumped(document)
    while len(text) > _LONGEST and (document["why"] or document["by"]):
        key = "why" if document["why"] else "by"
        over = max(1, (len(text) - _LONGEST) // 6)
        document[key] = str(document[key])[:-over]
        text = _dumped(document)
    return text


def suspension_of(text: object) -> Suspension | None:
    """What `suspension_text` wrote; None for anything else."""
    try:
        found = json.loads(text) if isinstance(text, str) else None
        if not isinstance(found, dict):
            return None
        until, since = (datetime.fromisoformat(str(found[key])) for key in ("until", "since"))
        if until.tzinfo is None or since.tzinfo is None:
            return None
        why = found.get("why")
        return Suspension(
            until.astimezone(UTC),
            str(found.get("by") or "unknown"),
            since.astimezone(UTC),
            str(why) if why else None,
            bool(found.get("on", True)),
        )
    except (ValueError, KeyError, OverflowError, RecursionError):
        return None


def _dumped(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
