"""What of a trigger will surprise, where no file of tests/declarations shows it."""

from __future__ import annotations

from datetime import datetime

import pytest

from reconciler.declare.checking.trigger_lint import never_fires, surprises
from reconciler.model import Cron, Pattern, Recurrence


@pytest.mark.parametrize(
    "expression",
    [
        *("*/15 */6 * * *", "5/15 1/2 * * *", "0 9-17/5 * * 1-5/2", "0 0,5,10,15,20 * * *"),
        *("0 */5,3 * * *", "* * * */3 *", "0-59/20 * * * *", "0 9 * * 7", "0 9 * * thu,sat"),
        "0 9 1 * *",
    ],
)
def test_what_comes_round_evenly_is_no_surprise(expression: str) -> None:
    assert list(surprises(Cron(expression))) == []


def test_a_recurrence_that_waits_for_a_leap_year_fires() -> None:
    pattern = Pattern(hours=(9,), minutes=(0,), month_days=(29,))
    assert list(never_fires(Recurrence("month", 12, pattern, datetime(2025, 2, 1)))) == []
    assert list(never_fires(Recurrence("month", 12, pattern))) == []


def test_what_is_wrong_otherwise_is_not_said_again() -> None:
    assert list(never_fires(Cron("0 9 31 2 *", datetime(2026, 1, 1)))) == []
    assert list(surprises(Cron("0 9 31 1 1 t"))) == []
