"""The fires of one change -> where they stand on two lines, before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal

from reconciler.render import fire_words

WIDTH = 1_000
_LABELS = 8
_GRID = 32

Kind = Literal["kept", "removed", "added"]
Place = Callable[[datetime], float]
Marks = tuple[tuple[float, Kind], ...]
Grid = tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """x runs from 0 to WIDTH. A fire of both sides is `kept`."""

    before: Marks
    after: Marks
    moves: tuple[tuple[float, float], ...]
    """From where to where the first fires move."""
    grid: Grid
    """Midnights in the time zone of the schedule; not each has its label."""
    note: str
    """What the picture leaves out; empty where it shows everything."""


def timeline(change: Mapping[str, Any], start: str, horizon_days: float) -> Timeline | None:
    """The picture of a change; None where there is nothing to draw."""
    impact = change.get("impact")
    if impact is None:
        return None
    sides = [impact["before"], impact["after"]]
    listed = [_instants(side["listed"]) if side else [] for side in sides]
    if not any(listed):
        return None
    first = datetime.fromisoformat(start)
    end = first + timedelta(days=horizon_days)
    # A line that is cut short ends the picture for both: what lies behind would look like nothing.
    cut = [
        shown[-1]
        for side, shown in zip(sides, listed, strict=True)
        if side and shown and side["count"] > len(shown)
    ]
    end = min([end, *cut])
    length = max((end - first).total_seconds(), 1.0)

    def place(at: datetime) -> float:
        return round((at - first).total_seconds() / length * WIDTH, 1)

    old, new = ({at for at in shown if first <= at <= end} for shown in listed)
    zone, _ = fire_words.zone_of(change)
    pairs = [(one["before"], one["after"]) for one in impact["examples"]]
    moves = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in pairs if a and b]
    return Timeline(
        _marks(old, new, place, "removed"),
        _marks(new, old, place, "added"),
        tuple((place(a), place(b)) for a, b in moves if first <= a <= end and first <= b <= end),
        _grid(first, end, zone, place),
        f"until {fire_words.when(end.isoformat(), zone, start)}: the first fires of many"
        if cut
        else "",
    )


def _instants(texts: Sequence[str]) -> list[datetime]:
    return [datetime.fromisoformat(text) for text in texts]


def _marks(mine: set[datetime], other: set[datetime], place: Place, kind: Kind) -> Marks:
    """A mark for each fire; those that would be drawn on one another are one mark."""
    marks: dict[float, Kind] = {}
    for at in sorted(mine):
        x = place(at)
        if at not in other:
            marks[x] = kind
        else:
            marks.setdefault(x, "kept")
    return tuple(marks.items())


def _grid(first: datetime, end: datetime, zone: tzinfo, place: Place) -> Grid:
    """Midnights, or full hours where the picture is of less than two days."""
    short = end - first < timedelta(days=2)
    step = timedelta(hours=1) if short else timedelta(days=1)
    at = first.astimezone(zone).replace(tzinfo=None, minute=0, second=0, microsecond=0) + step
    at = at if short else at.replace(hour=0)
    step *= -(-max(1, int((end - first) / step)) // _GRID)
    lines = []
    while (moment := at.replace(tzinfo=zone)) <= end:
        lines.append((place(moment), f"{at:%H:%M}" if short else f"{at:%a} {at.day} {at:%b}"))
        at += step
    every = -(-len(lines) // _LABELS) or 1
    return tuple((x, label if n % every == 0 else "") for n, (x, label) in enumerate(lines))
