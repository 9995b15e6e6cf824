"""Days of runs by outcome, as stacked bars that lead to the runs of their day. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reconciler.workspace.store.listings.outcomes import DayCount

DAYS = 14
HEIGHT = 90
_ORDER = ("completed", "canceled", "failed")
"""From below: what failed stands on top, where the eye is."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a day's bar, from `y` down by `height`, of HEIGHT."""

    kind: str
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day, from left to right as `number`."""

    number: int
    day: str
    """As addresses have it: 2026-11-28."""
    label: str
    pieces: tuple[Piece, ...]
    title: str


@dataclass(frozen=True, slots=True)
class DayBars:
    """The last days."""

    bars: tuple[DayBar, ...]
    most: int
    totals: Mapping[str, int]
    period: str
    """Such as "15 Nov to 28 Nov"."""

    @property
    def words(self) -> str:
        """The same for whoever cannot see it."""
        told = ", ".join(f"{number:,} {kind}" for kind, number in self.totals.items())
        return f"Runs of the last {len(self.bars)} days: {told}"


def day_bars(counts: Sequence[DayCount], today: date, days: int = DAYS) -> DayBars:
    """The last `days` days up to today; those without runs are empty."""
    known = {count.day: count for count in counts}
    most = max((one.completed + one.failed + one.canceled for one in counts), default=0)
    totals = {kind: sum(getattr(one, kind) for one in counts) for kind in _ORDER}
    bars = []
    for number in range(days):
        day = today - timedelta(days=days - 1 - number)
        count = known.get(day, DayCount(day, 0, 0, 0))
        pieces = _pieces(count, most)
        bars.append(DayBar(number, day.isoformat(), str(day.day), pieces, _title(count)))
    first = today - timedelta(days=days - 1)
    period = f"{first.day} {first:%b} to {today.day} {today:%b}"
    return DayBars(tuple(bars), most, totals, period)


def _pieces(count: DayCount, most: int) -> tuple[Piece, ...]:
    pieces, below = [], HEIGHT
    for kind in _ORDER:
        number = getattr(count, kind)
        if number:
            height = max(2, round((HEIGHT - 6) * number / most))
            below -= height
            pieces.append(Piece(kind, below, height))
    return tuple(pieces)


def _title(count: DayCount) -> str:
    told = [f"{getattr(count, kind):,} {kind}" for kind in _ORDER if getattr(count, kind)]
    return f"{count.day:%a} {count.day.day} {count.day:%b}: {', '.join(told) or 'no runs ended'}"
