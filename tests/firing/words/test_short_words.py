"""Triggers in a few words, as lists show them."""

from __future__ import annotations

from datetime import datetime

import pytest

from reconciler.firing.words.short_words import LONGEST, describe_shortly
from reconciler.model import Cron, DatastoreChange, Pattern, Recurrence, Trigger

START = datetime(2026, 1, 5, 3, 30)


@pytest.mark.parametrize(
    ("trigger", "words"),
    [
        (Cron("0 7 * * 1-5", time_zone="Europe/Lisbon"), "Mon–Fri at 07:00"),
        (Cron("*/15 * * * *"), "every 15 min"),
        (Cron("0 7,19 * * *", start_time=START), "every day at 07:00 and 19:00"),
        (Cron("1-9/2 3 1,15 2-4 *"), "1-9/2 3 1,15 2-4 *"),
        (Recurrence("minute", 15), "every 15 min"),
        (Recurrence("hour", 1, start_time=START), "every hour"),
        (Recurrence("day", 1, Pattern((9,), (0,)), time_zone="Asia/Tokyo"), "every day at 09:00"),
        (
            Recurrence("week", 1, Pattern((9,), (0,), ("monday", "friday"))),
            "Mon and Fri at 09:00",
        ),
        (DatastoreChange("inbox", "/in/", 5), "file in inbox/in"),
        (DatastoreChange("inbox", "", 5), "file in inbox"),
    ],
)
def test_a_trigger_in_a_few_words(trigger: Trigger, words: str) -> None:
    assert describe_shortly(trigger) == words
    assert len(words) <= LONGEST
