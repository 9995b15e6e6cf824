"""What clock changes do to triggers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.firing import next_fires
from reconciler.firing.clock_changes import ClockEffect, clock_effects
from reconciler.model import Cron, DatastoreChange, Pattern, Recurrence, Trigger

CHICAGO = "America/Chicago"  # 10 March 2019 02:00 -> 03:00, 3 November 02:00 -> 01:00


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def of_2019(trigger: Trigger, **created: datetime) -> list[str]:
    effects = clock_effects(trigger, utc("2019-01-01"), utc("2020-01-01"), **created)
    return [f"{each.kind} {each.wall:%m-%d %H:%M} {each.fires_at:%H:%M}Z" for each in effects]


def daily(hour: int, minute: int, **others: datetime) -> Recurrence:
    return Recurrence("day", 1, Pattern((hour,), (minute,)), time_zone=CHICAGO, **others)


def test_an_effect() -> None:
    assert clock_effects(daily(2, 30), utc("2019-03-01"), utc("2019-04-01")) == (
        ClockEffect("skipped", datetime(2019, 3, 10, 2, 30), CHICAGO, utc("2019-03-10 08:30")),
    )


SKIPPED, REPEATED = "skipped 03-10 02:30 08:30Z", "repeated 11-03 01:30 06:30Z"


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (daily(2, 30), [SKIPPED]),
        (daily(2, 0), ["skipped 03-10 02:00 08:00Z"]),
        (daily(3, 0), []),
        (daily(1, 59), ["repeated 11-03 01:59 06:59Z"]),
        (daily(1, 30), [REPEATED]),
        (daily(1, 0), ["repeated 11-03 01:00 06:00Z"]),
        (daily(12, 0), []),
        (Recurrence("day", 1, Pattern((1, 2), (30,)), time_zone=CHICAGO), [SKIPPED, REPEATED]),
        (Cron("30 2 * * *", time_zone=CHICAGO), [SKIPPED]),
        (Cron("30 1 * * *", time_zone=CHICAGO), [REPEATED]),
        (Cron("30 */2 * * *", time_zone=CHICAGO), [SKIPPED]),
        (Cron("30 1-23 * * *", time_zone=CHICAGO), [SKIPPED, REPEATED]),
        # Both changes are on a Sunday.
        (Cron("30 1,2 * * 0", time_zone=CHICAGO), [SKIPPED, REPEATED]),
        (Cron("30 1,2 * * 1-6", time_zone=CHICAGO), []),
        (Recurrence("week", 1, Pattern((2,), (30,), ("sunday",)), time_zone=CHICAGO), [SKIPPED]),
        (Recurrence("week", 1, Pattern((2,), (30,), ("monday",)), time_zone=CHICAGO), []),
        (Recurrence("month", 1, Pattern((2,), (30,), (), (10,)), time_zone=CHICAGO), [SKIPPED]),
        (Recurrence("month", 1, Pattern((2,), (30,), (), (9, 11)), time_zone=CHICAGO), []),
        # No time of day is meant.
        (Cron("30 * * * *", time_zone=CHICAGO), []),
        (Cron("*/5 */1 * * *", time_zone=CHICAGO), []),
        (Recurrence("hour", 1, None, datetime(2019, 1, 1, 0, 30), time_zone=CHICAGO), []),
        (Recurrence("minute", 30, time_zone=CHICAGO), []),
        (DatastoreChange("inbox"), []),
        (Cron("0 25 * * *", time_zone=CHICAGO), []),
        # No clock changes.
        (Cron("30 2 * * *"), []),
        (Cron("30 2 * * *", time_zone="Asia/Kolkata"), []),
        # Between its start and its end.
        (daily(2, 30, start_time=datetime(2019, 3, 10, 2, 29)), [SKIPPED]),
        (daily(2, 30, start_time=datetime(2019, 3, 10, 2, 30)), []),
        (daily(2, 30, end_time=datetime(2019, 3, 10, 2, 30)), [SKIPPED]),
        (daily(2, 30, end_time=datetime(2019, 3, 10, 2, 29)), []),
        (daily(1, 30, start_time=datetime(2019, 11, 4)), []),
        # Counted from its start.
        (Recurrence("day", 1, None, datetime(2019, 1, 1, 2, 30), time_zone=CHICAGO), [SKIPPED]),
        (Recurrence("day", 2, None, datetime(2019, 3, 8, 2, 30), time_zone=CHICAGO), [SKIPPED]),
        (Recurrence("day", 2, None, datetime(2019, 3, 9, 2, 30), time_zone=CHICAGO), []),
        (Recurrence("week", 2, None, datetime(2019, 2, 24, 2, 30), time_zone=CHICAGO), [SKIPPED]),
        (Recurrence("month", 1, None, datetime(2019, 1, 3, 1, 30), time_zone=CHICAGO), [REPEATED]),
    ],
)
def test_effects_of_a_year(trigger: Trigger, expected: list[str]) -> None:
    assert of_2019(trigger) == expected


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence("day", 1, time_zone=CHICAGO),
        Recurrence("day", 2, Pattern((2,), (30,)), time_zone=CHICAGO),
        Recurrence("day", 1, Pattern((2,)), time_zone=CHICAGO),
        Recurrence("day", 1, Pattern((), (30,)), time_zone=CHICAGO),
        Recurrence("week", 1, Pattern((2,), (30,)), time_zone=CHICAGO),
        Recurrence("month", 1, Pattern((2,), (30,)), time_zone=CHICAGO),
    ],
)
def test_what_is_counted_from_creation_needs_it(recurrence: Recurrence) -> None:
    assert of_2019(recurrence) == []
    # 10 February 02:30, a Sunday four weeks before the change.
    assert of_2019(recurrence, created=utc("2019-02-10 08:30")) == [SKIPPED]


def test_the_change_is_in_the_range() -> None:
    change = utc("2019-03-10 08:00")
    second = timedelta(seconds=1)
    assert clock_effects(daily(2, 30), change - second, change)
    assert not clock_effects(daily(2, 30), change, change + second)
    assert not clock_effects(daily(2, 30), change - 2 * second, change - second)


def test_both_changes_of_a_dense_pattern() -> None:
    minutes = Pattern(tuple(range(24)), tuple(range(60)))
    effects = of_2019(Recurrence("day", 1, minutes, time_zone=CHICAGO))
    assert len(effects) == 120
    assert effects[0] == "skipped 03-10 02:00 08:00Z"
    assert effects[-1] == "repeated 11-03 01:59 06:59Z"


def test_half_an_hour() -> None:
    trigger = Cron("0,15,30,45 1,2 * * *", time_zone="Australia/Lord_Howe")
    effects = clock_effects(trigger, utc("2026-01-01"), utc("2027-01-01"))
    assert [(each.kind, f"{each.wall:%H:%M}") for each in effects] == [
        ("repeated", "01:30"),
        ("repeated", "01:45"),
        ("skipped", "02:00"),
        ("skipped", "02:15"),
    ]


def test_every_effect_fires_when_it_says() -> None:
    trigger = Cron("*/20 0-3 * * *", time_zone=CHICAGO)
    after, until = utc("2019-01-01"), utc("2020-01-01")
    fired = set(next_fires(trigger, after, until, after))
    effects = clock_effects(trigger, after, until)
    assert len(effects) == 6
    assert {each.fires_at for each in effects} <= fired
