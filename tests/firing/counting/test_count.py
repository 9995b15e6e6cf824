"""Counting by rule against walking through every fire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from fires import TIMED, instant
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.firing import next_fires
from reconciler.firing.clocks.instants import moment
from reconciler.firing.counting.bitsets import Raster, instants, minutes_of, span_of
from reconciler.firing.counting.count import count, raster
from reconciler.model import Cron, DatastoreChange, Recurrence, Trigger

LENGTHS = st.sampled_from((1, 59, 3600, 86400, 14 * 86400, 60 * 86400))


@settings(max_examples=400, deadline=None)
@given(trigger=TIMED, now=instant(), age=st.integers(-90_000, 40 * 86400), length=LENGTHS)
@example(
    # The clock goes forward, and back, within the span, and right before it.
    trigger=Cron("30 1,2 * * *", time_zone="Europe/Lisbon"),
    now=datetime(2026, 3, 29, 1, 10, tzinfo=UTC),
    age=0,
    length=86400,
)
@example(
    trigger=Cron("*/20 1 * * *", time_zone="Europe/Lisbon"),
    now=datetime(2026, 10, 25, 1, 10, tzinfo=UTC),
    age=0,
    length=86400,
)
@example(
    # The span ends within the hour after a change.
    trigger=Cron("*/20 1,2 * * *", time_zone="Europe/Lisbon"),
    now=datetime(2026, 3, 29, 0, 50, tzinfo=UTC),
    age=0,
    length=1200,
)
def test_what_is_counted_is_what_fires(
    trigger: Trigger, now: datetime, age: int, length: int
) -> None:
    created, until = now - timedelta(seconds=age), now + timedelta(seconds=length)
    span = span_of(now, until)
    found = raster(trigger, span, created)
    fires = list(next_fires(trigger, now, until, created))
    assert list(instants(found, span)) == fires
    assert found.count == len(fires)
    assert count(trigger, span.after, span.until, created) == len(fires)
    assert found.first == minutes_of(found.bits, 3)


@pytest.mark.parametrize(
    ("trigger", "number"),
    [
        (Recurrence("minute", 1), 20160),
        (Recurrence("minute", 7), 2880),
        (Recurrence("hour", 1), 336),
        (Recurrence("hour", 500), 0),
        (Recurrence("day", 1), 14),
        (Recurrence("week", 2), 1),
        (Cron("*/15 9-17 * * 1-5"), 360),
        (Cron("0 0 1 * *"), 1),
        (Cron("not one"), 0),
        (DatastoreChange("inbox"), 0),
    ],
)
def test_two_weeks(trigger: Trigger, number: int) -> None:
    now = datetime(2026, 11, 23, 9, 30, 7, tzinfo=UTC)
    span = span_of(now, now + timedelta(days=14))
    assert raster(trigger, span, now).count == number
    assert count(trigger, span.after, span.until, now) == number


def test_bounds_are_inclusive_above_and_exclusive_below() -> None:
    start = datetime(2026, 11, 23, 9, 0, 30)
    hourly = Recurrence("hour", 1, None, start, start + timedelta(hours=2))
    at = start.replace(tzinfo=UTC)
    span = span_of(at, at + timedelta(hours=1))
    assert list(instants(raster(hourly, span, at), span)) == [at + timedelta(hours=1)]
    span = span_of(at - timedelta(seconds=1), at + timedelta(days=1))
    found = raster(hourly, span, at)
    assert [each.hour for each in instants(found, span)] == [9, 10, 11]
    assert found.second == 30


def test_some_of_the_bits_alone() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    span = span_of(now, now + timedelta(days=1))
    assert list(instants(Raster(0b101, 7), span, 0b100)) == [moment(span.base + 127)]


def test_the_lowest_bits() -> None:
    bits = sum(1 << minute for minute in (3, 5, 4321, 20_000))
    assert minutes_of(bits, 3) == [3, 5, 4321]
    assert minutes_of(bits, 9) == [3, 5, 4321, 20_000]
    assert minutes_of(0, 1) == []


@settings(max_examples=100, deadline=None)
@given(trigger=TIMED, now=instant(), age=st.integers(-90_000, 40 * 86400))
def test_a_year_is_counted_as_it_is_walked(trigger: Trigger, now: datetime, age: int) -> None:
    if isinstance(trigger, Recurrence) and trigger.frequency in ("minute", "hour"):
        return  # tens of thousands, and a division
    created, until = now - timedelta(seconds=age), now + timedelta(days=364)
    span = span_of(now, until)
    walked = sum(1 for _ in islice(next_fires(trigger, now, until, created), 5000))
    counted = count(trigger, span.after, span.until, created)
    assert min(counted, 5000) == walked
