"""A target's conditions over time, from its history, to be drawn and said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from reconciler.state.records import STATUS_AFTER, Entry

LONGEST = timedelta(days=14)
"""How far back it goes."""
MOST = 2000
"""How many lines of the history it is made of, at most: the newest."""
_SPANS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=4), LONGEST)
_QUARTERS = 4
WIDTH = 1000
_LEAST = 2
"""A period that is shorter is drawn as wide as that: it would not be seen."""
_SILENCE = timedelta(minutes=30)
"""The loop waits up to a quarter of an hour before it tries again what failed."""
Health = Literal["ready", "not ready", "reconciling", "stalled", "no cycle"]
_BY_STATUS: dict[tuple[bool, bool, bool], Health] = {
    (True, False, False): "ready",
    (False, False, False): "not ready",
    (False, True, False): "reconciling",
    (False, False, True): "stalled",
}


@dataclass(frozen=True, slots=True)
class Period:
    """How a target stood, without a break. `reason`, `message` and `entry` are those of the last
    line of the history in it; `entry` is None where the loop made no cycle.
    """

    health: Health
    start: datetime
    end: datetime
    reason: str = ""
    message: str = ""
    entry: int | None = None
    cycles: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a lane, in thousandths of the span."""

    x: int
    width: int
    period: Period
    is_true: bool
    """Whether the condition holds; what is not drawn is not known."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One condition."""

    name: str
    kind: str
    """The class of what is true."""
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`periods`: the newest first. `ticks`: the ends of its quarters. `shares`: the time in each
    standing, the longest first.
    """

    start: datetime
    end: datetime
    lanes: tuple[Lane, ...]
    ticks: tuple[datetime, ...]
    periods: tuple[Period, ...]
    shares: tuple[tuple[Health, timedelta], ...]


def conditions_over_time(
    entries: Iterable[Entry], now: datetime, interval: timedelta
) -> Chart | None:
    """From the loop's lines of a target's history, the newest first; None where there are none.
    `interval`: between two cycles. Where it is exceeded much, nobody looked.
    """
    found = _periods(entries, now, max(3 * interval, _SILENCE))
    if not found:
        return None
    age = now - found[0].start
    span = next((each for each in _SPANS if each >= age), LONGEST)
    begin = now - span
    inside = [replace(one, start=max(one.start, begin)) for one in found if one.end > begin]
    shares: dict[Health, timedelta] = {}
    for one in inside:
        shares[one.health] = shares.get(one.health, timedelta()) + (one.end - one.start)
    return Chart(
        start=begin,
        end=now,
        lanes=tuple(_lanes(inside, begin, span)),
        ticks=tuple(begin + span * part / _QUARTERS for part in range(_QUARTERS + 1)),
        periods=tuple(reversed(inside)),
        shares=tuple(sorted(shares.items(), key=lambda share: -share[1])),
    )


def _periods(entries: Iterable[Entry], now: datetime, silence: timedelta) -> list[Period]:
    """The oldest first. What repeats was counted at one line: a silence within it is not known."""
    lines = [
        Period(
            _BY_STATUS[STATUS_AFTER[entry.record.outcome]],
            entry.record.started_at,
            min(entry.record.ended_at, now),
            entry.record.reason,
            entry.record.message,
            entry.id,
            entry.count,
        )
        for entry in entries
    ][::-1]
    found: list[Period] = []
    for place, line in enumerate(lines):
        following = lines[place + 1].start if place + 1 < len(lines) else now
        is_followed = following - line.end <= silence
        last = replace(line, end=max(following, line.start) if is_followed else line.end)
        before = found[-1] if found else None
        if before is not None and before.health == last.health:
            cycles = before.cycles + last.cycles
            found[-1] = replace(last, start=before.start, cycles=cycles)
        else:
            found.append(last)
        if not is_followed:
            found.append(Period("no cycle", last.end, following))
    return found


def _lanes(periods: Sequence[Period], begin: datetime, span: timedelta) -> Iterable[Lane]:
    known = [one for one in periods if one.health != "no cycle"]
    for name, kind in (("ready", "completed"), ("reconciling", "running"), ("stalled", "failed")):
        stretches = [_stretch(one, begin, span, one.health == name) for one in known]
        yield Lane(name.capitalize(), kind, tuple(stretches))


def _stretch(period: Period, begin: datetime, span: timedelta, is_true: bool) -> Stretch:
    x = round(WIDTH * ((period.start - begin) / span))
    end = round(WIDTH * ((period.end - begin) / span))
    return Stretch(min(x, WIDTH - _LEAST), max(end - x, _LEAST), period, is_true)
