"""Holds and modes of a resolved document -> what holds at a moment. Pure.

`hold` pauses a schedule until a moment: it is live, but disabled, and comes back by itself. Its
`until` is a date (the start of that day) or a date and time; without an offset it is a wall-clock
time in the time zone of the trigger, or of the target's defaults where the trigger has no times.
`reconcile` says what the loop does about differences.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from reconciler.declare.findings import Finding
from reconciler.firing.clocks import zones
from reconciler.masking import mask_text
from reconciler.model import DatastoreChange, Hold, Mode, Schedule

_CAREFUL: tuple[Mode, ...] = ("heal", "observe", "off")
_UNTIL = re.compile(
    r"(?P<year>\d{4})-\d{2}-\d{2}"
    r"([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:?\d{2})?)?\Z",
    re.ASCII,
)
_YEARS = range(1970, 3000)
_PATH = ("hold", "until")


def read_until(text: str) -> datetime | None:
    """What `until` says: naive where it has no offset, None where it is no date or time."""
    match = _UNTIL.match(text)
    if match is None or int(match["year"]) not in _YEARS:
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:  # 30 February
        return None


def until_instant(moment: datetime, time_zone: str) -> datetime:
    """The instant that `until` means, in UTC, read in an IANA time zone if it has no offset."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zones.zone(time_zone))
    return moment.astimezone(UTC)


def stricter(one: Mode, other: Mode) -> Mode:
    """The more careful of two modes: `off` over `observe` over `heal`."""
    return max(one, other, key=_CAREFUL.index)


def lint_hold(document: Mapping[str, Any]) -> list[Finding]:
    """An `until` that is no date and no time; what its schema knows is not said again."""
    hold = document.get("hold")
    until = hold.get("until") if isinstance(hold, dict) else None
    if not isinstance(until, str) or read_until(until) is not None:
        return []
    hint = 'write it like "2026-12-01", "2026-12-01T08:00" or "2026-12-01T08:00:00Z"'
    return [Finding("SCH036", _PATH, '"until" is not a date, nor a date and time', hint)]


def settle(
    schedule: Schedule, document: Mapping[str, Any], now: datetime, time_zone: str
) -> tuple[Schedule, list[Finding]]:
    """`schedule` with the mode and the hold of its sound `document`, as they are at `now`.

    `time_zone`: an IANA name, for a trigger that has none. The finding is a hold that is over.
    """
    mode = document.get("reconcile")
    if mode is not None:
        schedule = replace(schedule, mode=cast(Mode, mode))
    hold = document.get("hold")
    if not hold:
        return schedule, []
    moment = read_until(hold["until"])
    assert moment is not None  # lint_hold has said so otherwise
    until = until_instant(moment, zone_of(schedule, time_zone))
    held = Hold(until, hold.get("reason") or None, hold.get("by") or None)
    if until <= now:
        message = f"the hold until {hold['until']} is over: it fires again"
        if not schedule.enabled:
            message = f"the hold until {hold['until']} is over; is_enabled keeps it off"
        hint = f"`reconciler hold {schedule.key.name} --release` takes it out of the file"
        return replace(schedule, ended=held), [Finding("SCH037", _PATH, message, hint)]
    return replace(schedule, enabled=False, hold=held), []


def zone_of(schedule: Schedule, time_zone: str = "UTC") -> str:
    """The time zone that times of a schedule are in; `time_zone` where its trigger has none."""
    trigger = schedule.trigger
    return time_zone if isinstance(trigger, DatastoreChange) else trigger.time_zone


def clock_words(at: datetime) -> str:
    """`2026-12-01 08:00`, with seconds where there are any: an end is not said too early."""
    return f"{at:%Y-%m-%d %H:%M:%S}" if at.second else f"{at:%Y-%m-%d %H:%M}"


def hold_words(hold: Hold, time_zone: str) -> str:
    """`held until 2026-12-01 08:00 Europe/Lisbon by ana: quarter end`; or `suspended until`."""
    until = hold.until.astimezone(zones.zone(time_zone))
    word = "suspended" if hold.suspended else "held"
    text = f"{word} until {clock_words(until)} {time_zone}"
    if hold.by:
        text += f" by {hold.by}"
    return mask_text(f"{text}: {hold.reason}" if hold.reason else text)
