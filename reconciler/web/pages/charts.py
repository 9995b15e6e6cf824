"""What pages draw, as plain geometry: templates turn it into SVG and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from graphlib import CycleError, TopologicalSorter

from reconciler.render.html.heatmap import LEVELS, level_of, scale_of

SLOT_MINUTES = 10
"""The width of one mark in the picture of a schedule's fires."""
_SLOTS = 24 * 60 // SLOT_MINUTES
_KINDS = {
    "upcoming": "to come",
    "forgotten": "ran, and kept no longer",
    "completed": "completed",
    "notstarted": "waiting",
    "due": "about to run",
    "running": "running",
    "canceled": "canceled",
    "missed": "missed",
    "failed": "failed",
}
"""What became of fires. A mark shows the last of these where several fall into it."""
_ORDER = tuple(_KINDS)

# ------------------------------------------------------------------------------------------- fires


@dataclass(frozen=True, slots=True)
class PastSlot:
    """Fires of one slot that became the same: how many, and the run of one of them."""

    at: datetime
    """Within the slot."""
    kind: str
    count: int
    run: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    """Fires of ten minutes, or of several such slots side by side. `x` counts slots, from
    midnight.
    """

    x: int
    slots: int
    kind: str
    title: str
    run: str | None = None
    """The only run of its kind behind it."""
    since: str = ""
    """In UTC, for a list of the runs behind it; empty where there are none."""
    until: str = ""


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of fires."""

    label: str
    marks: tuple[Mark, ...]
    now: int | None
    """Where in this day it is now, if it is this day."""


Counts = Mapping[tuple[date, int], int]
"""How many fires there are in each slot of a day."""


@dataclass(slots=True)
class _Cell:
    """What a slot holds."""

    kinds: dict[str, int] = field(default_factory=dict)
    runs: dict[str, str | None] = field(default_factory=dict)

    def add(self, kind: str, count: int, run: str | None) -> None:
        """Count fires that became that."""
        self.kinds[kind] = self.kinds.get(kind, 0) + count
        self.runs[kind] = run


def fire_days(
    past: Iterable[PastSlot],
    coming: Counts,
    now: datetime,
    first: date,
    days: int,
    clock: tzinfo = UTC,
) -> list[DayRow]:
    """Fires by day and time of day on a clock; past ones each with what became of it. `coming`:
    by slot of that clock.
    """
    cells: dict[tuple[date, int], _Cell] = {}
    for one in past:
        at = one.at.astimezone(clock)
        cells.setdefault((at.date(), _slot(at)), _Cell()).add(one.kind, one.count, one.run)
    for place, count in coming.items():
        cells.setdefault(place, _Cell()).add("upcoming", count, None)
    rows, here = [], now.astimezone(clock)
    for number in range(days):
        day = first + timedelta(days=number)
        found = [(slot, cells[day, slot]) for slot in range(_SLOTS) if (day, slot) in cells]
        marked = _slot(here) if day == here.date() else None
        rows.append(DayRow(f"{day:%a %d %b}", tuple(_marks(found, day, clock)), marked))
    return rows


def on_clock(counts: Counts, clock: tzinfo) -> Counts:
    """Counts by slots of UTC as counts by slots of another clock."""
    found: dict[tuple[date, int], int] = {}
    for (day, slot), count in counts.items():
        at = _start(day, slot, UTC).astimezone(clock)
        place = at.date(), _slot(at)
        found[place] = found.get(place, 0) + count
    return found


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


def _start(day: date, slot: int, clock: tzinfo) -> datetime:
    return datetime.combine(day, time(slot // 6 % 24, slot % 6 * SLOT_MINUTES), clock)


def _marks(found: Iterable[tuple[int, _Cell]], day: date, clock: tzinfo) -> Iterator[Mark]:
    """Slots side by side that show the same are one mark."""
    start, end, shown, whole = 0, 0, "", _Cell()
    for slot, cell in found:
        kind = max(cell.kinds, key=_ORDER.index)
        if shown and not (shown == kind and slot == end):
            yield _mark(start, end, shown, whole, day, clock)
            shown = ""
        if not shown:
            start, shown, whole = slot, kind, _Cell()
        end = slot + 1
        for each, count in cell.kinds.items():
            whole.add(each, count, cell.runs[each])
    if shown:
        yield _mark(start, end, shown, whole, day, clock)


def _mark(start: int, end: int, kind: str, cell: _Cell, day: date, clock: tzinfo) -> Mark:
    told = [
        f"{cell.kinds[each]:,} {_KINDS[each]}" for each in reversed(_ORDER) if each in cell.kinds
    ]
    title = f"{_clock(start)} to {_clock(end)}: {', '.join(told)}"
    if kind in ("upcoming", "missed", "due", "forgotten"):
        return Mark(start, end - start, kind, title)
    length = timedelta(minutes=SLOT_MINUTES * (end - start))
    since = _start(day, start, clock).astimezone(UTC)
    return Mark(
        start,
        end - start,
        kind,
        title,
        cell.runs[kind] if cell.kinds[kind] == 1 else None,
        f"{since:%Y-%m-%dT%H:%M}",
        f"{since + length:%Y-%m-%dT%H:%M}",
    )


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
    """A day of fires, as bars; `rules` are heights of the axis with what they stand for."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[int, str], ...]
    rules: tuple[tuple[int, int], ...]
    most: int


def bars(counts: Sequence[int], start: datetime) -> Bars:
    """Counts of ten minutes each, from `start` on, told on its clock."""
    most = max(counts, default=0)
    step, clock = timedelta(minutes=SLOT_MINUTES), start.tzinfo
    utc = start.astimezone(UTC)
    places = [(utc + x * step).astimezone(clock) for x in range(len(counts))]
    found = tuple(
        Bar(x, max(2, round(100 * count / most)), f"{places[x]:%H:%M}: {count:,}")
        for x, count in enumerate(counts)
        if count
    )
    ticks = [
        (x, f"{at:%H}:00")
        for x, at in enumerate(places)
        if at.minute < SLOT_MINUTES and at.hour % 3 == 0
    ]
    rules = [(round(100 * value / most), value) for value in _round_values(most)] if most else []
    return Bars(found, tuple(ticks), tuple(rules), most)


def _round_values(most: int) -> list[int]:
    """Two to five round numbers up to the most, for an axis."""
    step = 1
    for step in (factor * 10**power for power in range(12) for factor in (1, 2, 5)):
        if most // step <= 5:
            break
    return list(range(step, most + 1, step))


# -------------------------------------------------------------------------------------------- heat


@dataclass(frozen=True, slots=True)
class HeatCell:
    """An hour: its count, its level from 0 (none) to 5 (most), and when it begins, in UTC, where a
    page can say what fires in it.
    """

    count: int
    level: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One day; None where the clock on the wall has no such hour."""

    label: str
    cells: tuple[HeatCell | None, ...]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Days by hour, and what each level stands for: its least and greatest count."""

    rows: tuple[HeatRow, ...]
    scale: tuple[tuple[int, int, int], ...]


Hours = Mapping[tuple[date, int], tuple[int, datetime | None]]


def heat_map(hours: Hours, days: int) -> HeatMap:
    """Counts by day and hour of a clock, each with when it begins, on the scale of a plan's. The
    first hour has begun, and is none of those that are compared.
    """
    begun = min(hours, default=None)
    told = {count for place, (count, _) in hours.items() if count and place != begun}
    counts = sorted(told or {count for count, _ in hours.values() if count})
    least, most = scale_of(counts)
    first = min((day for day, _ in hours), default=date.min)
    rows = []
    for number in range(days):
        day = first + timedelta(days=number)
        cells = [hours.get((day, hour)) for hour in range(24)]
        rows.append(
            HeatRow(
                f"{day:%a} {day.day} {day:%b}",
                tuple(
                    HeatCell(cell[0], level_of(cell[0], least, most), cell[1]) if cell else None
                    for cell in cells
                ),
            )
        )
    scale = []
    for number in range(1, LEVELS + 1):
        shown = [count for count in counts if level_of(count, least, most) == number]
        if shown:
            scale.append((number, shown[0], shown[-1]))
    return HeatMap(tuple(rows), tuple(scale))


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
