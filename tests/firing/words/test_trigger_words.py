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
        (Recurrence("minute", 1), "every minute"),
        (Recurrence("minute", 15), "every 15 minutes"),
        (Recurrence("hour", 1, time_zone=LISBON), "every hour"),
        (Recurrence("hour", 6, Pattern((1,), (2,))), "every 6 hours"),
        (
            Recurrence("hour", 6, None, START, END, LISBON),
            "every 6 hours, Europe/Lisbon, from 2026-01-07 08:20, until 2027-01-01 00:00",
        ),
        (Recurrence("day", 1), "every day, UTC"),
        (Recurrence("day", 1, Pattern()), "every day, UTC"),
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
        (Recurrence("day", 1, Pattern(ALL_HOURS, (0,))), "24 times a day, UTC"),
        (Recurrence("day", 2, Pattern(ALL_HOURS, (0,))), "every 2 days, 24 times a day, UTC"),
        (Recurrence("day", 1, Pattern((9, 18))), "every day in hours 9 and 18, UTC"),
        (Recurrence("day", 1, Pattern((9,))), "every day in hour 9, UTC"),
        (Recurrence("day", 1, Pattern(ALL_HOURS)), "every day in 24 hours, UTC"),
        (Recurrence("day", 1, Pattern((), (30,))), "every day at minute 30, UTC"),
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
            "every day on Monday at 09:00, UTC",
        ),
        (
            Recurrence("day", 1, Pattern((9,), (0,), ("monday",), (1, 2))),
            "every day on days 1 and 2 and every Monday of the month at 09:00, UTC",
        ),
        (Recurrence("week", 1), "every week, UTC"),
        (
            Recurrence("week", 1, Pattern((9,), (0,)), START),
            "every week on Wednesday at 09:00, UTC, from 2026-01-07 08:20",
        ),
        (
            Recurrence("week", 2, Pattern((18,), (30,), ("monday", "wednesday")), time_zone=LISBON),
            "every 2 weeks on Monday and Wednesday at 18:30, Europe/Lisbon",
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
            "on days 1 and 15 of every 3 months at 06:00, UTC, until 2027-01-01 00:00",
        ),
        (
            Recurrence("month", 1, Pattern((6,), (0,), ("monday",), (1,))),
            "on day 1 and every Monday of every month at 06:00, UTC",
        ),
        (
            Recurrence("month", 1, Pattern((6,), (0,), ("monday", "friday"))),
            "on every Monday and Friday of every month at 06:00, UTC",
        ),
        (
            Recurrence("month", 1, Pattern(ALL_HOURS, (0,), (), tuple(range(1, 21)))),
            "on 20 days of every month, 24 times a day, UTC",
        ),
        (
            Recurrence("month", 1, None, START),
            "on day 7 of every month at 08:20, UTC, from 2026-01-07 08:20",
        ),
        (Recurrence("month", 1), "every month, UTC"),
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
        ("5/15 * * * *", "every 15 minutes from minute 5 of the hour"),
        ("*/15 * * * 1-5", "every 15 minutes on Monday to Friday"),
        ("5 * * * *", "every hour at minute 5"),
        ("5,10 * * * *", "every hour at minutes 5 and 10"),
        ("1-7 * * * *", "168 times a day"),
        ("*/15 9-17 * * *", "every 15 minutes from 09:00 to 17:45"),
        ("30 9-17 * * *", "every hour from 09:30 to 17:30"),
        ("0 */3 * * *", "every 3 hours from 00:00 to 21:00"),
        ("0,10 9-17 * * *", "18 times a day"),
        ("0 9 1 * *", "at 09:00 on day 1 of every month"),
        ("0 9 1,15 1,7 *", "at 09:00 on days 1 and 15 of January and July"),
        ("0 9 * 6 *", "at 09:00 every day in June"),
        ("0 9 * 6 1", "at 09:00 on Monday in June"),
        ("0 9 1 * 1", "at 09:00 on day 1 and every Monday of every month"),
        ("0 9 1-31 * 1", "every day at 09:00"),  # either is enough
    ],
)
def test_describe_cron(expression: str, words: str) -> None:
    shown = " ".join(expression.split())
    assert describe(Cron(expression)) == f"{words}, UTC (cron {shown})"


@pytest.mark.parametrize("expression", ["0 2 L * *", "0 2 * * 5L", "0 2 */2 * 1", "@daily", "x"])
def test_describe_cron_without_plain_words(expression: str) -> None:
    assert describe(Cron(expression, time_zone=LISBON)) == f"cron {expression}, Europe/Lisbon"


def test_describe_cron_with_bounds() -> None:
    assert describe(Cron("0 2 * * *", START, END)) == (
        "every day at 02:00, UTC, from 2026-01-07 08:20, until 2027-01-01 00:00 (cron 0 2 * * *)"
    )
    assert describe(Cron("0 2 L * *", None, END)) == "cron 0 2 L * *, UTC, until 2027-01-01 00:00"


@given(st.text("0123456789*/,- ", max_size=30))
def test_describe_never_raises(expression: str) -> None:
    assert "\n" not in describe(Cron(expression))
