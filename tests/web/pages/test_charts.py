"""What pages draw, as geometry."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from reconciler.firing.clocks.zones import zone
from reconciler.render.html.heatmap import level_of
from reconciler.web.pages import charts

NOW = datetime(2026, 3, 4, 12, 34, tzinfo=UTC)
FIRST = date(2026, 3, 3)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def past(text: str, kind: str, count: int = 1, run: str | None = None) -> charts.PastSlot:
    return charts.PastSlot(at(text), kind, count, run)


def test_fires_stand_in_their_day_and_slot() -> None:
    slots = [past("2026-03-03 00:00", "completed", run="one"), past("2026-03-04 12:29", "failed")]
    slots += [past("2026-03-04 12:20", "completed", 9), past("2026-03-03 23:50", "missed", 2)]
    days = charts.fire_days(slots, {(date(2026, 3, 5), 143): 2}, NOW, FIRST, 3)
    assert [day.label for day in days] == ["Tue 03 Mar", "Wed 04 Mar", "Thu 05 Mar"]
    first = ("2026-03-03T00:00", "2026-03-03T00:10")
    assert days[0].marks == (
        charts.Mark(0, 1, "completed", "00:00 to 00:10: 1 completed", "one", *first),
        charts.Mark(143, 1, "missed", "23:50 to 24:00: 2 missed"),
    )
    (mark,) = days[1].marks
    assert (mark.x, mark.kind) == (74, "failed")
    assert mark.title == "12:20 to 12:30: 1 failed, 9 completed"
    assert days[2].marks == (charts.Mark(143, 1, "upcoming", "23:50 to 24:00: 2 to come"),)
    assert [day.now for day in days] == [None, 75, None]


def test_marks_side_by_side_are_one() -> None:
    slots = [past(f"2026-03-04 00:{5 * n:02}", "completed", run=str(n)) for n in range(4)]
    slots += [past("2026-03-04 00:20", "failed", run="bad")]
    coming = {(NOW.date(), slot): 10 for slot in (3, 4, 6)}
    (row,) = charts.fire_days(slots, coming, NOW, NOW.date(), 1)
    assert [(mark.x, mark.slots, mark.kind, mark.run) for mark in row.marks] == [
        (0, 2, "completed", None),
        (2, 1, "failed", "bad"),
        (3, 2, "upcoming", None),
        (6, 1, "upcoming", None),
    ]
    assert (row.marks[0].since, row.marks[0].until) == ("2026-03-04T00:00", "2026-03-04T00:20")


def test_fires_stand_in_the_days_of_another_clock() -> None:
    tokyo = zone("Asia/Tokyo")
    coming = charts.on_clock({(date(2026, 3, 3), 95): 1, (date(2026, 3, 3), 0): 2}, tokyo)
    assert coming == {(date(2026, 3, 4), 5): 1, (date(2026, 3, 3), 54): 2}
    slots = [past("2026-03-03 15:05", "failed", run="bad")]
    (row,) = charts.fire_days(slots, {}, NOW, date(2026, 3, 4), 1, tokyo)
    (mark,) = row.marks
    assert (mark.x, mark.title) == (0, "00:00 to 00:10: 1 failed")
    assert (mark.since, mark.until) == ("2026-03-03T15:00", "2026-03-03T15:10")
    assert row.now == 21 * 6 + 3


def test_slots_of_a_raster() -> None:
    every_minute = (1 << 1450) - 1
    counts = charts.slot_counts(every_minute, FIRST)
    assert len(counts) == 145
    assert set(counts.values()) == {10}
    assert (date(2026, 3, 4), 0) in counts
    assert charts.slot_counts(0, FIRST) == {}


def test_bars_are_shares_of_the_most() -> None:
    made = charts.bars([0, 1, 10, 0], at("2026-03-04 02:50"))
    assert [(bar.x, bar.height) for bar in made.bars] == [(1, 10), (2, 100)]
    assert made.ticks == ((1, "03:00"),)
    assert made.most == 10
    assert charts.bars([0, 0], NOW).bars == ()


@pytest.mark.parametrize(
    ("count", "least", "most", "level"),
    [
        (0, 0, 0, 0),
        (0, 1, 9, 0),
        (7, 7, 7, 3),
        (3, 3, 30, 1),
        (21, 3, 30, 4),
        (30, 3, 30, 5),
        (21, 21, 30, 1),
        (25, 21, 30, 3),
        (3, 3, 1440, 1),
        (21, 3, 1440, 2),
        (30, 3, 1440, 2),
        (200, 3, 1440, 4),
    ],
)
def test_levels_of_heat(count: int, least: int, most: int, level: int) -> None:
    assert level_of(count, least, most) == level


def test_heat_by_day_with_its_scale() -> None:
    counts = ((0, 1), (1, 3), (2, 21), (3, 30), (4, 0))
    hours = {(FIRST, hour): (count, NOW) for hour, count in counts}
    made = charts.heat_map(hours, 2)
    assert [row.label for row in made.rows] == ["Tue 3 Mar", "Wed 4 Mar"]
    assert [cell and cell.level for cell in made.rows[0].cells[:6]] == [1, 1, 4, 5, 0, None]
    assert made.scale == ((1, 3, 3), (4, 21, 21), (5, 30, 30))
    assert charts.heat_map({}, 1).scale == ()
    alike = {(FIRST, hour): (60 + hour, NOW) for hour in range(5)}
    assert charts.heat_map(alike, 1).scale == ((5, 61, 64),)


def test_an_axis_has_round_numbers() -> None:
    assert charts.bars([7, 1], NOW).rules == ((29, 2), (57, 4), (86, 6))
    assert charts.bars([1], NOW).rules == ((100, 1),)
    assert [value for _, value in charts.bars([12_345], NOW).rules] == [5000, 10000]
    assert charts.bars([0], NOW).rules == ()


def test_a_graph_has_a_column_for_each_length_of_waiting() -> None:
    needs = {"a": (), "b": ("a",), "c": ("a", "elsewhere"), "d": ("b", "c")}
    made = charts.graph(needs, {"a": ("Completed", "3 s")})
    assert made is not None
    assert {node.name: node.x for node in made.nodes} == {"a": 0, "b": 236, "c": 236, "d": 472}
    assert len(made.edges) == 4
    assert made.words == "a at once; b after a; c after a; d after b, c"
    assert (made.nodes[0].status, made.nodes[0].sub) == ("Completed", "3 s")


def test_what_cannot_be_drawn() -> None:
    assert charts.graph({}, {}) is None
    assert charts.graph({"a": ("b",), "b": ("a",)}, {}) is None
    many = {str(number): () for number in range(charts.MOST_NODES + 1)}
    assert charts.graph(many, {}) is None
