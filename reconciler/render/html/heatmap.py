"""The fires of a plan by day and hour -> the cells of two maps, before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import log
from typing import Any

LEVELS = 5
_DAYS = 31
"""So many days are drawn."""


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour: how much fires in it, and how dark it is, from 0 to LEVELS."""

    count: int
    level: int
    title: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A day, and its hours."""

    label: str
    weekend: bool
    before: tuple[Cell, ...]
    after: tuple[Cell, ...]
    total_before: int
    total_after: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Both maps on one scale."""

    rows: tuple[Row, ...]
    legend: tuple[str, ...]
    """What each level stands for, from none on: `0`, `1-3`."""
    differing: int
    """Hours in which another number fires."""
    is_marked: bool
    """Whether these are marked: not where they are the rule."""
    left_out: int
    """Days behind those that are drawn."""


def heat_map(heat: Mapping[str, Any]) -> HeatMap | None:
    """Both maps; None where nothing fires at all."""
    before, after = heat["before"], heat["after"]
    counts = [count for day in [*before, *after] for count in day]
    if not any(counts):
        return None
    first = date.fromisoformat(heat["first_day"])
    bounds = _bounds(counts)
    rows = tuple(
        _row(first + timedelta(days=n), old, new, bounds)
        for n, (old, new) in enumerate(zip(before[:_DAYS], after[:_DAYS], strict=False))
    )
    differing = sum(cell.differs for row in rows for cell in row.after)
    left_out = max(0, max(len(before), len(after)) - _DAYS)
    is_marked = 0 < differing <= sum(len(row.after) for row in rows) // 2
    return HeatMap(rows, _legend(bounds), differing, is_marked, left_out)


def scale_of(counts: Iterable[int]) -> tuple[int, int]:
    """From which count to which the levels go. What is more than half of the most is never shown as
    the least. (0, 0) where there are none.
    """
    told = {count for count in counts if count}
    most = max(told, default=0)
    return (max(1, min(*told, most // 2)) if told else 0), most


def level_of(count: int, least: int, most: int) -> int:
    """From 0 for none over 1 for the least to LEVELS for the most, by how many times more it is: so
    hours that are much alike show where they differ, also beside one with very many.
    """
    if not count:
        return 0
    if least == most:
        return (LEVELS + 1) // 2
    share = log(max(count, least) / least) / log(most / least)
    return min(LEVELS, 1 + round((LEVELS - 1) * share))


def _bounds(counts: Collection[int]) -> tuple[int, ...]:
    """The largest count of each level that has one."""
    scale = scale_of(counts)
    found = {level_of(count, *scale): count for count in sorted(counts) if count}
    return tuple(found.values())


def _legend(bounds: Sequence[int]) -> tuple[str, ...]:
    lows = [1, *(bound + 1 for bound in bounds)]
    spans = zip(lows, bounds, strict=False)
    return ("0", *(f"{a:,}" if a == b else f"{a:,}-{b:,}" for a, b in spans))


def _level(count: int, bounds: Sequence[int]) -> int:
    if not count:
        return 0
    step = next(n for n, bound in enumerate(bounds, 1) if count <= bound)
    return step + LEVELS - len(bounds)  # few steps are dark ones


def _row(day: date, old: Sequence[int], new: Sequence[int], bounds: Sequence[int]) -> Row:
    label = f"{day:%a} {day.day} {day:%b}"
    pairs = list(zip(old, new, strict=False))
    cells = [
        [
            Cell(pair[side], _level(pair[side], bounds), _title(label, hour, *pair), was != will)
            for hour, pair in enumerate(pairs)
            for was, will in [pair]
        ]
        for side in (0, 1)
    ]
    return Row(label, day.weekday() > 4, tuple(cells[0]), tuple(cells[1]), sum(old), sum(new))


def _title(label: str, hour: int, before: int, after: int) -> str:
    counts = f"{before:,}" if before == after else f"{before:,} before, {after:,} after"
    return f"{label} {hour:02}:00: {counts}"
