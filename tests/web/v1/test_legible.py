"""What v1 shows of triggers that it has no words for, and that giving it back changes nothing."""

from __future__ import annotations

import zoneinfo
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.firing.clocks import windows_zones
from reconciler.model import Cron, Pattern, Recurrence
from reconciler.web.v1.legible import legible, legible_zone, note_of
from reconciler.web.v1.triggers import read_trigger, recurrence_to_v1, trigger_to_v1

START = datetime(2026, 1, 2, 3, 4)
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday")


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("30 7 * * 1-5", Recurrence("week", 1, Pattern((7,), (30,), WEEK))),
        ("0 2 * * *", Recurrence("day", 1, Pattern((2,), (0,)))),
        ("0,30 2,14 * * 0", Recurrence("week", 1, Pattern((2, 14), (0, 30), ("sunday",)))),
        ("*/15 * * * *", Recurrence("day", 1, Pattern(tuple(range(24)), (0, 15, 30, 45)))),
        ("0 6 1 * *", Recurrence("month", 1)),
        ("0 6 1,15 * *", Recurrence("day", 1, Pattern((6,), (0,)))),
        ("0 6 1 * 1", Recurrence("day", 1, Pattern((6,), (0,)))),  # either day is enough
        ("0 6 * 1 1", Recurrence("week", 1, Pattern((6,), (0,), ("monday",)))),
        ("0 6 * * 5L", Recurrence("day", 1, Pattern((6,), (0,)))),
        ("0 0 31 2 *", Recurrence("day", 1)),  # it never fires
    ],
)
def test_crons(expression: str, shown: Recurrence) -> None:
    assert legible(Cron(expression)) == shown
    assert note_of(Cron(expression)) == {"reconciler.trigger": f"cron {expression}"}


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        (Recurrence("hour", 3, Pattern((1,), (2,))), Recurrence("hour", 3)),
        (Recurrence("month", 1, Pattern((1,), (2,), (), (1, 15))), Recurrence("month", 1)),
        (
            Recurrence("day", 1, Pattern((1,), (2,), ("monday",))),
            Recurrence("week", 1, Pattern((1,), (2,), ("monday",))),
        ),
        (
            Recurrence("day", 2, Pattern((1,), (2,), ("monday",))),
            Recurrence("day", 2, Pattern((1,), (2,))),
        ),
        (
            Recurrence("week", 2, Pattern((1,), (2,), ("monday",), (5,))),
            Recurrence("week", 2, Pattern((1,), (2,), ("monday",))),
        ),
        (Recurrence("week", 1, Pattern((), (), (), (5,))), Recurrence("week", 1)),
        (Recurrence("minute", 5, start_time=START), Recurrence("minute", 5, start_time=START)),
    ],
)
def test_recurrences(held: Recurrence, shown: Recurrence) -> None:
    assert legible(held) == shown
    assert (note_of(held) == {}) == (held == shown)


@pytest.mark.parametrize("zone", sorted(zoneinfo.available_timezones() - {"localtime"}))
def test_every_zone_is_one_that_the_sdk_knows(zone: str) -> None:
    assert legible_zone(zone) in windows_zones.AZURE


def test_zones() -> None:
    assert legible_zone("Europe/Lisbon") == "GMT Standard Time"
    assert legible_zone("UTC") == "UTC"
    assert legible_zone("nowhere") == "UTC"
    assert legible_zone("Antarctica/Troll") == "Central Europe Standard Time"
    troll = Recurrence("day", 1, time_zone="Antarctica/Troll")
    assert note_of(troll) == {"reconciler.time_zone": "Antarctica/Troll"}
    ends = Recurrence("day", 1, end_time=START)
    assert note_of(ends) == {"reconciler.trigger": "a recurrence that v1 shows in part"}


ZONES = st.sampled_from(("UTC", "Europe/Lisbon", "Antarctica/Troll", "Etc/GMT+11"))
MOMENTS = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, fold=0)
)
CRONS = st.builds(
    Cron,
    st.sampled_from(("0 2 * * *", "*/7 3-9 * * 1-5", "0 6 1 * *", "15 0 * 2 MON#1", "0 0 L * *")),
    MOMENTS,
    MOMENTS,
    ZONES,
)
RECURRENCES = st.builds(
    Recurrence,
    st.sampled_from(("minute", "hour", "day", "week", "month")),
    st.integers(1, 400),
    st.none()
    | st.builds(
        Pattern,
        st.sets(st.integers(0, 23), max_size=3).map(lambda found: tuple(sorted(found))),
        st.sets(st.integers(0, 59), max_size=3).map(lambda found: tuple(sorted(found))),
        st.sampled_from(((), ("monday",), WEEK)),
        st.sampled_from(((), (1,), (1, 15, 31))),
    ),
    MOMENTS,
    MOMENTS,
    ZONES,
)


@given(CRONS | RECURRENCES)
def test_what_was_shown_changes_nothing(held: Cron | Recurrence) -> None:
    assert read_trigger(trigger_to_v1(held), held) is held


@given(CRONS | RECURRENCES, st.integers(1, 9))
def test_what_v1_cannot_say_survives_another_change(held: Cron | Recurrence, interval: int) -> None:
    body = trigger_to_v1(held)
    body["Recurrence"]["Interval"] = interval
    changed = read_trigger(body, held)
    if recurrence_to_v1(held)["Interval"] != interval:
        assert isinstance(changed, Recurrence)
        assert (changed.interval, changed.time_zone) == (interval, held.time_zone)
        assert changed.end_time == held.end_time
    else:
        assert changed is held
