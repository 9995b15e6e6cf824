"""`moved_from`: a schedule goes from one target to another. Pure.

With a moment it fires in the old one alone until then, from then on in the new one alone: there it
ends, here it starts. So each target's own plan and apply is enough, in any order, and no fire is
lost or doubled as long as both are applied before that moment.

Without one it is handed over by a run that has both targets, which ends it there and then begins it
here, with what was seen of its folder; each target alone leaves it as it is
(`plan/moving/handovers.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from reconciler.declare.findings import Finding, Path, clip
from reconciler.declare.holds import read_until, until_instant, zone_of
from reconciler.firing import next_fires
from reconciler.firing.clocks import zones
from reconciler.model import Cron, DatastoreChange, Handover, Recurrence, Schedule, Trigger

_SECOND = timedelta(seconds=1)
_YEARS = timedelta(days=5 * 366)
_BACK = tuple(timedelta(days=days) for days in (1, 32, 367, 5 * 366))
_LOOKED = 50
"""Fires that have to be the same in both targets for a moment to be taken."""

Times = Cron | Recurrence


@dataclass(frozen=True, slots=True)
class Move:
    """As it is written."""

    target: str
    at: datetime | None
    """Without an offset it is meant in the trigger's time zone. None: when it is applied."""


def move_of(document: Mapping[str, Any]) -> Move | None:
    """That of a declaration; None where there is none, or one that its schema or lint refuses."""
    move = document.get("moved_from")
    if isinstance(move, str):
        return Move(move, None)
    if not isinstance(move, dict) or not isinstance(move.get("target"), str):
        return None
    at = read_until(move["at"]) if isinstance(move.get("at"), str) else None
    return Move(move["target"], at) if at is not None else None


def lint_move(document: Mapping[str, Any]) -> list[Finding]:
    """What is wrong with a move, as far as its schema does not say it."""
    move, targets = document.get("moved_from"), document.get("targets")
    findings: list[Finding] = []
    if isinstance(move, dict):
        at, old = move.get("at"), move.get("target")
    else:
        at, old = None, move
    if isinstance(at, str) and read_until(at) is None:
        findings.append(_wrong("at", '"at" is not a date, nor a date and time', _AT))
    if isinstance(old, str) and (not isinstance(targets, list) or old in targets):
        what = f'it is declared for "{clip(old)}" itself'
        hint = "name the new targets in `targets`, without the one that it leaves"
        path: Path = ("moved_from", "target") if isinstance(move, dict) else ("moved_from",)
        findings.append(Finding("SCH071", path, what, hint))
    return findings


_AT = 'write it like "2026-12-01", "2026-12-01T08:00" or "2026-12-01T08:00:00Z"'


def moved(schedule: Schedule, move: Move, now: datetime) -> tuple[Schedule | None, list[Finding]]:
    """`schedule` as it is in its target, the old one or a new one; None: it is not declared there
    any more, or what is found is an error.
    """
    trigger = schedule.trigger
    if isinstance(trigger, DatastoreChange):
        what = "a trigger without times cannot be moved at a time"
        return None, [_wrong("at", what, f"write moved_from: {move.target}")]
    if counts_from_creation(trigger):
        what = "its interval counts from when it was made, which is another moment in each target"
        return None, [Finding("SCH071", ("moved_from",), what, "give it a start_time")]
    assert move.at is not None
    at = until_instant(move.at, zone_of(schedule))
    leaves = schedule.key.target == move.target
    last, first = _last(trigger, at), _first(trigger, at)
    if first is None:
        return None, [_wrong("at", "it never fires from then on", "choose an earlier moment")]
    # Both are made in both targets: where one of them cannot be, neither may begin alone.
    ending, starting = _ending(trigger, at), _starting(trigger, last, first)
    if ending is None or starting is None or not _alike(trigger, starting, at):
        what = "the clocks change about then, and the time when it starts could be read in two ways"
        return None, [_wrong("at", what, "choose another moment")]
    if now >= at:
        what = f"it moved at {at:%Y-%m-%d %H:%M} UTC: nothing is left of this to do"
        over = Finding("SCH072", ("moved_from",), what, "remove moved_from")
        # There it is over, and like all that is not declared any more.
        return None if leaves else replace(schedule, trigger=starting), [over]
    words = f"until {at:%Y-%m-%d %H:%M} UTC it fires in {move.target} alone, then here"
    if leaves:
        words = f"it moves away at {at:%Y-%m-%d %H:%M} UTC"
    if last is not None:
        where = "here" if leaves else "there"
        words += f"; the last fire {where} is {last:%Y-%m-%d %H:%M} UTC"
    words += f", the first {'elsewhere' if leaves else 'here'} {first:%Y-%m-%d %H:%M} UTC"
    return replace(schedule, trigger=ending if leaves else starting, moved=words), []


def handed_over(
    schedule: Schedule, move: Move, targets: Sequence[str], now: datetime
) -> tuple[Schedule | None, list[Finding]]:
    """`schedule`, which `move` takes to `targets` without a moment, in one of them or in the one
    that it leaves; None: what is found is an error. Its words are those of an apply at `now`.
    """
    trigger, leaves = schedule.trigger, schedule.key.target == move.target
    if counts_from_creation(trigger):
        what = "its interval counts from when it was made, which is another moment in each target"
        return None, [Finding("SCH071", ("moved_from",), what, "give it a start_time")]
    words = f"it moves to {' and '.join(targets)}" if leaves else f"it comes from {move.target}"
    if isinstance(trigger, DatastoreChange):
        words += ", with what was seen of its folder"
    else:
        last, first = _last(trigger, now), _first(trigger, now)
        said = (
            [f"the last fire {'here' if leaves else 'there'} is {last:%Y-%m-%d %H:%M} UTC"]
            if last is not None
            else []
        )
        if first is not None:
            where = "elsewhere" if leaves else "here"
            said.append(f"the first {where} {first:%Y-%m-%d %H:%M} UTC")
        words += f"; applied now, {', '.join(said)}" if said else ""
    handover = Handover(move.target, tuple(sorted(targets)))
    return replace(schedule, moved=words, handover=handover), []


def counts_from_creation(trigger: Trigger) -> bool:
    """Whether when it was made decides when it fires: that is another moment in each target."""
    return isinstance(trigger, Recurrence) and trigger.start_time is None and _counts(trigger)


def _counts(trigger: Recurrence) -> bool:
    return trigger.interval > 1 or trigger.pattern is None


def _starting(trigger: Times, last: datetime | None, first: datetime) -> Times | None:
    """It without the fires before `first`. An interval without a pattern fires at its start, all
    else only after it; and what its anchor decides, a fire of its own decides alike.
    """
    at_start = isinstance(trigger, Recurrence) and trigger.pattern is None
    begin = first if at_start else last
    if begin is None:
        return trigger
    start = _clock(begin, trigger.time_zone)
    return replace(trigger, start_time=start) if start is not None else None


def _ending(trigger: Times, at: datetime) -> Times | None:
    end = _clock(at - _SECOND, trigger.time_zone)
    if end is None:
        return None
    return replace(trigger, end_time=min(end, trigger.end_time or end))


def _alike(trigger: Times, made: Times, at: datetime) -> bool:
    """Whether `made` fires from `at` on as `trigger` does, as far as is looked."""
    before, end = at - _YEARS, at + _YEARS
    told = islice(next_fires(made, before, end, before), _LOOKED)
    wanted = islice(next_fires(trigger, at - _SECOND, end, before), _LOOKED)
    return list(told) == list(wanted)


def _clock(moment: datetime, zone: str) -> datetime | None:
    """What the clock on the wall shows then; None where it shows that twice."""
    shown = moment.astimezone(zones.zone(zone)).replace(tzinfo=None)
    both = {until_instant(shown.replace(fold=fold), zone) for fold in (0, 1)}
    return shown.replace(fold=0) if both == {moment.astimezone(UTC)} else None


def _last(trigger: Times, at: datetime) -> datetime | None:
    for back in _BACK:
        fires = list(next_fires(trigger, at - back, at - _SECOND, at - back))
        if fires:
            return fires[-1]
    return None


def _first(trigger: Times, at: datetime) -> datetime | None:
    return next(iter(next_fires(trigger, at - _SECOND, at + _YEARS, at - _SECOND)), None)


def _wrong(key: str, message: str, hint: str) -> Finding:
    path: Path = ("moved_from", key)
    return Finding("SCH071", path, message, hint)
