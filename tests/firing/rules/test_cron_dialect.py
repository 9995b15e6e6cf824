"""What NCrontab takes, field by field, and how it is put to cronsim."""

from __future__ import annotations

from datetime import datetime

import pytest

from reconciler.firing.rules.cron import can_read
from reconciler.firing.rules.cron_dialect import for_cronsim, is_ncrontab
from reconciler.firing.rules.recurrence import has_open_start
from reconciler.model import Pattern, Recurrence


@pytest.mark.parametrize(
    ("expression", "spelled"),
    [
        ("*/15 9-17 * * MON-FRI", "*/15 9-17 * * 1-5"),
        ("5/15 9-9/2 1/1 janu-Mar 1/2", "5-59/15 9 1-31 1-3 1-6/2"),
        ("*/0 22-2/-3 *,5 * FRI-MON", "* 2-22 *,5 * 1-5"),
        ("0 0 LW * monday#2,5L,7", "0 0 LW * 1#2,5L,7"),
        ("70/5 x * 13 7-5,6/1,x#2", "70 X * 13 7-5,6,X#2"),
    ],
)
def test_for_cronsim(expression: str, spelled: str) -> None:
    assert for_cronsim(expression) == spelled


@pytest.mark.parametrize(
    ("field", "text", "taken"),
    [
        *((4, "Monday", True), (4, "7", False), (4, "5L", False), (4, "0,sat-S", True)),
        *((2, "L", False), (0, "60", False), (0, "*,5/2", True), (0, "", False), (3, "ma", True)),
        *(
            (3, "0", False),
            (1, "*-5", False),
            (4, "fr\u0131day", False),
            (0, "1/9999999999", False),
        ),
    ],
)
def test_what_ncrontab_takes(field: int, text: str, taken: bool) -> None:
    assert is_ncrontab(field, text) is taken


def test_what_never_fires_can_be_read() -> None:
    assert can_read("0 9 31 2 *")
    assert can_read("0 9 * * 1")
    assert not can_read("0 9 32 2 *")


def test_an_open_start() -> None:
    nine, start = Pattern(hours=(9,)), datetime(2026, 1, 1)
    assert has_open_start(Recurrence("day", 1, nine))
    assert not has_open_start(Recurrence("day", 1, nine, start))
    assert not has_open_start(Recurrence("hour", 1, nine))
    assert not has_open_start(Recurrence("day", 1))
