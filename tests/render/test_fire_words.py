"""How rates and numbers that stand beside each other read."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.render.fire_words import number, numbers, rate


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0, 1440), ["0", "1,440"]),
        ((13.714, 13), ["13.7", "13.0"]),
        ((0, 0.5), ["0.0", "0.5"]),
        ((2 / 14, 1 / 14), ["0.14", "0.07"]),
        ((1.44, 1.42), ["1.44", "1.42"]),
        ((1.44, 1.44), ["1.4", "1.4"]),
        ((13.714, 13, 0.714), ["13.7", "13.0", "0.7"]),
        ((0.003, 5), ["0.003", "5.000"]),
        ((1e-9, 1), ["0", "1"]),
    ],
)
def test_one_format(values: tuple[float, ...], shown: list[str]) -> None:
    assert numbers(*values) == shown


def test_a_number() -> None:
    assert [number(value) for value in (14.0, 1.5, 1234.56, 0.04)] == [
        "14",
        "1.5",
        "1,234.6",
        "0.04",
    ]


def side(count: float, unit: str, months: tuple[int, ...] = (), is_mean: bool = False) -> Any:
    return {"rate": {"count": count, "unit": unit, "months": months, "is_mean": is_mean}}


@pytest.mark.parametrize(
    ("fires", "said"),
    [
        (None, "when a file changes"),
        ({"rate": None}, "none"),
        (side(1440, "day"), "1,440 a day"),
        (side(270, "day", (6, 7, 8)), "270 a day in June, July and August"),
        (side(3, "week", tuple(range(5, 12))), "3 a week from May to November"),
        (side(2.4367, "month", (), True), "2.4 a month on average"),
        (side(3.53, "week", (2,), True), "3.5 a week in February on average"),
        (side(1, "year"), "1 a year"),
        (side(0.5, "year"), "once in 2 years"),
        (side(97 / 400, "year", (), True), "once in 4.1 years on average"),
    ],
)
def test_rates(fires: dict[str, Any] | None, said: str) -> None:
    assert rate(fires) == said


@pytest.mark.parametrize(
    ("per_day", "per_week", "shown"),
    [
        (0.0, 0.0, "none"),
        (24.0, 168.0, "24 a day"),
        (1.0, 7.0, "7 a week"),
        (12 / 365.25, 84 / 365.25, "1 a month"),
        (1 / 365.25, 7 / 365.25, "1 a year"),
    ],
)
def test_a_plan_of_before_has_no_rate(per_day: float, per_week: float, shown: str) -> None:
    first = "2026-03-01T00:00:00+00:00" if per_day else None
    fires = {"first": first, "count": 0, "per_day": per_day, "per_week": per_week}
    assert rate(fires) == shown
