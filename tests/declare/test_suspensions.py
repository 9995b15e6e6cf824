"""What a suspension means to a plan, and how it is kept beside a schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from helpers import schedule
from hypothesis import given
from hypothesis import strategies as st

from reconciler.declare.holds import hold_words
from reconciler.declare.suspensions import (
    enabled_by,
    in_force,
    suspended_schedule,
    suspension_of,
    suspension_text,
    suspension_words,
)
from reconciler.model import Hold, LiveSchedule, Suspension

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ASKED = Suspension(NOW + HOUR, "ana", NOW, "a flood")
LIVE = LiveSchedule(schedule("a"), "us", "1", suspended=ASKED)


def test_it_ends_by_itself() -> None:
    assert in_force(LIVE, NOW) == ASKED
    assert in_force(LIVE, ASKED.until) is None
    assert suspended_schedule(LIVE.schedule, LIVE, ASKED.until) is LIVE.schedule
    held = suspended_schedule(LIVE.schedule, LIVE, NOW)
    assert (held.enabled, held.hold) == (False, Hold(ASKED.until, "a flood", "ana", True))


@pytest.mark.parametrize(("hours", "stays"), [(-1, False), (1, True)])
def test_the_longer_of_it_and_a_hold_is_shown(hours: int, stays: bool) -> None:
    hold = Hold(ASKED.until + hours * HOUR)
    found = suspended_schedule(replace(LIVE.schedule, enabled=False, hold=hold), LIVE, NOW)
    assert (found.hold == hold) is stays


def test_what_is_enabled() -> None:
    assert not enabled_by(LIVE, ASKED)
    assert enabled_by(LIVE, None)
    assert not enabled_by(replace(LIVE, suspended=replace(ASKED, was_enabled=False)), None)
    assert enabled_by(replace(LIVE, suspended=None), None)


def test_words() -> None:
    words = "suspended until 2026-12-01 09:00 UTC by ana"
    assert suspension_words(ASKED) == f"{words}: a flood"
    assert suspension_words(replace(ASKED, reason=None)) == words
    soon = replace(ASKED, until=ASKED.until.replace(second=5), reason=None)
    assert suspension_words(soon) == "suspended until 2026-12-01 09:00:05 UTC by ana"
    schedule = suspended_schedule(LIVE.schedule, replace(LIVE, suspended=soon), NOW)
    assert schedule.hold is not None
    assert hold_words(schedule.hold, "UTC") == suspension_words(soon)


@given(st.text(max_size=400), st.text(min_size=1, max_size=300), st.booleans())
def test_it_fits_into_a_tag(reason: str, by: str, was: bool) -> None:
    asked = Suspension(NOW + HOUR, by, NOW, reason or None, was)
    text = suspension_text(asked)
    assert len(text) <= 256
    found = suspension_of(text)
    assert found is not None
    assert (found.until, found.since, found.was_enabled) == (asked.until, asked.since, was)
    assert by.startswith(found.by) or found.by == "unknown"
    assert reason.startswith(found.reason or "")
    if len(reason) < 20 and len(by) < 10 and (reason + by).isascii() and by.isprintable():
        assert found == asked


@pytest.mark.parametrize(
    "text",
    [
        None,
        3,
        "",
        "[]",
        "{}",
        '{"until": "x", "since": "y"}',
        '{"until": "2026-01-01T00:00:00", "since": "2026-01-01T00:00:00Z"}',
    ],
)
def test_what_it_did_not_write_is_none(text: object) -> None:
    assert suspension_of(text) is None
