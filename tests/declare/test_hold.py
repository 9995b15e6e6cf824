"""Holds and modes: what a schedule is while one is in force, and afterwards."""

# ruff: noqa: E501

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from helpers import schedule

from reconciler.declare.findings import Finding
from reconciler.declare.holds import hold_words, read_until, stricter, until_instant, zone_of
from reconciler.declare.per_target import declare
from reconciler.declare.resolve import TargetSettings
from reconciler.model import Hold, Mode, Schedule, Source

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LISBON = {"type": "cron", "expression": "0 2 * * *", "time_zone": "Europe/Lisbon"}
FOLDER = {"type": "datastore", "datastore": "inbox"}


def declared(
    *targets: TargetSettings, now: datetime = NOW, **document: Any
) -> tuple[list[Schedule], list[Finding]]:
    whole = {"name": "a", "trigger": LISBON, "create_job": "azureml:j"} | document
    return declare(
        whole,
        Source("a.yaml", 1),
        targets or (TargetSettings("local"),),
        variables="${{" in str(whole),
        job_of=lambda _: (None, None),
        now=now,
    )


def one(*targets: TargetSettings, now: datetime = NOW, **document: Any) -> Schedule:
    schedules, findings = declared(*targets, now=now, **document)
    assert [finding.code for finding in findings if finding.code != "SCH037"] == []
    return schedules[0]


def test_it_is_live_but_disabled_and_comes_back_by_itself() -> None:
    hold = {"until": "2026-12-01T08:00", "reason": "quarter end", "by": "ana"}
    ends = datetime(2026, 12, 1, 8, tzinfo=UTC)
    held = one(hold=hold)
    assert not held.enabled
    assert held.hold == Hold(ends, "quarter end", "ana")
    assert hold_words(held.hold, zone_of(held)) == (
        "held until 2026-12-01 08:00 Europe/Lisbon by ana: quarter end"
    )
    assert not one(hold=hold, now=ends - timedelta(microseconds=1)).enabled
    back, findings = declared(hold=hold, now=ends)
    assert back[0].enabled
    assert back[0].hold is None
    assert [(f.code, f.path) for f in findings] == [("SCH037", ("hold", "until"))]


def test_one_that_is_off_stays_off() -> None:
    held = one(hold={"until": "2026-12-01"}, is_enabled=False)
    assert held.hold is not None
    over, findings = declared(hold={"until": "2026-11-01"}, is_enabled=False)
    assert not over[0].enabled
    assert "is_enabled keeps it off" in findings[0].message


@pytest.mark.parametrize(
    ("until", "trigger", "defaults", "expected"),
    [
        ("2026-12-01", LISBON, {}, "2026-12-01T00:00"),
        ("2027-07-01", LISBON, {}, "2027-06-30T23:00"),
        ("2027-07-01T08:00", LISBON, {}, "2027-07-01T07:00"),
        ("2027-07-01 08:00:30", LISBON, {}, "2027-07-01T07:00:30"),
        ("2027-07-01T08:00Z", LISBON, {}, "2027-07-01T08:00"),
        ("2027-07-01t08:00:00.5z", LISBON, {}, "2027-07-01T08:00:00.5"),
        ("2027-07-01T08:00+02:00", LISBON, {}, "2027-07-01T06:00"),
        ("2027-07-01", FOLDER, {}, "2027-07-01T00:00"),
        ("2027-07-01", FOLDER, {"trigger": {"time_zone": "Asia/Tokyo"}}, "2027-06-30T15:00"),
        ("2027-07-01", FOLDER, {"trigger": {"time_zone": "Tokyo Standard Time"}}, "2027-06-30T15:00"),
        ("2027-07-01", FOLDER, {"trigger": {"time_zone": "Nowhere"}}, "2027-07-01T00:00"),
        ("2027-07-01", FOLDER, {"trigger": {"polling_interval": 3}}, "2027-07-01T00:00"),
    ],
)  # fmt: skip
def test_until_when(until: str, trigger: dict[str, Any], defaults: Any, expected: str) -> None:
    settings = TargetSettings("local", defaults=defaults)
    held = one(settings, trigger=trigger, hold={"until": until})
    assert held.hold is not None
    assert held.hold.until == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-13-01", "2026-02-30", "2026-12-01T25:00", "1969-01-01", "2026-12-01T",
     "2026-12-01T08:00 Europe/Lisbon", "٢٠٢٦-12-01", "2026-12-01\n", "3000-01-01"],
)  # fmt: skip
def test_what_is_no_date(text: str) -> None:
    assert read_until(text) is None
    assert [f.code for f in declared(hold={"until": text})[1]] == ["SCH036"]


def test_a_moment_that_the_clock_skips_is_still_a_moment() -> None:
    moment = read_until("2027-03-28T01:30")
    assert moment is not None
    assert until_instant(moment, "Europe/Lisbon") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_by_target() -> None:
    overrides = {
        "prod": {"hold": {"until": "2026-12-24", "reason": "freeze"}, "reconcile": "observe"},
        "lab": {"hold": None},
    }
    prod, lab, local = declared(
        TargetSettings("prod"),
        TargetSettings("lab"),
        TargetSettings("local"),
        hold={"until": "2026-12-01", "by": "ana"},
        overrides=overrides,
    )[0]
    assert prod.hold == Hold(datetime(2026, 12, 24, tzinfo=UTC), "freeze", "ana")
    assert lab.enabled
    assert lab.hold is None
    assert local.hold is not None
    assert local.hold.until == datetime(2026, 12, 1, tzinfo=UTC)
    assert (prod.mode, lab.mode, local.mode) == ("observe", "heal", "heal")


def test_a_variable_says_until_when() -> None:
    settings = TargetSettings("local", variables={"freeze": "2026-12-24", "mode": "off"})
    held = one(settings, hold={"until": "${{ vars.freeze }}"}, reconcile="${{ vars.mode }}")
    assert held.hold is not None
    assert held.mode == "off"
    assert [f.code for f in declared(hold={"until": "${{ vars.x }}"})[1]] == ["SCH031"]


@pytest.mark.parametrize(
    ("target", "own", "expected"),
    [
        ("heal", None, "heal"),
        ("heal", "observe", "observe"),
        ("observe", None, "observe"),
        ("observe", "heal", "observe"),
        ("observe", "off", "off"),
        ("off", "heal", "off"),
    ],
)
def test_the_more_careful_mode_holds(target: Mode, own: Mode | None, expected: Mode) -> None:
    settings = (TargetSettings("first"), TargetSettings("local", mode=target))
    schedules, findings = declared(*settings, **({"reconcile": own} if own else {}))
    assert findings == []
    assert [made.mode for made in schedules] == [own or "heal", expected]
    assert stricter(target, own or "heal") == stricter(own or "heal", target) == expected


def test_a_hold_and_a_mode_are_no_difference() -> None:
    assert one(hold={"until": "2026-12-01"}, reconcile="off") == one(is_enabled=False)


def test_what_a_hold_says_is_masked() -> None:
    words = hold_words(Hold(NOW, "see https://x:hunter2@host/"), zone_of(schedule()))
    assert "hunter2" not in words
    assert words.startswith("held until 2026-11-20 12:00 UTC: ")
