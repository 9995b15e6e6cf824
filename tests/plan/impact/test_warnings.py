"""What a plan warns of: when it is applied, and what comes later."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from plan.impact.impacts import LISBON, MONDAY, at, cron, impact_of, warnings
from reconciler.model import (
    Cron,
    Pattern,
    Recurrence,
    Trigger,
)

SKIPS = "applied now it skips a fire:"
PAST = " is past"
TWICE = "applied now it fires twice: it did at"
AGAIN = ", and does again at Tue 24 Nov 02:00"
IN = "a fire in November"
TOO_OFTEN = "applied now it fires once too often in November"


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        # Today at 05:00 becomes today at 04:00, and it is 04:30.
        (
            cron("0 5 * * *"),
            cron("0 4 * * *"),
            at(4, 30),
            [
                (
                    "skips",
                    "applied now it skips a fire: Mon 23 Nov 05:00 moves to Mon 23 Nov 04:00,"
                    " which is past",
                )
            ],
        ),
        (
            cron("0 4 * * *"),
            cron("0 5 * * *"),
            at(4, 30),
            [
                (
                    "repeats",
                    "applied now it fires twice: it did at Mon 23 Nov 04:00, and does again at"
                    " Mon 23 Nov 05:00",
                )
            ],
        ),
        # Not between the two.
        (cron("0 5 * * *"), cron("0 4 * * *"), at(3), []),
        (cron("0 5 * * *"), cron("0 4 * * *"), at(5), []),
        (cron("0 4 * * *"), cron("0 5 * * *"), at(3), []),
        (cron("0 4 * * *"), cron("0 5 * * *"), at(5), []),
        # From Monday to Tuesday, on Monday afternoon.
        (
            cron("0 2 * * 1"),
            cron("0 2 * * 2"),
            at(12),
            [
                (
                    "repeats",
                    "applied now it fires twice: it did at Mon 23 Nov 02:00, and does again at"
                    " Tue 24 Nov 02:00",
                )
            ],
        ),
        # Moved by different lengths: the fires of the day are counted.
        (
            cron("0 2,14 * * *"),
            cron("0 3,17 * * *"),
            at(15),
            [("repeats", "applied now it fires once too often on Mon 23 Nov")],
        ),
        (
            cron("0 3,17 * * *"),
            cron("0 2,14 * * *"),
            at(15),
            [("skips", "applied now it skips a fire on Mon 23 Nov")],
        ),
        (
            cron("0 18,21 * * *"),
            cron("0 2,14 * * *"),
            at(15),
            [("skips", "applied now it skips 2 fires on Mon 23 Nov")],
        ),
        (cron("0 2,14 * * *"), cron("0 3,17 * * *"), at(1), []),
        # Another number of them on that day: no telling.
        (cron("0 2,14 * * *"), cron("0 3 * * *"), at(2, 30), []),
        (cron("0 2,14 * * *"), cron("0 3,17,20 * * *"), at(15), []),
        (cron("0 2 * * 1"), cron("0 5 1 * *"), at(4, 30), []),
        # More often than every hour: nobody misses one.
        (cron("*/15 * * * *"), cron("5-59/15 * * * *"), at(4, 2), []),
        # New since it was created: nothing was fired before.
        (cron("0 2 * * *"), cron("0 2 * * 0-6"), at(4), []),
    ],
)
def test_changing_it_now(
    before: Trigger, after: Trigger, now: datetime, expected: list[tuple[str, str]]
) -> None:
    assert warnings(before, after, now) == expected


def test_a_horizon_that_ends_before_the_day() -> None:
    before, after = cron("0 8,11,14,18,21 * * *"), cron("0 0,12,17,19,23 * * *")
    [(kind, message)] = warnings(before, after, at(15), days=0.3)
    assert (kind, message) == ("repeats", "applied now it fires once too often on Mon 23 Nov")


def test_what_was_created_after_the_fire_does_not_repeat_it() -> None:
    before, after = cron("0 4 * * *"), cron("0 5 * * *")
    assert impact_of(before, after, at(4, 30), created=at(4, 10)).warnings == ()
    starts = replace(after, start_time=datetime(2026, 11, 23, 6))
    assert impact_of(before, starts, at(4, 30)).warnings == ()
    # Of two that are moved by six hours, one is not fired again yet.
    later = replace(cron("0 6,10 * * *"), start_time=datetime(2026, 11, 23, 8))
    [warning] = impact_of(cron("0 0,4 * * *"), later, at(4, 30)).warnings
    assert "it did at Mon 23 Nov 04:00, and does again at Mon 23 Nov 10:00" in warning.message


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            None,
            cron("30 1 * * *", LISBON),
            [
                (
                    "clock_skips",
                    "01:30 does not come on 28 Mar 2027, when the clock goes forward: it fires at"
                    " 02:30",
                ),
                (
                    "clock_repeats",
                    "01:30 comes twice on 31 Oct 2027, when the clock goes back: it fires the"
                    " first time",
                ),
            ],
        ),
        (
            cron("0 12 * * *", LISBON),
            Recurrence("day", 1, Pattern((1,), (0, 15)), time_zone=LISBON),
            [
                (
                    "clock_skips",
                    "01:00 does not come on 28 Mar 2027, when the clock goes forward: it fires at"
                    " 02:00 (1 more like this)",
                ),
                (
                    "clock_repeats",
                    "01:00 comes twice on 31 Oct 2027, when the clock goes back: it fires the"
                    " first time (1 more like this)",
                ),
            ],
        ),
        # No news: it was so before.
        (cron("30 1 * * *", LISBON), cron("30 1,5 * * *", LISBON), []),
        (cron("30 1 * * *", LISBON), cron("0 12 * * *", LISBON), []),
        (None, cron("0 12 * * *", LISBON), []),
    ],
)
def test_clock_changes_to_come(
    before: Trigger | None, after: Trigger, expected: list[tuple[str, str]]
) -> None:
    assert warnings(before, after) == expected


APART = "change their clocks apart"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # In winter they have the same clock.
        (
            cron("0 12 * * *"),
            cron("0 12 * * *", LISBON),
            [f"from 28 Mar 2027 on it fires 1 hour earlier than it did: UTC and {LISBON} {APART}"],
        ),
        (
            Recurrence("week", 1, Pattern((12,), (0,)), time_zone=LISBON),
            Recurrence("week", 1, Pattern((12,), (0,))),
            [f"from 1 Apr 2027 on it fires 1 hour later than it did: {LISBON} and UTC {APART}"],
        ),
        # America goes first, for two weeks.
        (
            cron("0 12 * * *", LISBON),
            cron("0 12 * * *", "America/New_York"),
            [
                "from 14 Mar 2027 on it fires 4 hours later than it did:"
                f" {LISBON} and America/New_York {APART}"
            ],
        ),
        (
            cron("0 13 * * *", "Europe/Berlin"),
            cron("0 12 * * *"),
            [
                "from 28 Mar 2027 on it fires 1 hour later than it did:"
                f" Europe/Berlin and UTC {APART}"
            ],
        ),
        (
            cron("0 12 * * *"),
            cron("0 13 * * *", LISBON),
            [f"from 28 Mar 2027 on it fires when it did: UTC and {LISBON} {APART}"],
        ),
        # The same clock all year; none; every hour; not at the same times.
        (cron("0 12 * * *", LISBON), cron("0 12 * * *", "Europe/London"), []),
        (cron("0 12 * * *", "Asia/Tokyo"), cron("0 12 * * *"), []),
        (cron("0 * * * *"), cron("0 * * * *", LISBON), []),
        (Recurrence("hour", 1), Recurrence("hour", 1, time_zone=LISBON), []),
        (cron("0 2,14 * * *"), cron("0 3,17 * * *", LISBON), []),
        (None, cron("0 12 * * *", LISBON), []),
        (cron("0 12 * * *", LISBON), None, []),
    ],
)
def test_zones_that_part(
    before: Trigger | None, after: Trigger | None, expected: list[str]
) -> None:
    found = [words for kind, words in warnings(before, after) if kind == "clock_differs"]
    assert found == expected


def short(days: str) -> list[tuple[str, str]]:
    them = "are left out of months that do not have them"
    is_one = days.startswith("day ")
    left_out = "is left out of months that do not have it" if is_one else them
    return [("short_months", f"{days} {left_out}")]


LEAP_DAY = "29 February comes in leap years only: it does not fire in other years"
LEAP_DAYS = "February has day 29 in leap years only: it is left out of other years"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, cron("0 2 31 * *"), short("day 31")),
        (None, cron("0 2 1,29-31 * *"), short("days 29, 30 and 31")),
        (None, Recurrence("month", 1, Pattern((2,), (0,), (), (30,))), short("day 30")),
        (None, Recurrence("month", 1, None, datetime(2026, 1, 31, 2)), short("day 31")),
        (None, Recurrence("month", 1, Pattern((2,)), datetime(2026, 1, 29)), short("day 29")),
        (None, Recurrence("month", 1, Pattern((2,), (), ("monday",)), datetime(2026, 1, 29)), []),
        (None, Recurrence("day", 1, Pattern((2,), (0,)), datetime(2026, 1, 29)), []),
        (None, cron("0 2 * * *"), []),
        (None, cron("0 2 31 2 *"), []),
        (None, cron("0 2 31 1,3 *"), []),
        (None, cron("0 2 29 2 *"), [("short_months", LEAP_DAY)]),
        (None, cron("0 2 28,29 2 *"), [("short_months", LEAP_DAYS)]),
        (None, cron("0 2 1,31 4 *"), short("day 31")),
        (None, cron("0 2 1,30,31 2 *"), short("days 30 and 31")),
        (None, cron("0 2 31 1-4 *"), short("day 31")),
        (
            None,
            Recurrence("month", 3, Pattern((2,), (0,), (), (31,)), datetime(2026, 1, 1)),
            short("day 31"),
        ),
        (None, Recurrence("month", 12, None, datetime(2028, 2, 29)), [("short_months", LEAP_DAY)]),
        (None, Recurrence("month", 12, None, datetime(2026, 1, 31)), []),
        (cron("0 2 31 * *"), cron("0 3 31 * *"), []),
        (cron("0 2 30 * *"), cron("0 2 31 * *"), short("day 31")),
    ],
)
def test_short_months(
    before: Trigger | None, after: Trigger, expected: list[tuple[str, str]]
) -> None:
    found = warnings(before, after)
    assert [each for each in found if each[0] == "short_months"] == expected


def until(month: int, day: int, hour: int = 0) -> Cron:
    return Cron("0 2 * * *", end_time=datetime(2026, month, day, hour))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            None,
            until(11, 20),
            [("ended", "its end_time 2026-11-20 00:00 UTC is past: it never fires")],
        ),
        (
            cron("0 2 * * *"),
            until(11, 24, 2),
            [("ended", "its end_time 2026-11-24 02:00 UTC is near: 2 fires are left")],
        ),
        (
            None,
            until(11, 23, 3),
            [("ended", "its end_time 2026-11-23 03:00 UTC is near: 1 fire is left")],
        ),
        (
            None,
            until(11, 23, 1),
            [("ended", "its end_time 2026-11-23 01:00 UTC is near: no fire is left")],
        ),
        (None, until(12, 31), []),
        # Behind the horizon nothing else shows it.
        (
            cron("0 2 * * *"),
            until(12, 31),
            [("ended", "after its end_time 2026-12-31 00:00 UTC it will not fire any more")],
        ),
        (
            until(12, 31),
            until(12, 30),
            [("ended", "after its end_time 2026-12-30 00:00 UTC it will not fire any more")],
        ),
        (until(12, 30), until(12, 31), []),
        (until(11, 24), replace(until(11, 24), expression="0 3 * * *"), []),
    ],
)
def test_an_end(before: Trigger | None, after: Trigger, expected: list[tuple[str, str]]) -> None:
    assert [each for each in warnings(before, after) if each[0] == "ended"] == expected


@pytest.mark.parametrize(
    ("trigger", "is_immediate"),
    [
        (Recurrence("hour", 1), True),
        (Recurrence("day", 1), True),
        (Recurrence("day", 1, Pattern()), True),
        (Recurrence("day", 1, Pattern((2,), (0,))), False),
        (Recurrence("hour", 1, None, datetime(2026, 1, 1)), False),
        (Recurrence("hour", 1, None, None, datetime(2026, 1, 1)), False),
        (cron("0 2 * * *"), False),
    ],
)
def test_an_immediate_first_fire(trigger: Trigger, is_immediate: bool) -> None:
    now = at(9, 30) + timedelta(seconds=12)
    impact = impact_of(None, trigger, now)
    assert ("immediate" in [each.kind for each in impact.warnings]) == is_immediate
    assert impact.after is not None
    assert (impact.after.first == now) == is_immediate


# ------------------------------------------------------------------------- what one change now does


@pytest.mark.parametrize(
    ("before", "after", "now", "expected"),
    [
        # What fires in both is neither skipped nor repeated.
        (cron("0 1,9 * * *"), cron("0 1,8 * * *"), at(0, 30), []),
        (cron("0 4-9 * * *"), cron("0 3-8 * * *"), at(6, 30), [f"{SKIPS} Mon 23 Nov 09:00{PAST}"]),
        (cron("0 5,6 * * *"), cron("0 4,5 * * *"), at(4, 30), [f"{SKIPS} Mon 23 Nov 06:00{PAST}"]),
        (cron("0 2 * * 1-5"), cron("0 2 * * 0-4"), at(12, 0, 25), []),
        # A week, of which a part is past.
        (cron("0 2 * * 2"), cron("0 2 * * 1"), at(12), [f"{SKIPS} Tue 24 Nov 02:00{PAST}"]),
        (cron("0 2 * * 1"), cron("0 2 * * 2"), at(12), [f"{TWICE} Mon 23 Nov 02:00{AGAIN}"]),
        (
            cron("0 2 * * 1,3,6"),
            cron("0 2 * * 1,2,0"),
            at(12, 0, 24),
            ["applied now it skips a fire in the week of Mon 23 Nov"],
        ),
        # A month, of which the horizon has but one of the two days.
        (cron("0 2 15 * *"), cron("0 2 14 * *"), at(12, 0, 14), [f"applied now it skips {IN}"]),
        (cron("0 2 14 * *"), cron("0 2 15 * *"), at(12, 0, 14), [TOO_OFTEN]),
        (cron("0 2 1 * *"), cron("0 2 20 * *"), at(12, 0, 10), [TOO_OFTEN]),
        (cron("0 2 15 * *"), cron("0 2 14 * *"), at(12, 0, 16), []),
        # Many of them are one warning.
        (
            cron("10,20,30 1 * * *", "Africa/Cairo"),
            cron("10,20,30 1 * * *", "Asia/Kathmandu"),
            at(22),
            [f"{SKIPS} Tue 24 Nov 04:55{PAST} (2 more like this)"],
        ),
    ],
)
def test_what_is_skipped_or_repeated(
    before: Trigger, after: Trigger, now: datetime, expected: list[str]
) -> None:
    found = [words for kind, words in warnings(before, after, now) if kind in ("skips", "repeats")]
    assert [re.sub(r" moves to .*, which is past", PAST, words) for words in found] == expected


# ----------------------------------------------------------------------------- zones, clocks, ends


def parted(before: Trigger, after: Trigger, now: datetime, days: float = 14) -> list[str]:
    found = warnings(before, after, now, days)
    return [words.split(":")[0] for kind, words in found if kind == "clock_differs"]


def test_zones_that_part_within_the_horizon() -> None:
    """The same hour is not counted twice."""
    [words] = parted(cron("0 12 * * *"), cron("0 12 * * *", LISBON), at(13, 0, 21, 3, 2027))
    assert words == "from 28 Mar 2027 on it fires 1 hour earlier than it did"
    [words] = parted(cron("0 12 * * *"), cron("0 13 * * *", LISBON), at(13, 0, 21, 3, 2027))
    assert words == "from 28 Mar 2027 on it fires when it did"


def test_zones_that_part_before_the_first_fire() -> None:
    """What holds for all that the horizon shows is no news; that it ends is."""
    before, after = cron("0 4 * * *", "America/Denver"), cron("0 4 * * *", LISBON)
    impact = impact_of(before, after, at(13, 2, 7, 3))
    assert impact.moved_by == timedelta(hours=-6)
    [words] = parted(before, after, at(13, 2, 7, 3))
    assert words == "from 29 Mar 2026 on it fires 7 hours earlier than it did"


def test_zones_that_part_for_some_hours_of_a_night() -> None:
    """Beirut changes at midnight, London four hours later."""
    london = cron("9 0 * * *", "Europe/London")
    assert parted(london, replace(london, time_zone="Asia/Beirut"), at(20, 27, 18, 10)) == []


def test_zones_that_part_of_what_fires_seldom() -> None:
    monthly = cron("0 5 1 * *")
    for zone, how in (
        ("America/New_York", "4 hours later than it did"),
        (LISBON, "1 hour earlier than it did"),
    ):
        [words] = parted(monthly, replace(monthly, time_zone=zone), at(12, 0, 2))
        assert words == f"from 1 Apr 2027 on it fires {how}"
    # Another hour too; neither fires within the horizon.
    [words] = parted(monthly, cron("0 17 1 * *", LISBON), at(12, 0, 2))
    assert words == "from 1 Apr 2027 on it fires 11 hours later than it did"
    # Another day: moved by who knows what.
    assert parted(monthly, cron("0 17 2 * *", LISBON), at(12, 0, 2)) == []


def test_zones_that_part_when_it_does_not_fire() -> None:
    for trigger in (
        cron("0 12 * 12 *"),
        Cron("0 12 * * *", end_time=datetime(2026, 12, 20)),
        Cron("0 12 * * *", end_time=datetime(2026, 11, 1)),
    ):
        assert parted(trigger, replace(trigger, time_zone=LISBON), MONDAY) == []


def test_what_comes_twice_has_fired_already() -> None:
    """Half past one is twice on 25 October in Lisbon, and it is past the first."""
    now = at(0, 45, 25, 10)
    found = warnings(cron("0 12 * * *", LISBON), cron("30 1 * * *", LISBON), now)
    assert "25 Oct 2026" not in str(found)


def test_an_end_on_another_clock() -> None:
    before = Cron("0 2 * * *", end_time=datetime(2026, 11, 26, 12), time_zone="America/New_York")
    after = replace(before, time_zone="Asia/Kathmandu")
    assert [words for kind, words in warnings(before, after) if kind == "ended"] == [
        "its end_time 2026-11-26 12:00 Asia/Kathmandu is near: 3 fires are left"
    ]
    # Far away; or nothing would fire after it anyway.
    far = Cron("0 2 * * *", end_time=datetime(2029, 1, 1))
    assert warnings(cron("0 2 * * *"), far) == []
    once = Cron("0 2 1 1 *", end_time=datetime(2027, 1, 2))
    assert warnings(once, replace(once, end_time=datetime(2027, 1, 1, 12))) == []
