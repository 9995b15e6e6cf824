"""Recurrences: every row of the rules, with the examples of the documentation of Azure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.firing import next_fire, next_fires
from reconciler.firing.compiled import prepare
from reconciler.firing.rules.recurrence import fires
from reconciler.model import DatastoreChange, Pattern, Recurrence

CREATED = "2026-01-01 10:17:42.123456"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def between(
    recurrence: Recurrence, after: str, until: str, created: str = "2000-01-01"
) -> list[str]:
    found = fires(recurrence, utc(after), utc(until), utc(created))
    return [f"{at:%Y-%m-%d %H:%M}" for at in found]


def first(recurrence: Recurrence, after: str, count: int = 1, created: str = CREATED) -> list[str]:
    """The first fires, with seconds."""
    found = next_fires(recurrence, utc(after), utc("9000-01-01"), utc(created))
    return [f"{at:%Y-%m-%d %H:%M:%S}" for at, _ in zip(found, range(count), strict=False)]


# --------------------------------------------------------------------------------- start time

MORNING = Pattern((9,), (0,))


@pytest.mark.parametrize(
    ("start", "pattern", "now", "expected"),
    [
        # No start: counted from the creation, which is the first fire.
        (None, None, "2026-01-01 10:17:41", ["2026-01-01 10:17:42", "2026-01-02 10:17:42"]),
        (None, None, "2026-01-01 10:17:42", ["2026-01-02 10:17:42", "2026-01-03 10:17:42"]),
        # No start, with a pattern: its times after creation, not the creation.
        (None, MORNING, "2025-12-01", ["2026-01-02 09:00:00", "2026-01-03 09:00:00"]),
        # Past start: the next multiple, or the next pattern time. Nothing is made up for.
        ("2025-12-24 08:30:15", None, "2026-01-05", ["2026-01-05 08:30:15", "2026-01-06 08:30:15"]),
        ("2025-12-24 08:30", MORNING, "2026-01-05", ["2026-01-05 09:00:00", "2026-01-06 09:00:00"]),
        # Future start: at it.
        ("2026-03-01 08:30", None, "2026-01-05", ["2026-03-01 08:30:00", "2026-03-02 08:30:00"]),
        # Future start, with a pattern: the first pattern time after it, even if it is one itself.
        ("2026-03-01 08:30", MORNING, "2026-01-05", ["2026-03-01 09:00:00"]),
        ("2026-03-01 09:00", MORNING, "2026-01-05", ["2026-03-02 09:00:00"]),
        ("2026-03-01 09:30", MORNING, "2026-01-05", ["2026-03-02 09:00:00"]),
    ],
)
def test_start(start: str | None, pattern: Pattern | None, now: str, expected: list[str]) -> None:
    recurrence = Recurrence("day", 1, pattern, wall(start) if start else None)
    assert first(recurrence, now, len(expected)) == expected


def test_the_same_holds_for_minutes() -> None:
    recurrence = Recurrence("minute", 15)
    assert first(recurrence, "2025-01-01", 2) == ["2026-01-01 10:17:42", "2026-01-01 10:32:42"]
    later = Recurrence("minute", 15, start_time=wall("2026-01-01 12:00"))
    assert first(later, "2026-01-01", 2) == ["2026-01-01 12:00:00", "2026-01-01 12:15:00"]
    assert first(later, "2026-01-01 12:00", 1) == ["2026-01-01 12:15:00"]


def test_start_time_is_a_wall_time_of_the_zone() -> None:
    recurrence = Recurrence("hour", 6, None, wall("2026-07-01 08:00"), time_zone="Europe/Lisbon")
    assert first(recurrence, "2026-01-01", 2) == ["2026-07-01 07:00:00", "2026-07-01 13:00:00"]


# ----------------------------------------------------------------------------------- end time


@pytest.mark.parametrize("frequency", ["minute", "hour", "day"])
def test_end_time_is_inclusive(frequency: str) -> None:
    recurrence = Recurrence(
        frequency,  # type: ignore[arg-type]
        1,
        None,
        wall("2026-01-01 09:00"),
        wall("2026-01-02 09:00"),
        "Asia/Kolkata",
    )
    *_, last = fires(recurrence, utc("2025-01-01"), utc("2027-01-01"), utc(CREATED))
    assert last == utc("2026-01-02 03:30")
    assert next_fire(recurrence, last, utc(CREATED)) is None


def test_end_time_before_the_start() -> None:
    for pattern in (None, MORNING):
        recurrence = Recurrence("day", 1, pattern, wall("2026-02-01"), wall("2026-01-31"))
        assert first(recurrence, "2020-01-01") == []


# --------------------------------------------------------------------------- minutes and hours


def test_hours_are_elapsed_time_across_a_clock_change() -> None:
    recurrence = Recurrence("hour", 12, None, wall("2026-03-28 18:00"), time_zone="Europe/Berlin")
    assert between(recurrence, "2026-03-28", "2026-03-30 07:00") == [
        "2026-03-28 17:00",
        "2026-03-29 05:00",  # 07:00 on the wall
        "2026-03-29 17:00",
        "2026-03-30 05:00",
    ]


def test_a_pattern_on_hours_is_ignored() -> None:
    plain = Recurrence("hour", 2, None, wall("2026-01-01 00:30"))
    odd = Recurrence("hour", 2, Pattern((9,), (0,), ("monday",)), wall("2026-01-01 00:30"))
    assert first(odd, "2026-01-01", 20) == first(plain, "2026-01-01", 20)


# ---------------------------------------------------------------------------------------- days


def test_hours_and_minutes_are_crossed() -> None:
    # "10, 12 and 14" with "30" (docstring of ScheduleRecurrence)
    recurrence = Recurrence("day", 1, Pattern((10, 12, 14), (30,)))
    assert between(recurrence, "2026-01-01", "2026-01-02") == [
        "2026-01-01 10:30",
        "2026-01-01 12:30",
        "2026-01-01 14:30",
    ]
    crossed = Recurrence("day", 1, Pattern((4, 5), (0, 30)))
    assert [at[11:] for at in between(crossed, "2026-01-01", "2026-01-02")] == [
        "04:00",
        "04:30",
        "05:00",
        "05:30",
    ]


@pytest.mark.parametrize(
    ("pattern", "start", "expected"),
    [
        (Pattern(hours=(9, 18)), "2026-01-01 08:20:30", ["09:20", "18:20"]),
        (Pattern(minutes=(5, 35)), "2026-01-01 08:20:30", ["08:05", "08:35"]),
        (Pattern(week_days=("friday",)), "2026-01-01 08:20:30", ["08:20"]),
        (Pattern(hours=(9, 18)), None, ["09:17", "18:17"]),
        (Pattern(minutes=(5,)), None, ["10:05"]),
    ],
)
def test_what_the_pattern_leaves_out_is_the_anchors(
    pattern: Pattern, start: str | None, expected: list[str]
) -> None:
    recurrence = Recurrence("day", 1, pattern, wall(start) if start else None)
    found = first(recurrence, "2026-01-02", len(expected))
    assert found == [f"2026-01-02 {at}:00" for at in expected]


def test_an_empty_pattern_is_none() -> None:
    recurrence = Recurrence("day", 1, Pattern(), wall("2026-01-01 08:20:30"))
    assert first(recurrence, "2025-01-01") == ["2026-01-01 08:20:30"]


def test_every_third_day() -> None:
    recurrence = Recurrence("day", 3, Pattern((9,), (0,)), wall("2026-02-26 06:00"))
    assert between(recurrence, "2026-01-01", "2026-03-05") == [
        "2026-02-26 09:00",
        "2026-03-01 09:00",
        "2026-03-04 09:00",
    ]


def test_days_with_week_days_or_month_days_are_only_those() -> None:
    mondays = Recurrence("day", 2, Pattern((9,), (0,), ("monday",)), wall("2026-01-01 00:00"))
    assert between(mondays, "2026-01-01", "2026-02-10") == [
        "2026-01-05 09:00",
        "2026-01-19 09:00",
        "2026-02-02 09:00",
    ]
    firsts = Recurrence("day", 1, Pattern((9,), (0,), (), (1,)), wall("2026-01-01 00:00"))
    assert between(firsts, "2026-01-01", "2026-02-10") == ["2026-01-01 09:00", "2026-02-01 09:00"]


# --------------------------------------------------------------------------------------- weeks


def test_every_other_monday() -> None:
    recurrence = Recurrence("week", 2, Pattern((18,), (30,), ("monday",)), wall("2026-01-07 00:00"))
    assert between(recurrence, "2026-01-01", "2026-02-10") == [
        "2026-01-19 18:30",
        "2026-02-02 18:30",
    ]


def test_weeks_begin_on_monday() -> None:
    # The anchor is a Sunday: its week ends with it, and the Monday after is of the week left out.
    pattern = Pattern((9,), (0,), ("monday", "sunday"))
    recurrence = Recurrence("week", 2, pattern, wall("2026-01-04 06:00"))
    assert between(recurrence, "2026-01-01", "2026-01-27") == [
        "2026-01-04 09:00",
        "2026-01-12 09:00",
        "2026-01-18 09:00",
        "2026-01-26 09:00",
    ]


def test_without_week_days_the_anchors() -> None:
    with_pattern = Recurrence("week", 1, Pattern((9,), (0,)), wall("2026-01-07 00:00"))
    assert between(with_pattern, "2026-01-01", "2026-01-20") == [
        "2026-01-07 09:00",
        "2026-01-14 09:00",
    ]
    without = Recurrence("week", 3, None, wall("2026-01-07 08:00"))
    assert between(without, "2026-01-01", "2026-02-20") == [
        "2026-01-07 08:00",
        "2026-01-28 08:00",
        "2026-02-18 08:00",
    ]


def test_weeks_with_month_days_are_only_those() -> None:
    pattern = Pattern((9,), (0,), ("friday",), (13,))
    recurrence = Recurrence("week", 1, pattern, wall("2026-01-01 00:00"))
    assert between(recurrence, "2026-01-08", "2026-01-20") == [
        "2026-01-09 09:00",
        "2026-01-13 09:00",
        "2026-01-16 09:00",
    ]


# -------------------------------------------------------------------------------------- months


@pytest.mark.parametrize("pattern", [None, Pattern((8,), (0,)), Pattern((), (), (), (31,))])
def test_day_31_is_left_out_of_short_months(pattern: Pattern | None) -> None:
    recurrence = Recurrence("month", 1, pattern, wall("2025-12-31 08:00"))
    assert between(recurrence, "2026-01-01", "2026-09-01") == [
        f"2026-{month}-31 08:00" for month in ("01", "03", "05", "07", "08")
    ]


def test_29_february() -> None:
    monthly = Recurrence("month", 1, Pattern((8,), (0,), (), (29,)))
    assert between(monthly, "2027-02-01", "2027-03-30") == ["2027-03-29 08:00"]
    assert between(monthly, "2028-02-01", "2028-03-01") == ["2028-02-29 08:00"]
    yearly = Recurrence("month", 12, None, wall("2096-02-29 08:00"))
    assert between(yearly, "2096-01-01", "2106-01-01") == ["2096-02-29 08:00", "2104-02-29 08:00"]


def test_months_are_counted_from_the_anchors() -> None:
    pattern = Pattern((6,), (0,), (), (1, 15))
    recurrence = Recurrence("month", 5, pattern, wall("2025-11-10 00:00"))
    assert between(recurrence, "2025-01-01", "2026-10-01") == [
        "2025-11-15 06:00",
        "2026-04-01 06:00",
        "2026-04-15 06:00",
        "2026-09-01 06:00",
        "2026-09-15 06:00",
    ]


def test_week_days_in_a_month_are_all_of_them() -> None:
    recurrence = Recurrence("month", 2, Pattern((6,), (0,), ("monday",)), wall("2026-01-01 00:00"))
    assert [at[:10] for at in between(recurrence, "2026-01-15", "2026-03-17")] == [
        "2026-01-19",
        "2026-01-26",
        "2026-03-02",
        "2026-03-09",
        "2026-03-16",
    ]


def test_month_days_and_week_days_together_are_either() -> None:
    recurrence = Recurrence("month", 1, Pattern((6,), (0,), ("friday",), (13, 16)))
    assert [at[8:10] for at in between(recurrence, "2026-01-01", "2026-02-01")] == [
        "02",
        "09",
        "13",
        "16",
        "23",
        "30",
    ]


@pytest.mark.parametrize(
    "recurrence",
    [
        Recurrence("month", 12, Pattern((9,), (0,), (), (31,)), wall("2026-02-01 00:00")),
        Recurrence("month", 12, Pattern((9,), (0,), (), (30,)), wall("2026-02-01 00:00")),
        Recurrence("month", 48, Pattern((9,), (0,), (), (29,)), wall("2026-02-01 00:00")),
        Recurrence("month", 10**6, Pattern((9,), (0,), (), (31,)), wall("2026-02-01 00:00")),
        Recurrence("day", 7, Pattern((9,), (0,), ("monday",)), wall("2026-01-01 00:00")),
        Recurrence("day", 146097, Pattern((9,), (0,), (), (31,)), wall("2026-01-01 00:00")),
        Recurrence("day", 10**9, Pattern((9,), (0,), ("monday",)), wall("2026-01-01 10:00")),
        Recurrence("week", 10**9, Pattern((9,), (0,), ("monday",)), wall("2026-01-06 10:00")),
    ],
)
def test_a_pattern_that_never_comes(recurrence: Recurrence) -> None:
    assert next_fire(recurrence, utc("2026-03-01"), utc(CREATED)) is None
    assert first(recurrence, "2026-03-01") == []


# ------------------------------------------------------------------------------- clock changes


@pytest.mark.parametrize(
    ("hours", "minutes", "spring"),
    [
        # The tables for Central time 2019: 10 March 02:00 -> 03:00 (08:00Z). 02:30 runs at 03:30.
        ((1,), (30,), ["09 07:30", "10 07:30", "11 06:30"]),
        ((2,), (0,), ["09 08:00", "10 08:00", "11 07:00"]),
        ((2,), (30,), ["09 08:30", "10 08:30", "11 07:30"]),
        ((3,), (30,), ["09 09:30", "10 08:30", "11 08:30"]),
        ((2, 3), (30,), ["09 08:30", "09 09:30", "10 08:30", "11 07:30", "11 08:30"]),
        ((2,), (15, 45), ["09 08:15", "09 08:45", "10 08:15", "10 08:45", "11 07:15", "11 07:45"]),
    ],
)
def test_clock_goes_forward(
    hours: tuple[int, ...], minutes: tuple[int, ...], spring: list[str]
) -> None:
    recurrence = Recurrence("day", 1, Pattern(hours, minutes), time_zone="America/Chicago")
    expected = [f"2019-03-{at}" for at in spring]
    assert between(recurrence, "2019-03-09 06:00", "2019-03-11 12:00") == expected
    # The same one by one, from every instant in between.
    for minute in range(0, 3 * 24 * 60, 5):
        at = utc("2019-03-09 06:00") + timedelta(minutes=minute)
        later = [each for each in expected if utc(each) > at]
        if later:
            assert next_fire(recurrence, at, utc("2019-01-01")) == utc(later[0])


@pytest.mark.parametrize(
    ("hours", "minutes", "autumn"),
    [
        # 3 November 02:00 -> 01:00 (07:00Z). 01:30 runs once, the first time.
        ((0,), (30,), ["02 05:30", "03 05:30", "04 06:30"]),
        ((1,), (0,), ["02 06:00", "03 06:00", "04 07:00"]),
        ((1,), (30,), ["02 06:30", "03 06:30", "04 07:30"]),
        ((2,), (0,), ["02 07:00", "03 08:00", "04 08:00"]),
        ((1, 2), (30,), ["02 06:30", "02 07:30", "03 06:30", "03 08:30", "04 07:30", "04 08:30"]),
    ],
)
def test_clock_goes_back(
    hours: tuple[int, ...], minutes: tuple[int, ...], autumn: list[str]
) -> None:
    recurrence = Recurrence("day", 1, Pattern(hours, minutes), time_zone="America/Chicago")
    expected = [f"2019-11-{at}" for at in autumn]
    assert between(recurrence, "2019-11-02 05:00", "2019-11-04 12:00") == expected
    for minute in range(0, 3 * 24 * 60, 5):
        at = utc("2019-11-02 05:00") + timedelta(minutes=minute)
        later = [each for each in expected if utc(each) > at]
        if later:
            assert next_fire(recurrence, at, utc("2019-01-01")) == utc(later[0])


def test_utc_takes_no_notice() -> None:
    recurrence = Recurrence("day", 1, Pattern((8,), (30,)))
    assert between(recurrence, "2019-03-09", "2019-03-12") == [
        f"2019-03-{day} 08:30" for day in ("09", "10", "11")
    ]


def test_start_in_the_gap_and_in_the_fold() -> None:
    gap = Recurrence("day", 1, None, wall("2019-03-10 02:30"), time_zone="America/Chicago")
    assert between(gap, "2019-01-01", "2019-03-12") == ["2019-03-10 08:30", "2019-03-11 07:30"]
    fold = Recurrence("day", 1, None, wall("2019-11-03 01:30"), time_zone="America/Chicago")
    assert between(fold, "2019-01-01", "2019-11-05") == ["2019-11-03 06:30", "2019-11-04 07:30"]


def test_created_in_the_second_pass_of_the_repeated_hour() -> None:
    recurrence = Recurrence("day", 1, time_zone="America/Chicago")
    found = between(recurrence, "2019-01-01", "2019-11-05", created="2019-11-03 07:30")
    assert found == ["2019-11-03 07:30", "2019-11-04 07:30"]


def test_a_schedule_of_another_day_is_untouched() -> None:
    pattern = Pattern((2,), (30,), ("monday",))
    recurrence = Recurrence("week", 1, pattern, time_zone="America/Chicago")
    assert between(recurrence, "2019-03-05", "2019-03-12") == ["2019-03-11 07:30"]


def test_a_month_ahead_into_the_gap() -> None:
    pattern = Pattern((2, 3), (15, 45), (), (10,))
    recurrence = Recurrence("month", 1, pattern, time_zone="America/Chicago")
    assert between(recurrence, "2019-02-20", "2019-03-20") == [
        "2019-03-10 08:15",
        "2019-03-10 08:45",
    ]
    only_later = Recurrence(
        "month", 1, Pattern((2,), (59,), (), (10,)), time_zone="America/Chicago"
    )
    assert between(only_later, "2019-02-20", "2019-03-20") == ["2019-03-10 08:59"]


# --------------------------------------------------------------------------------- odd zones


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", "03:30"),
        ("Asia/Kathmandu", "03:15"),
        ("Australia/Eucla", "00:15"),
        ("America/St_Johns", "11:30"),
        ("Pacific/Marquesas", "18:30"),
    ],
)
def test_zones_off_the_hour(zone: str, expected: str) -> None:
    recurrence = Recurrence("day", 1, Pattern((9,), (0,)), time_zone=zone)
    assert between(recurrence, "2026-07-01", "2026-07-02") == [f"2026-07-01 {expected}"]


def test_lord_howe_changes_by_half_an_hour() -> None:
    # 4 October 2026 02:00 -> 02:30 (15:30Z the day before), 5 April 02:00 -> 01:30 (4th, 15:00Z)
    spring = Recurrence("day", 1, Pattern((2,), (15, 45)), time_zone="Australia/Lord_Howe")
    assert between(spring, "2026-10-03 12:00", "2026-10-04 12:00") == [
        "2026-10-03 15:45",  # both: 02:15 runs at 02:45
    ]
    autumn = Recurrence("day", 1, Pattern((1,), (15, 45)), time_zone="Australia/Lord_Howe")
    assert between(autumn, "2026-04-04 12:00", "2026-04-05 12:00") == [
        "2026-04-04 14:15",
        "2026-04-04 14:45",
    ]


def test_samoa_had_no_30_december_2011() -> None:
    recurrence = Recurrence("day", 1, Pattern((9, 15), (0,)), time_zone="Pacific/Apia")
    assert between(recurrence, "2011-12-29 12:00", "2012-01-01 12:00") == [
        "2011-12-29 19:00",  # the 29th at 9
        "2011-12-30 01:00",  # the 29th at 15
        "2011-12-30 19:00",  # the 31st at 9, and the 30th a day late
        "2011-12-31 01:00",
        "2011-12-31 19:00",
        "2012-01-01 01:00",
    ]


def test_turkey_stayed_on_summer_time_in_2016() -> None:
    recurrence = Recurrence("month", 1, Pattern((9,), (0,), (), (1,)), time_zone="Europe/Istanbul")
    assert between(recurrence, "2015-12-31", "2016-02-02") == [
        "2016-01-01 07:00",
        "2016-02-01 07:00",
    ]
    assert between(recurrence, "2016-12-31", "2017-02-02") == [
        "2017-01-01 06:00",
        "2017-02-01 06:00",
    ]


# --------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize("frequency", ["minute", "hour", "day", "week", "month"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize("pattern", [None, Pattern((0, 23), (0, 59)), Pattern((), (), (), (31,))])
def test_the_first_and_the_last_year(frequency: str, zone: str, pattern: Pattern | None) -> None:
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    recurrence = Recurrence(frequency, 1, pattern, time_zone=zone)  # type: ignore[arg-type]
    assert next_fire(recurrence, latest, latest) is None
    assert next_fire(recurrence, earliest, earliest) is not None
    list(fires(recurrence, latest - timedelta(days=2), latest, latest - timedelta(days=3)))
    for start in (datetime.min, datetime.max):
        bounded = Recurrence(frequency, 1, pattern, start, start, zone)  # type: ignore[arg-type]
        next_fire(bounded, earliest, earliest)
        next_fire(bounded, latest - timedelta(days=2), earliest)


def test_other_zones_are_taken_as_instants() -> None:
    recurrence = Recurrence("day", 1, None, wall("2026-01-01 09:00"))
    after = datetime.fromisoformat("2026-01-02T10:30:00+02:00")
    assert next_fire(recurrence, after, after) == utc("2026-01-02 09:00")


def test_a_datastore_change_has_no_times() -> None:
    trigger, at = DatastoreChange("inbox"), utc("2026-01-01")
    assert next_fire(trigger, at, at) is None
    assert list(next_fires(trigger, at, at + timedelta(days=9), at)) == []


def test_prepared_it_ends_where_it_ends() -> None:
    end = datetime(2026, 1, 1, 13)
    following = prepare(Recurrence("hour", 1, None, datetime(2026, 1, 1, 12), end), utc(CREATED))
    assert following(utc("2025-01-01")) == utc("2026-01-01 12:00")
    assert following(utc("2026-01-01 12:00") + timedelta(microseconds=1)) == utc("2026-01-01 13:00")
    assert following(utc("2026-01-01 13:00")) is None
    latest = datetime.max.replace(tzinfo=UTC)
    assert prepare(Recurrence("hour", 1), utc(CREATED))(latest) is None
    for bounded in (Recurrence("hour", 1, end_time=end), Recurrence("day", 1, end_time=end)):
        assert prepare(bounded, latest)(utc("2026-01-01")) is None
