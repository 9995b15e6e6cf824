"""Why a live schedule differs from its declaration: who made the difference, in words. Pure.

A target keeps the digest of what was last applied. A live schedule that is not that any more was
changed live; a declaration that is not that any more was changed in the repository. What a hold or
a suspension switched off, and nothing else, is nobody's change once that is over.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.declare.holds import clock_words, hold_words, zone_of
from reconciler.document import schedule_digest
from reconciler.firing.clocks import zones
from reconciler.model import Cause, Hold, LiveSchedule, Schedule, Suspension
from reconciler.plan.diff import same


def cause_of(before: LiveSchedule, after: Schedule, digest: str | None) -> Cause:
    """The cause of a difference; `digest` is that of `after`, None: its `schedule_digest`."""
    asked = before.suspended
    if asked is not None and _wakes(before, after):
        woken = replace(before.schedule, enabled=asked.was_enabled)
        if same(woken, after):
            return "over"
        if before.digest is None:  # one of the target's own is of what it is now
            before = replace(before, schedule=woken)
    if before.applied is None:
        return "unknown"
    live = (before.digest or schedule_digest(before.schedule)) != before.applied
    if live:
        declared = (digest or schedule_digest(after)) != before.applied
        return "both" if declared else "live"
    return "over" if _hold_ended(before, after) else "repository"


def _wakes(before: LiveSchedule, after: Schedule) -> bool:
    return after.enabled and not before.schedule.enabled


def _hold_ended(before: LiveSchedule, after: Schedule) -> bool:
    """Whether the hold in its file, and nothing else, kept it off since it was applied last."""
    held = after.ended
    if held is None or not _wakes(before, after):
        return False
    since = before.modified_at
    return (since is None or since < held.until) and same(
        replace(before.schedule, enabled=True), after
    )


def why(cause: Cause, before: LiveSchedule, after: Schedule) -> str:
    """The cause in words, with who changed it live and when; empty where nothing is known."""
    off = before.schedule.enabled and not after.enabled
    on = _wakes(before, after)
    if on and before.suspended is not None:
        words = suspension_over(before.suspended)
        return f"{words}; changed in the repository" if cause == "repository" else words
    if cause == "over" and after.ended is not None:
        return hold_over(after, after.ended)
    if cause == "repository":
        return "enabled again" if on else "changed in the repository"
    if cause == "unknown":
        if off and after.hold is None:
            return "disabled in the repository"
        return "enabled again" if on else ""
    if cause == "both":
        return f"changed in the repository, and live{who_and_when(before)}"
    return f"{'switched off' if on else 'changed'} live{who_and_when(before)}"


def suspension_over(suspension: Suspension) -> str:
    """That it is over, in words."""
    return f"its suspension until {clock_words(suspension.until)} UTC is over"


def hold_over(schedule: Schedule, ended: Hold) -> str:
    """That the hold in the file of `schedule` is over, in words."""
    zone = zone_of(schedule)
    return f"its hold until {clock_words(ended.until.astimezone(zones.zone(zone)))} {zone} is over"


def who_and_when(live: LiveSchedule) -> str:
    """` by ana on 2026-11-22 10:00 UTC`, as far as it is known; a blank before each part."""
    who = f" by {live.modified_by}" if live.modified_by else ""
    return who + (f" on {live.modified_at:%Y-%m-%d %H:%M} UTC" if live.modified_at else "")


def say(reason: str, after: Schedule, *, pending: bool = True) -> str:
    """`reason` with what its declaration says beside it: a hold, and what the loop leaves."""
    parts = [reason] if reason else []
    if after.hold is not None:
        parts.append(hold_words(after.hold, zone_of(after)))
    if pending and after.moved is not None:
        parts.append(after.moved)
    if pending and after.mode != "heal":
        what = "only reports it" if after.mode == "observe" else "leaves it alone"
        parts.append(f"the loop {what} (reconcile: {after.mode})")
    return "; ".join(parts)
