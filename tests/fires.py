"""Triggers of every kind, and instants, for Hypothesis to draw from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from reconciler.model import FREQUENCIES, WEEK_DAYS, Cron, Pattern, Recurrence

ZONES = (
    "UTC",
    "Europe/Lisbon",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def instant(within: int = 500 * 86400) -> st.SearchStrategy[datetime]:
    return st.integers(0, within).map(lambda second: BEGIN + timedelta(seconds=second))


def wall() -> st.SearchStrategy[datetime | None]:
    return st.none() | instant().map(lambda at: at.replace(tzinfo=None))


def numbers(low: int, high: int) -> st.SearchStrategy[tuple[int, ...]]:
    found = st.sets(st.integers(low, high), max_size=4)
    return found.map(lambda some: tuple(sorted(some)))


PATTERNS = st.builds(
    Pattern,
    numbers(0, 23),
    numbers(0, 59),
    st.sets(st.sampled_from(WEEK_DAYS), max_size=3).map(
        lambda some: tuple(sorted(some, key=WEEK_DAYS.index))
    ),
    numbers(1, 31),
)
TIMED = st.builds(
    Recurrence,
    st.sampled_from(FREQUENCIES),
    st.sampled_from((1, 2, 3, 7, 15, 90)),
    st.none() | PATTERNS,
    wall(),
    wall(),
    st.sampled_from(ZONES),
) | st.builds(
    Cron,
    st.builds(
        "{} {} {}".format,
        st.sampled_from(("*", "*/15", "30", "0", "5,59", "1-7")),
        st.sampled_from(("*", "*/2", "0", "1,2,3", "9-17", "23")),
        st.sampled_from(
            ("* * *", "* * 1-5", "1 * *", "31 * *", "* 3 *", "29 2 *", "* * 5#1", "L * *", "31 2 *")
        ),
    ),
    wall(),
    wall(),
    st.sampled_from(ZONES),
)
