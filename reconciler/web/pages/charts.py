"""What pages draw, as plain geometry: templates turn it into SVG and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from graphlib import CycleError, TopologicalSorter

SLOT_MINUTES = 10
"""The width of one mark in the picture of a schedule's fires."""
_SLOTS = 24 * 60 // SLOT_MINUTES
_ORDER = ("upcoming", "run", "due", "missed")
"""What a mark shows where several fires fall into it: the last of these."""
_KINDS = {"upcoming": "to come", "run": "ran", "due": "about to run", "missed": "some missed"}

# ------------------------------------------------------------------------------------------- fires


@dataclass(frozen=True, slots=True)
class Mark:
    """Fires of ten minutes, or of several such slots side by side. `x` counts slots, from
    midnight.
    """

    x: int
    slots: int
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of fires."""

    label: str
    marks: tuple[Mark, ...]
    now: int | None
    """Where in this day it is now, if it is this day."""


Counts = Mapping[tuple[date, int], int]
"""How many fires there are in each slot of a day."""


def fire_days(
    past: Iterable[tuple[datetime, str]], coming: Counts, now: datetime, first: date, days: int
) -> list[DayRow]:
    """Fires by day and time of day, in UTC; `past` ones each with what became of it."""
    cells: dict[tuple[date, int], dict[str, int]] = {}
    for at, kind in past:
        at = at.astimezone(UTC)
        place = (at.date(), _slot(at))
        kinds = cells.setdefault(place, {})
        kinds[kind] = kinds.get(kind, 0) + 1
    for place, count in coming.items():
        cells.setdefault(place, {})["upcoming"] = count
    rows = []
    for number in range(days):
        day = first + timedelta(days=number)
        found = [(slot, cells[day, slot]) for slot in range(_SLOTS) if (day, slot) in cells]
        here = _slot(now) if day == now.date() else None
        rows.append(DayRow(f"{day:%a %d %b}", tuple(_marks(found)), here))
    return rows


def slot_counts(bits: int, base: date) -> Counts:
    """The fires of a raster (counting/count.py), whose first minute is midnight of `base`."""
    mask, found, number = (1 << SLOT_MINUTES) - 1, {}, 0
    while bits:
        if count := (bits & mask).bit_count():
            found[base + timedelta(days=number // _SLOTS), number % _SLOTS] = count
        bits >>= SLOT_MINUTES
        number += 1
    return found


def _slot(at: datetime) -> int:
    return (at.hour * 60 + at.minute) // SLOT_MINUTES


def _marks(found: Iterable[tuple[int, Mapping[str, int]]]) -> Iterator[Mark]:
    """Slots side by side that show the same are one mark."""
    start, end, shown, count = 0, 0, "", 0
    for slot, kinds in found:
        kind, number = max(kinds, key=_ORDER.index), sum(kinds.values())
        if shown == kind and slot == end:
            end, count = end + 1, count + number
            continue
        if shown:
            yield Mark(start, end - start, shown, _title(start, end, shown, count))
        start, end, shown, count = slot, slot + 1, kind, number
    if shown:
        yield Mark(start, end - start, shown, _title(start, end, shown, count))


def _title(start: int, end: int, kind: str, count: int) -> str:
    span = f"{_clock(start)} to {_clock(end)}"
    return f"{span}: {count:,} {'fire' if count == 1 else 'fires'}, {_KINDS[kind]}"


def _clock(slot: int) -> str:
    return f"{slot // 6:02}:{slot % 6 * SLOT_MINUTES:02}"


# -------------------------------------------------------------------------------------------- bars


@dataclass(frozen=True, slots=True)
class Bar:
    """How much fires in ten minutes: `height` of 100."""

    x: int
    height: int
    title: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A day of fires, as bars."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[int, str], ...]
    most: int


def bars(counts: Sequence[int], start: datetime) -> Bars:
    """Counts of ten minutes each, from `start` on."""
    most = max(counts, default=0)
    step = timedelta(minutes=SLOT_MINUTES)
    found = tuple(
        Bar(x, max(2, round(100 * count / most)), f"{start + x * step:%H:%M}: {count:,}")
        for x, count in enumerate(counts)
        if count
    )
    ticks = []
    for x in range(len(counts)):
        at = start + x * step
        if at.minute < SLOT_MINUTES and at.hour % 3 == 0:
            ticks.append((x, f"{at:%H}:00"))
    return Bars(found, tuple(ticks), most)


# -------------------------------------------------------------------------------------------- heat


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One day: 24 counts, each with its level from 0 (none) to 5 (most)."""

    label: str
    cells: tuple[tuple[int, int], ...]


def heat_rows(counts: Sequence[Sequence[int]], first: date) -> list[HeatRow]:
    """Counts by day and hour, as a map whose levels are shares of the most."""
    most = max((count for row in counts for count in row), default=0)
    return [
        HeatRow(
            f"{first + timedelta(days=number):%a %d %b}",
            tuple((count, level(count, most)) for count in row),
        )
        for number, row in enumerate(counts)
    ]


def level(count: int, most: int) -> int:
    """From 0 for none to 5 for the most."""
    return 0 if not count else min(5, 1 + count * 5 // (most + 1))


# ------------------------------------------------------------------------------------------- graph

NODE_WIDTH, NODE_HEIGHT, GAP_X, GAP_Y = 180, 48, 56, 18
MOST_NODES = 150


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a pipeline, where it is drawn."""

    name: str
    x: int
    y: int
    status: str
    sub: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Steps and what they wait for. Edges are paths."""

    nodes: tuple[Node, ...]
    edges: tuple[str, ...]
    width: int
    height: int
    words: str
    """The same in words, for whoever cannot see it."""


def graph(needs: Mapping[str, Iterable[str]], told: Mapping[str, tuple[str, str]]) -> Graph | None:
    """Steps in columns by what they wait for; None where there is no order, or too much to draw.

    `told`: by step, its status and a line below its name.
    """
    wanted = {step: [n for n in sorted(of) if n in needs] for step, of in needs.items()}
    if not wanted or len(wanted) > MOST_NODES:
        return None
    try:
        order = list(TopologicalSorter(wanted).static_order())
    except CycleError:
        return None
    column: dict[str, int] = {}
    for step in order:
        column[step] = max((column[n] + 1 for n in wanted[step]), default=0)
    places: dict[str, tuple[int, int]] = {}
    filled: dict[int, int] = {}
    for step in wanted:  # in the order of the document
        at = filled.get(column[step], 0)
        filled[column[step]] = at + 1
        places[step] = (column[step] * (NODE_WIDTH + GAP_X), at * (NODE_HEIGHT + GAP_Y))
    nodes = tuple(Node(step, *places[step], *told.get(step, ("", ""))) for step in wanted)
    edges = tuple(_edge(places[n], places[step]) for step in wanted for n in wanted[step])
    words = "; ".join(
        f"{step} after {', '.join(wanted[step])}" if wanted[step] else f"{step} at once"
        for step in wanted
    )
    width = (max(column.values()) + 1) * (NODE_WIDTH + GAP_X) - GAP_X
    height = max(filled.values()) * (NODE_HEIGHT + GAP_Y) - GAP_Y
    return Graph(nodes, edges, width, height, words)


def _edge(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + NODE_WIDTH, start[1] + NODE_HEIGHT // 2
    x2, y2 = end[0], end[1] + NODE_HEIGHT // 2
    middle = (x1 + x2) // 2
    return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
