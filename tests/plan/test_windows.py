"""Apply windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.plan.windows import Opening, Window, is_active, opening
from reconciler.plan.windows_config import read_duration, read_windows, window_findings

HOURS = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = Window("allow", "0 20 * * *", 2 * HOURS)
FREEZE = Window("deny", "0 0 24 12 *", 72 * HOURS, "Europe/Lisbon", ("prod",))


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ([], "2026-11-23T12:00", Opening(True)),
        ([NIGHT], "2026-11-23T20:00", Opening(True)),
        ([NIGHT], "2026-11-23T21:59:59", Opening(True)),
        (
            [NIGHT],
            "2026-11-23T22:00",
            Opening(
                False, 'outside the allow window "0 20 * * *" (2h, UTC)', at("2026-11-24T20:00")
            ),
        ),
        (
            [FREEZE],
            "2026-12-25T12:00",
            Opening(
                False,
                'the deny window "0 0 24 12 *" (72h, Europe/Lisbon) lasts',
                at("2026-12-27T00:00"),
            ),
        ),
        ([FREEZE], "2026-12-27T00:00", Opening(True)),
        (
            [FREEZE, NIGHT],  # deny wins, and then it is outside
            "2026-12-26T20:30",
            Opening(
                False,
                'the deny window "0 0 24 12 *" (72h, Europe/Lisbon) lasts',
                at("2026-12-27T20:00"),
            ),
        ),
        (
            [NIGHT, Window("allow", "0 6 * * 1", HOURS / 2)],
            "2026-11-23T12:00",
            Opening(False, "outside every allow window", at("2026-11-23T20:00")),
        ),
        (
            [Window("deny", "* * * * *", HOURS)],
            "2026-11-23T12:00",
            Opening(False, 'the deny window "* * * * *" (1h, UTC) lasts', None),
        ),
        (
            [Window("allow", "0 0 30 2 *", HOURS)],
            "2026-11-23T12:00",
            Opening(False, 'outside the allow window "0 0 30 2 *" (1h, UTC)', None),
        ),
    ],
)
def test_opening(windows: list[Window], now: str, expected: Opening) -> None:
    assert opening(windows, "prod", at(now)) == expected


def test_a_window_of_other_targets_does_not_hold() -> None:
    assert opening([FREEZE], "test", at("2026-12-25T12:00")) == Opening(True)


@pytest.mark.parametrize(
    ("now", "active"),
    [
        ("2026-03-29T00:59", False),
        ("2026-03-29T01:30", True),  # 01:30 does not exist in Lisbon: it begins an hour later
        ("2026-03-29T03:29", True),  # two hours that pass, whatever the clock on the wall says
        ("2026-03-29T03:30", False),
        ("2026-10-25T00:30", True),  # the first 01:30 alone
        ("2026-10-25T02:29", True),
        ("2026-10-25T02:30", False),
    ],
)
def test_windows_when_clocks_change(now: str, active: bool) -> None:
    assert is_active(Window("allow", "30 1 * * *", 2 * HOURS, "Europe/Lisbon"), at(now)) is active


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("30m", 30), ("2h", 120), ("1h30m", 90), ("2d", 2880), ("1d1h1m", 1501)],
)
def test_durations(text: str, minutes: int) -> None:
    assert read_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "2", "h", "30s", "1m1h", "-1h", "1.5h", "1000d"])
def test_what_is_no_duration(text: str) -> None:
    assert read_duration(text) is None


def test_read_windows() -> None:
    entries = [
        {"kind": "allow", "schedule": "0 20 * * *", "duration": "2h"},
        {
            "kind": "deny",
            "schedule": "0 0 24 12 *",
            "duration": "3d",
            "time_zone": "GMT Standard Time",
            "targets": ["prod"],
        },
    ]
    assert read_windows(entries) == (
        NIGHT,
        Window("deny", "0 0 24 12 *", 72 * HOURS, "Europe/London", ("prod",)),
    )


def test_what_is_wrong_with_windows() -> None:
    entries = [
        {"schedule": "0 25 * * *", "time_zone": "Mars/Phobos", "duration": "0m"},
        {"schedule": 1, "time_zone": 2, "duration": "40d", "targets": ["pord", 3]},
        {"schedule": "0 1 * * *", "duration": "nonsense"},
        "x",
    ]
    found = [(f.path, f.message) for f in window_findings(entries, ["prod"])]
    assert sorted(found) == [
        (("windows", 0, "duration"), "it must last 1 minute to 31 days"),
        (("windows", 0, "schedule"), '"0 25 * * *": hours must be 0 to 23, not 25'),
        (("windows", 0, "time_zone"), 'time zone "Mars/Phobos" is not known'),
        (("windows", 1, "duration"), "it must last 1 minute to 31 days"),
        (("windows", 1, "targets", 0), 'there is no target "pord"'),
    ]
    assert list(window_findings(None, [])) == []


def test_a_window_does_not_look_like_another() -> None:
    entries = [
        {"schedule": schedule, "duration": "1h"}
        for schedule in ("0 0 * * FRI-MON", "0 */5 * * *", "0 9 1 * 1", "0 9 * * Monday")
    ]
    found = list(window_findings(entries, []))
    assert [(one.code, one.path) for one in found] == [
        ("CFG001", ("windows", number, "schedule")) for number in (0, 2)
    ]
    assert "its ends are swapped" in found[0].message
    assert "either is enough, not both" in found[1].message
