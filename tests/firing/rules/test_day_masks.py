"""The days of a month that fields of numbers choose are those that cronsim itself matches."""

from __future__ import annotations

from datetime import date

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler.firing.rules import cron_expression

_DAYS = ("*", "*/2", "*/7", "1", "15", "28-31", "31", "1,15", "10-20/3", "L", "LW", "5/9")
_WEEKDAYS = ("*", "*/2", "0", "7", "1-5", "6,0", "MON", "SUN-TUE", "5L", "1#2", "1,3#5", "0-7")


@settings(max_examples=144, deadline=None)
@given(st.sampled_from(_DAYS), st.sampled_from(_WEEKDAYS))
@example("*", "*")
@example("LW", "5L")
def test_masks_are_what_cronsim_matches(days: str, weekdays: str) -> None:
    sim = cron_expression.read(f"0 0 {days} * {weekdays}")
    assume(sim is not None)
    assert sim is not None
    mask = cron_expression._month_mask(sim)
    for (first, length), (year, month) in cron_expression._example_months().items():
        matched = [day for day in range(1, length + 1) if sim.match_day(date(year, month, day))]
        assert [day for day in range(40) if mask(first, length) >> day & 1] == matched
