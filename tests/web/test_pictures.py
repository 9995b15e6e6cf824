"""What pages draw, as geometry."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reconciler.web.pages import pictures

NOW = datetime(2026, 3, 4, 12, 34, tzinfo=UTC)
FIRST = date(2026, 3, 3)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_fires_stand_in_their_day_and_slot() -> None:
    past = [(at("2026-03-03 00:00"), "run"), (at("2026-03-04 12:29"), "run")]
    past += [(at("2026-03-04 12:20"), "missed")]
    days = pictures.fire_days(past, [at("2026-03-05 23:59")], NOW, FIRST, 3)
    assert [day.label for day in days] == ["Tue 03 Mar", "Wed 04 Mar", "Thu 05 Mar"]
    assert [(mark.x, mark.kind) for mark in days[0].marks] == [(0, "run")]
    assert [(mark.x, mark.kind) for mark in days[1].marks] == [(74, "missed")]
    assert days[1].marks[0].title.endswith("2 fires")
    assert [(mark.x, mark.kind) for mark in days[2].marks] == [(143, "upcoming")]
    assert [day.now for day in days] == [None, 75, None]


def test_bars_are_shares_of_the_most() -> None:
    made = pictures.bars([0, 1, 10, 0], at("2026-03-04 02:50"))
    assert [(bar.x, bar.height) for bar in made.bars] == [(1, 10), (2, 100)]
    assert made.ticks == ((1, "03:00"),)
    assert made.most == 10
    assert pictures.bars([0, 0], NOW).bars == ()


@pytest.mark.parametrize(
    ("count", "most", "level"),
    [(0, 0, 0), (0, 9, 0), (1, 1, 3), (1, 100, 1), (50, 100, 3), (100, 100, 5), (99, 100, 5)],
)
def test_levels_of_heat(count: int, most: int, level: int) -> None:
    assert pictures.level(count, most) == level


def test_heat_by_day() -> None:
    (row,) = pictures.heat_rows([[0] * 23 + [7]], FIRST)
    assert row.label == "Tue 03 Mar"
    assert row.cells[0] == (0, 0)
    assert row.cells[23][0] == 7


def test_a_graph_has_a_column_for_each_length_of_waiting() -> None:
    needs = {"a": (), "b": ("a",), "c": ("a", "elsewhere"), "d": ("b", "c")}
    made = pictures.graph(needs, {"a": ("Completed", "3 s")})
    assert made is not None
    assert {node.name: node.x for node in made.nodes} == {"a": 0, "b": 236, "c": 236, "d": 472}
    assert len(made.edges) == 4
    assert made.words == "a at once; b after a; c after a; d after b, c"
    assert (made.nodes[0].status, made.nodes[0].sub) == ("Completed", "3 s")


def test_what_cannot_be_drawn() -> None:
    assert pictures.graph({}, {}) is None
    assert pictures.graph({"a": ("b",), "b": ("a",)}, {}) is None
    many = {str(number): () for number in range(pictures.MOST_NODES + 1)}
    assert pictures.graph(many, {}) is None


def test_a_span_of_more_than_a_day_has_all_its_rows() -> None:
    coming = [at("2026-03-03 00:00") + timedelta(hours=n) for n in range(72)]
    days = pictures.fire_days([], coming, NOW, FIRST, 3)
    assert [len(day.marks) for day in days] == [24, 24, 24]
