"""What is seen to fire without a search does fire; items of crons looked at once say the same."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.checking import trigger_lint
from reconciler.firing import next_fire
from reconciler.firing.clocks import zones
from reconciler.firing.rules.cron_dialect import read_term, terms
from reconciler.model import WEEK_DAYS, Cron, Pattern, Recurrence

_STARTS = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31), timezones=st.none()).map(
    lambda at: at.replace(microsecond=0)
)
_ZONES = st.sampled_from(["UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata"])


def _some(values: range | tuple[str, ...], most: int = 3) -> st.SearchStrategy[tuple[object, ...]]:
    chosen = st.lists(st.sampled_from(values), unique=True, max_size=most)
    return chosen.map(lambda some: tuple(sorted(some, key=values.index)))


_PATTERNS = st.builds(
    Pattern,
    hours=_some(range(24)),
    minutes=_some(range(60)),
    week_days=_some(WEEK_DAYS),
    month_days=_some(range(1, 32)),
)
_RECURRENCES = st.builds(
    Recurrence,
    frequency=st.sampled_from(["minute", "hour", "day", "week", "month"]),
    interval=st.one_of(st.integers(1, 13), st.integers(1, 1200)),
    pattern=st.one_of(st.none(), _PATTERNS),
    start_time=_STARTS,
    end_time=st.one_of(st.none(), _STARTS),
    time_zone=_ZONES,
)
_ITEMS = (
    "*",
    "*/2",
    "*/7",
    "0",
    "1",
    "5",
    "5-1",
    "1-5",
    "30",
    "31",
    "L",
    "2/3",
    "9-9/2",
    "*/0",
    "x",
)
_EXPRESSIONS = st.lists(st.sampled_from(_ITEMS), min_size=5, max_size=5).map(" ".join)
_CRONS = st.builds(
    Cron,
    expression=_EXPRESSIONS,
    start_time=_STARTS,
    end_time=st.one_of(st.none(), _STARTS),
    time_zone=_ZONES,
)


@settings(max_examples=1_500, deadline=None)
@given(st.one_of(_RECURRENCES, _CRONS))
def test_what_surely_fires_fires(trigger: Recurrence | Cron) -> None:
    assert trigger.start_time is not None
    start = trigger.start_time.replace(tzinfo=zones.zone(trigger.time_zone))
    found = next_fire(trigger, start - timedelta(seconds=1), start)
    if trigger_lint._surely_fires(trigger):
        assert found is not None


@settings(max_examples=300, deadline=None)
@given(_EXPRESSIONS)
def test_items_that_are_kept_say_the_same(expression: str) -> None:
    for field, text in enumerate(expression.split()):
        term, again = read_term(field, text), read_term.__wrapped__(field, text)
        assert term == again
        if again is not None:
            assert trigger_lint._uneven_once(again) == tuple(trigger_lint._uneven(again))
    for term in terms(expression):
        assert trigger_lint._odd_once(term) == tuple(trigger_lint._not_as_it_looks(term))


def test_most_are_seen_to_fire() -> None:
    start = datetime(2026, 1, 1)
    hours = Pattern(hours=(5,))
    for sure in (
        Recurrence("day", 1, hours, start),
        Recurrence("week", 2, Pattern(week_days=("monday",)), start),
        Recurrence("month", 1, Pattern(month_days=(1, 31)), start),
        Cron("0 5 29 2 *", start),
    ):
        assert trigger_lint._surely_fires(sure)
    for unsure in (
        Recurrence("month", 12, Pattern(month_days=(31,)), start),
        Recurrence("month", 12, None, start),
        Recurrence("day", 7, Pattern(week_days=("monday",)), start),
        Cron("0 5 31 2 *", start),
    ):
        assert not trigger_lint._surely_fires(unsure)
