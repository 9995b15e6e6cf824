"""Cron triggers: what is refused and how it is put, and when the others fire."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.firing import next_fire, next_fires
from reconciler.firing.clocks import zones
from reconciler.firing.rules.cron import CronFault, check, fires
from reconciler.firing.rules.cron import next_fire as next_cron_fire
from reconciler.model import Cron

FIVE = "five are needed: minutes, hours, days of the month, months, days of the week"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def between(cron: Cron, after: str, until: str) -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M}" for at in fires(cron, utc(after), utc(until))]


# ------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("expression", "message", "field"),
    [
        ("", f"is empty; {FIVE}", None),
        ("   ", f"is empty; {FIVE}", None),
        ("5", f"has 1 field; {FIVE}", None),
        ("0 2 * *", f"has 4 fields; {FIVE}", None),
        ("0 0 2 * * *", "has 6 fields; seconds are not supported", None),
        ("0 0 2 * * * 2026", f"has 7 fields; {FIVE}", None),
        ("@daily", '"@daily" is not supported; write "0 0 * * *"', None),
        ("@HOURLY", '"@HOURLY" is not supported; write "0 * * * *"', None),
        ("@reboot", f'"@reboot" is not supported; {FIVE}', None),
        ("@every 5m", f'"@every" is not supported; {FIVE}', None),
        ("60 * * * *", "minutes must be 0 to 59, not 60", 0),
        ("0 25 * * *", "hours must be 0 to 23, not 25", 1),
        ("0 9-25 * * *", "hours must be 0 to 23, not 25", 1),
        ("0 0 0 * *", "days of the month must be 1 to 31, not 0", 2),
        ("0 0 1,32 * *", "days of the month must be 1 to 31, not 32", 2),
        ("0 0 * 13 *", "months must be 1 to 12, not 13", 3),
        ("0 0 * * 8", "days of the week must be 0 to 7 (0 and 7 are Sunday), not 8", 4),
        ("9" * 900 + " * * * *", "minutes must be 0 to 59, not 99999999999999999...", 0),
        ("0 0 ? * *", '"?" is not supported for the days of the month; write "*"', 2),
        ("*/x * * * *", 'the step of the minutes must be a number, not "X"', 0),
        ("*/ * * * *", 'the step of the minutes must be a number, not ""', 0),
        ("0 0 * 9-17/250 *", "months must be 1 to 12, not 17", 3),
        ("0 0 * * 7-8/9", "days of the week must be 0 to 7 (0 and 7 are Sunday), not 8", 4),
        ("0 0 * * 7-5", '"7-5" of the days of the week runs backwards; write "0-5"', 4),
        ("0 0 * * SATURDAYS", '"SATURDAYS" cannot be read as days of the week', 4),
        ("0 0 * * fr\u0131day", '"FRIDAY" cannot be read as days of the week', 4),
        ("1,,2 * * * *", "there is an empty item in the minutes", 0),
        ("MON * * * *", '"MON" cannot be read as minutes', 0),
        ("0 0 * FOO *", '"FOO" cannot be read as months', 3),
        ("0 0 15W * *", '"15W" cannot be read as days of the month', 2),
        ("0 0 * * 5#6", '"5#6" cannot be read as days of the week', 4),
        ("*-5 * * * *", '"*-5" cannot be read as minutes', 0),
        ("1-2-3 * * * *", '"1-2-3" cannot be read as minutes', 0),
        ("-5 * * * *", '"-5" cannot be read as minutes', 0),
        ("\0 * * * *", '"\\x00" cannot be read as minutes', 0),
        ("0 0 31 2 *", "never fires: no month has such a day", 2),
        ("0 0 31 4,6,9,11 *", "never fires: no month has such a day", 2),
        # A fifth Monday of February is the 29th: cronsim takes this one, and finds nothing.
        ("0 0 */15 2 1#5", "never fires: no month has such a day", 2),
        ("0 " * 600, "is longer than 1000 characters", None),
    ],
)
def test_check(expression: str, message: str, field: int | None) -> None:
    assert check(expression) == CronFault(message, field)


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "  0 2\t* *  1-5 ",
        "*/15 9-17 * * MON-FRI",
        "0 0 29 2 *",
        "0 0 31 2 1",  # either day field is enough: Mondays in February
        "0 0 L * *",
        "0 0 LW * *",
        "0 0 * * 5L",
        "0 0 * * 1#2",
        "0 0 * * 7",
        "0 0 * * Monday",
        "0 0 * january-Sept thurs",
        "0 22-5/0 * * FRI-MON",  # NCrontab swaps ends, and takes a step of 0 for 1
        "5/15 0 * jan,jul sun",
        ",".join(map(str, range(60))) + " * * * *",
    ],
)
def test_check_finds_no_fault(expression: str) -> None:
    assert check(expression) is None


@given(st.text(max_size=40) | st.text("0123456789*/,-LW#?MONJAN ", max_size=40))
@example("L/2 * * * *")
@example("0 0 * * ²L")
def test_check_never_raises(expression: str) -> None:
    fault = check(expression)
    assert fault is None or fault.message


# -------------------------------------------------------------------------------------- fires


def test_range_is_open_below_and_closed_above() -> None:
    cron = Cron("0 * * * *")
    assert between(cron, "2026-01-01 00:00", "2026-01-01 02:00") == [
        "2026-01-01 01:00",
        "2026-01-01 02:00",
    ]


def test_fractions_of_a_second_do_not_repeat_a_fire() -> None:
    cron = Cron("0 * * * *")
    fired = utc("2026-01-01 01:00:00.250")
    assert next_cron_fire(cron, fired) == utc("2026-01-01 02:00")
    assert next_cron_fire(cron, utc("2026-01-01 00:59:59.999999")) == utc("2026-01-01 01:00")


def test_start_time_is_exclusive_and_end_time_inclusive() -> None:
    start, end = datetime(2026, 1, 2, 9), datetime(2026, 1, 4, 9)
    cron = Cron("0 9 * * *", start, end, "Europe/Berlin")
    assert between(cron, "2025-01-01", "2027-01-01") == ["2026-01-03 08:00", "2026-01-04 08:00"]
    assert next_cron_fire(cron, utc("2026-01-04 08:00")) is None


def test_nothing_fires_before_it_was_created() -> None:
    cron, created = Cron("0 9 * * *"), utc("2026-01-03 09:00")
    found = next_fires(cron, utc("2026-01-01"), utc("2026-01-05 09:00"), created)
    assert list(found) == [utc("2026-01-04 09:00"), utc("2026-01-05 09:00")]
    assert next_fire(cron, utc("2026-01-01"), created) == utc("2026-01-04 09:00")


@pytest.mark.parametrize("expression", ["", "@daily", "0 25 * * *", "0 0 31 2 *"])
def test_an_expression_with_a_fault_never_fires(expression: str) -> None:
    assert between(Cron(expression), "2026-01-01", "2027-01-01") == []
    assert next_cron_fire(Cron(expression), utc("2026-01-01")) is None


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 0 29 2 *", "2096-03-01", "2104-02-29 00:00"),  # 2100 is not a leap year
        ("0 0 L 2 *", "2027-03-01", "2028-02-29 00:00"),
        ("0 0 LW 5 *", "2026-01-01", "2026-05-29 00:00"),  # 31 May 2026 is a Sunday
        ("0 0 * * 5L", "2026-01-01", "2026-01-30 00:00"),
        ("0 0 * * 1#2", "2026-01-12", "2026-02-09 00:00"),
        ("0 0 * * 7", "2026-01-01", "2026-01-04 00:00"),
        ("0 0 * * saturday", "2026-01-01", "2026-01-03 00:00"),
        ("0 0 * * monday#2", "2026-01-12", "2026-02-09 00:00"),
        ("0 0 * * FRI-MON", "2026-01-03", "2026-01-05 00:00"),  # Monday to Friday
        ("0 0 * * 5/2", "2026-01-03", "2026-01-09 00:00"),  # goes on to Saturday, not to Sunday
        ("0 0 13 * 5", "2026-01-01", "2026-01-02 00:00"),  # the 13th, or any Friday
        ("0 0 */13 * 5", "2026-01-01", "2026-02-27 00:00"),  # days 1, 14, 27, and a Friday
    ],
)
def test_days(expression: str, after: str, expected: str) -> None:
    assert next_cron_fire(Cron(expression), utc(after)) == utc(expected)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_the_end_of_time(zone: str) -> None:
    last = utc("9999-12-31 23:30")
    assert next_cron_fire(Cron("0 0 29 2 *", time_zone=zone), last) is None
    assert next_cron_fire(Cron("0 0 1 1 *", time_zone=zone), last) is None
    assert next_cron_fire(Cron("0 * 29 2 *", time_zone=zone), last) is None
    minutes = fires(Cron("* * * * *", time_zone=zone), last, datetime.max.replace(tzinfo=UTC))
    assert len(list(minutes)) == 29


# ------------------------------------------------------------------------------- clock changes
#
# Berlin 2026: 29 March 02:00 -> 03:00 (01:00Z), 25 October 03:00 -> 02:00 (01:00Z).


@pytest.mark.parametrize(
    ("expression", "spring"),
    [
        ("30 1 * * *", ["28 00:30", "29 00:30", "29 23:30"]),
        ("0 2 * * *", ["28 01:00", "29 01:00", "30 00:00"]),
        ("30 2 * * *", ["28 01:30", "29 01:30", "30 00:30"]),
        ("30 3 * * *", ["28 02:30", "29 01:30", "30 01:30"]),
        # 02:30 runs at 03:30, where 03:30 runs itself: once.
        ("30 2,3 * * *", ["28 01:30", "28 02:30", "29 01:30", "30 00:30", "30 01:30"]),
        # 02:45 runs at 03:45, after 03:15.
        ("15,45 2-3 29 * *", ["29 01:15", "29 01:45"]),
        ("*/30 2 29 * *", ["29 01:00", "29 01:30"]),
        ("30 */2 29 * *", ["28 23:30", "29 01:30", "29 02:30", "29 04:30", "29 06:30"]),
        ("30 2 * * 1", ["30 00:30"]),
    ],
)
def test_times_of_day_when_the_clock_goes_forward(expression: str, spring: list[str]) -> None:
    cron = Cron(expression, time_zone="Europe/Berlin")
    found = between(cron, "2026-03-27 22:00", "2026-03-30 05:00")[: len(spring) + 1]
    assert found[:5] == [f"2026-03-{at}" for at in spring]


@pytest.mark.parametrize(
    ("expression", "autumn"),
    [
        ("30 1 * * *", ["24 23:30", "26 00:30"]),
        ("0 2 * * *", ["25 00:00", "26 01:00"]),
        ("30 2 * * *", ["25 00:30", "26 01:30"]),
        ("0 3 * * *", ["25 02:00", "26 02:00"]),
        ("*/30 2 25 * *", ["25 00:00", "25 00:30"]),
        ("30 2,3 25 * *", ["25 00:30", "25 02:30"]),
    ],
)
def test_times_of_day_when_the_clock_goes_back(expression: str, autumn: list[str]) -> None:
    cron = Cron(expression, time_zone="Europe/Berlin")
    found = between(cron, "2026-10-24 12:00", "2026-10-26 05:00")
    assert found == [f"2026-10-{at}" for at in autumn]


def test_within_the_repeated_hour_nothing_runs_again() -> None:
    cron = Cron("15,45 2 * * *", time_zone="Europe/Berlin")
    assert next_cron_fire(cron, utc("2026-10-25 00:50")) == utc("2026-10-26 01:15")
    assert next_cron_fire(cron, utc("2026-10-25 01:10")) == utc("2026-10-26 01:15")


@pytest.mark.parametrize("expression", ["*/15 * * * *", "*/15 */1 * * *", "0-59/15 0-23 * * *"])
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_every_hour_is_elapsed_time(expression: str, day: str) -> None:
    cron = Cron(expression, time_zone="Europe/Berlin")
    start = utc(day) - timedelta(hours=2)
    found = list(fires(cron, start, start + timedelta(days=1)))
    assert found == [start + timedelta(minutes=15 * n) for n in range(1, 97)]


def test_every_hour_on_a_day_that_did_not_exist() -> None:
    assert between(Cron("0 * 30 12 *", time_zone="Pacific/Apia"), "2011-01-01", "2012-01-01") == []
    at_nine = Cron("0 9 30 12 *", time_zone="Pacific/Apia")
    assert between(at_nine, "2011-01-01", "2012-01-01") == ["2011-12-30 19:00"]


def test_half_an_hour() -> None:
    lord_howe = "Australia/Lord_Howe"  # 4 October 2026 02:00 -> 02:30 (3 October 15:30Z)
    found = between(Cron("15 2 * * *", time_zone=lord_howe), "2026-10-03 12:00", "2026-10-04 23:00")
    assert found == ["2026-10-03 15:45", "2026-10-04 15:15"]


# ------------------------------------------------------------------------- against cronsim itself


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: "{}-{}".format(*sorted(pair)))
    # What a step makes of a single value is NCrontab's rule, not cronsim's.
    ranged = span.filter(lambda text: text.split("-")[0] != text.split("-")[1])
    step = st.tuples(ranged | st.just("*"), st.integers(1, 30)).map(
        lambda pair: "{}/{}".format(*pair)
    )
    items = st.lists(number.map(str) | span | step, min_size=1, max_size=3).map(",".join)
    return st.just("*") | items


EXPRESSIONS = st.tuples(
    fields(0, 59),
    fields(0, 23),
    fields(1, 31) | st.sampled_from(["L", "LW", "1,L"]),
    fields(1, 12),
    fields(0, 7) | st.sampled_from(["5L", "1#2", "mon-fri", "sun,1#5"]),
).map(" ".join)
INSTANTS = st.datetimes(datetime(1975, 1, 1), datetime(2060, 1, 1))


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, INSTANTS)
def test_cronsim_agrees_in_utc(expression: str, after: datetime) -> None:
    if check(expression) is None:
        theirs = CronSim(expression, after.replace(tzinfo=UTC))
        at = after.replace(tzinfo=UTC)
        for _ in range(5):
            expected = next(theirs)
            at = next_cron_fire(Cron(expression), at)  # type: ignore[assignment]
            assert at == expected


@settings(max_examples=100, deadline=None)
@given(
    EXPRESSIONS,
    INSTANTS,
    st.sampled_from(["Europe/Lisbon", "America/Chicago", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_cronsim_agrees_in_zones(expression: str, after: datetime, name: str) -> None:
    if check(expression) is not None:
        return
    at = after.replace(tzinfo=UTC)
    cron = Cron(expression, time_zone=name)
    ours = next_cron_fire(cron, at)
    theirs = next(CronSim(expression, at.astimezone(zones.zone(name)))).astimezone(UTC)
    day = timedelta(days=1)
    if ours != theirs:  # only near a clock change, and only for times of day
        assert ours is not None
        assert expression.split()[1] != "*"
        assert zones.transitions(name, min(at, ours, theirs) - day, max(ours, theirs) + day)
        assert abs(ours - theirs) <= 400 * day


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("*/15 * * * *", "Australia/Lord_Howe"),
        ("*/15 * * * *", "America/Chicago"),
        ("30 * * * *", "America/St_Johns"),
        ("0 * * * 0", "Europe/Lisbon"),
        ("7 * 25-31 * *", "Europe/Lisbon"),
    ],
)
def test_cronsim_agrees_on_every_hour_at_clock_changes(expression: str, name: str) -> None:
    for change in zones.transitions(name, utc("2020-01-01"), utc("2030-01-01")):
        at = change.at - timedelta(hours=3)
        theirs = CronSim(expression, at.astimezone(zones.zone(name)))
        ours = fires(Cron(expression, time_zone=name), at, at + timedelta(days=40))
        for found in itertools.islice(ours, 20):
            assert found == next(theirs).astimezone(UTC)
