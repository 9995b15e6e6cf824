"""Triggers in words."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.firing.words.trigger_words import describe
from reconciler.model import Cron, DatastoreChange, Pattern, Recurrence, Trigger

LISBON = "Europe/Lisbon"
START, END = datetime(2026, 1, 7, 8, 20), datetime(2027, 1, 1)
ALL_HOURS = tuple(range(24))


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (Recurrence("minute", 1), "every minute counted from its creation"),
        (Recurrence("minute", 15), "every 15 minutes counted from its creation"),
        (Recurrence("hour", 1, time_zone=LISBON), "every hour counted from its creation"),
        (Recurrence("hour", 6, Pattern((1,), (2,))), "every 6 hours counted from its creation"),
        (
            Recurrence("hour", 6, None, START, END, LISBON),
            "every 6 hours counted from 2026-01-07 08:20, Europe/Lisbon, until 2027-01-01 00:00",
        ),
        (Recurrence("day", 1), "every day from its creation, at that time of day, UTC"),
        (Recurrence("day", 1, Pattern()), "every day from its creation, at that time of day, UTC"),
        (
            Recurrence("day", 2, None, START),
            "every 2 days at 08:20, UTC, from 2026-01-07 08:20",
        ),
        (
            Recurrence("day", 1, None, START.replace(second=5)),
            "every day at 08:20:05, UTC, from 2026-01-07 08:20:05",
        ),
        (
            Recurrence("day", 1, Pattern((4, 5), (0, 30))),
            "every day at 04:00, 04:30, 05:00 and 05:30, UTC",
        ),
        (
            Recurrence("day", 1, Pattern(ALL_HOURS, (0,))),
            "every day at 00:00, 01:00, ... 23:00 (24 times), UTC",
        ),
        (
            Recurrence("day", 2, Pattern(ALL_HOURS, (0,))),
            "every 2 days at 00:00, 01:00, ... 23:00 (24 times), UTC, counted from the "
            "day of its creation",
        ),
        (
            Recurrence("day", 1, Pattern((9, 18))),
            "every day at the minute of its creation in hours 9 and 18, UTC",
        ),
        (
            Recurrence("day", 1, Pattern((9,))),
            "every day at the minute of its creation in hour 9, UTC",
        ),
        (
            Recurrence("day", 1, Pattern(ALL_HOURS)),
            "every day at the minute of its creation in hours 0 to 23, UTC",
        ),
        (
            Recurrence("day", 1, Pattern((), (30,))),
            "every day at minute 30 of the hour of its creation, UTC",
        ),
        (
            Recurrence("day", 1, Pattern((9, 18)), START),
            "every day at 09:20 and 18:20, UTC, from 2026-01-07 08:20",
        ),
        (
            Recurrence("day", 1, Pattern((), (30,)), START),
            "every day at 08:30, UTC, from 2026-01-07 08:20",
        ),
        (
            Recurrence("day", 1, Pattern((9,), (0,), ("monday",))),
            "every week on Monday at 09:00, UTC",
        ),
        (
            Recurrence("day", 1, Pattern((9,), (0,), ("monday",), (1, 2))),
            "on days 1 and 2 and each Monday of every month at 09:00, UTC",
        ),
        (
            Recurrence("week", 1),
            "every week from its creation, on that weekday and at that time, UTC",
        ),
        (
            Recurrence("week", 1, Pattern((9,), (0,)), START),
            "every week on Wednesday at 09:00, UTC, from 2026-01-07 08:20",
        ),
        (
            Recurrence("week", 2, Pattern((18,), (30,), ("monday", "wednesday")), time_zone=LISBON),
            "every 2 weeks on Monday and Wednesday at 18:30, Europe/Lisbon, counted "
            "from the week of its creation",
        ),
        (
            Recurrence("week", 1, Pattern((18,), (30,), ("monday", "tuesday", "wednesday"))),
            "every week on Monday to Wednesday at 18:30, UTC",
        ),
        (
            Recurrence("week", 1, Pattern((18,), (30,), ("monday", "friday", "sunday"))),
            "every week on Monday, Friday and Sunday at 18:30, UTC",
        ),
        (
            Recurrence("month", 1, Pattern((6,), (0,), (), (1,)), time_zone=LISBON),
            "on day 1 of every month at 06:00, Europe/Lisbon",
        ),
        (
            Recurrence("month", 3, Pattern((6,), (0,), (), (1, 15)), end_time=END),
            "on days 1 and 15 of every 3rd month at 06:00, UTC, counted from the month "
            "of its creation, until 2027-01-01 00:00",
        ),
        (
            Recurrence("month", 1, Pattern((6,), (0,), ("monday",), (1,))),
            "on day 1 and each Monday of every month at 06:00, UTC",
        ),
        (
            Recurrence("month", 1, Pattern((6,), (0,), ("monday", "friday"))),
            "every week on Monday and Friday at 06:00, UTC",
        ),
        (
            Recurrence("month", 1, Pattern(ALL_HOURS, (0,), (), tuple(range(1, 21)))),
            "on days 1 to 20 of every month at 00:00, 01:00, ... 23:00 (24 times), UTC",
        ),
        (
            Recurrence("month", 1, None, START),
            "on day 7 of every month at 08:20, UTC, from 2026-01-07 08:20",
        ),
        (
            Recurrence("month", 1),
            "every month from its creation, on that day of the month and at that time, UTC",
        ),
        (
            DatastoreChange("inbox", "images"),
            "when a file in inbox/images is new or changed, polled every 5 minutes",
        ),
        (
            DatastoreChange("inbox", "", 1),
            "when a file in inbox is new or changed, polled every minute",
        ),
    ],
)
def test_describe(trigger: Trigger, words: str) -> None:
    assert describe(trigger) == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 2 * * 1-5", "at 02:00 on Monday to Friday"),
        ("0 2 * * *", "every day at 02:00"),
        ("0  2  * *  *", "every day at 02:00"),
        ("0,30 2 * * 0", "at 02:00 and 02:30 on Sunday"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("5/15 * * * *", "every hour at minutes 5, 20, 35 and 50"),
        ("*/15 * * * 1-5", "every 15 minutes on Monday to Friday"),
        ("5 * * * *", "every hour at minute 5"),
        ("5,10 * * * *", "every hour at minutes 5 and 10"),
        ("1-7 * * * *", "every hour at minutes 1 to 7"),
        ("*/15 9-17 * * *", "every day at 09:00, 09:15, ... 17:45 (36 times)"),
        ("30 9-17 * * *", "every day at 09:30, 10:30, ... 17:30 (9 times)"),
        ("0 */3 * * *", "every day at 00:00, 03:00, ... 21:00 (8 times)"),
        ("0,10 9-17 * * *", "every day at minutes 0 and 10 of hours 9 to 17 (18 times)"),
        ("0 9 1 * *", "at 09:00 on day 1 of every month"),
        ("0 9 1,15 1,7 *", "at 09:00 on days 1 and 15 of January and July"),
        ("0 9 * 6 *", "every day in June at 09:00"),
        ("0 9 * 6 1", "at 09:00 on Monday in June"),
        ("0 9 1 * 1", "at 09:00 on day 1 and each Monday of every month"),
        ("0 9 1-31 * 1", "every day at 09:00"),  # either is enough
    ],
)
def test_describe_cron(expression: str, words: str) -> None:
    shown = " ".join(expression.split())
    assert describe(Cron(expression)) == f"{words}, UTC (cron {shown})"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 2 L * *", "at 02:00 on the last day of every month"),
        ("0 2 15,LW 6 *", "at 02:00 on day 15 and the last working day (Monday to Friday) of June"),
        ("0 2 * * 5L", "at 02:00 on the last Friday of every month"),
        (
            "0 2 * 3-11 1,5#2",
            "at 02:00 on each Monday and the 2nd Friday of every month from March to November",
        ),
        (
            "0 2 */2 * 1",
            "at 02:00 on each Monday that falls on one of days 1, 3, 5, ... 31 of the month",
        ),
        (
            "0 2 1 7 */2",
            "at 02:00 on each Tuesday, Thursday, Saturday and Sunday that falls on day 1 of July",
        ),
        ("0 2 L 7 1", "at 02:00 on the last day and each Monday of July"),
        ("0 9 29 2 *", "at 09:00 on 29 February, in leap years"),
        ("0 9 1 3 *", "at 09:00 on 1 March of every year"),
        ("*/15 * * 6 *", "every 15 minutes in June"),
        (
            "0-29 9-17 * 1-8,12 *",
            "every day in January to August and December at minutes 0 to 29 of hours 9 "
            "to 17 (270 times)",
        ),
        ("0 9 1-7,9 * *", "at 09:00 on days 1 to 7 and 9 of every month"),
    ],
)
def test_days_of_a_cron(expression: str, words: str) -> None:
    assert describe(Cron(expression)) == f"{words}, UTC (cron {expression})"


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (START, "every day at 08:20, UTC, after 2026-01-07 08:20 (cron 20 8 * * *)"),
        (
            START.replace(minute=21),
            "every day at 08:20, UTC, from 2026-01-07 08:21 (cron 20 8 * * *)",
        ),
        (
            START.replace(second=1),
            "every day at 08:20, UTC, from 2026-01-07 08:20:01 (cron 20 8 * * *)",
        ),
    ],
)
def test_a_start_that_matches_is_left_out(start: datetime, words: str) -> None:
    assert describe(Cron("20 8 * * *", start)) == words


@pytest.mark.parametrize("expression", ["0 2 31 2 *", "@daily", "x"])
def test_describe_cron_without_plain_words(expression: str) -> None:
    assert describe(Cron(expression, time_zone=LISBON)) == f"cron {expression}, Europe/Lisbon"


def test_describe_cron_with_bounds() -> None:
    assert describe(Cron("0 2 * * *", START, END)) == (
        "every day at 02:00, UTC, from 2026-01-07 08:20, until 2027-01-01 00:00 (cron 0 2 * * *)"
    )
    assert describe(Cron("@daily", None, END)) == "cron @daily, UTC, until 2027-01-01 00:00"


@given(st.text("0123456789*/,- ", max_size=30))
def test_describe_never_raises(expression: str) -> None:
    assert "\n" not in describe(Cron(expression))
