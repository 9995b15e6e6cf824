"""Standings in both databases: replaced, searched, counted, asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.errors import LeaseLost
from reconciler.model import Suspension
from reconciler.state import State
from reconciler.state.standings import Audited, ScheduleRow, Standing, Sync

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def standing(target: str = "prod", **changed: Any) -> Standing:
    known: dict[str, Any] = {"counts": {"in_sync": 1}, "subject": "50 % o\0f", "revision": "c"}
    return Standing(target, NOW, "in_sync", "InSync", NOW, **{**known, **changed})


def row(name: str, sync: Sync = "in_sync", mark: str = "m", **entry: Any) -> ScheduleRow:
    return ScheduleRow(name, sync, mark, lambda: {"words": "daily", **entry})


def test_replaced_whole(state: State) -> None:
    assert state.standings.list() == ()
    assert state.standings.version() in ("", "0-0-0-0-0")
    state.standings.set(standing(), [row("one"), row("two", "drift", description="50 % Off_")])
    state.standings.set(standing("dev"), [row("one", "pending")])
    assert [one.target for one in state.standings.list()] == ["dev", "prod"]
    found = state.standings.get("prod")
    assert found is not None
    assert found.counts == {"in_sync": 1}
    assert found.next_at == NOW
    search = state.standings.schedules
    assert search()[0] == 3
    assert [one.name for one in search("prod", syncs=["drift"])[1]] == ["two"]
    assert [one.name for one in search(text="% oFF_")[1]] == ["two"]
    assert search(text="%%")[0] == 0
    assert [one.target for one in search(offset=1, limit=1)[1]] == ["prod"]

    def never() -> dict[str, Any]:
        raise AssertionError("what is as it was is not made again")

    same = ScheduleRow("one", "in_sync", "m", never)
    state.standings.set(standing(), [same, row("three")])
    assert [one.name for one in state.standings.every_schedule("prod")] == ["one", "three"]
    assert state.standings.marks("prod") == {"one": "m", "three": "m"}
    state.standings.set(standing(counts={}), None)
    assert state.standings.schedules("prod")[0] == 2
    state.standings.forget("prod")
    assert state.standings.get("prod") is None
    assert state.standings.cycles().keys() == {"dev"}


def test_many_at_once(state: State) -> None:
    rows = [row(f"schedule-{number:05d}") for number in range(2345)]
    state.standings.set(standing(), rows)
    assert state.standings.schedules("prod")[0] == 2345
    state.standings.set(standing(), rows[:3])
    assert state.standings.schedules("prod")[0] == 3


def test_fenced_by_the_lease(state: State) -> None:
    lease = state.lease("target/prod", "a", timedelta(seconds=30))
    with pytest.raises(LeaseLost):
        state.standings.set(standing(), [row("one")], lease)
    assert state.standings.schedules()[0] == 0


def test_asked_for_until_a_cycle_ends(state: State) -> None:
    before = state.standings.version()
    state.standings.ask("prod", NOW, "ana")
    state.standings.ask("prod", NOW + timedelta(seconds=5), "ben")
    assert state.standings.asked() == {"prod": NOW + timedelta(seconds=5)}
    state.standings.set(standing(), ())
    assert state.standings.asked()
    later = Standing("prod", NOW + timedelta(minutes=1), "in_sync", "InSync")
    state.standings.set(later, ())
    assert state.standings.asked() == {}
    assert state.standings.version() != before


def test_audits_and_suspensions_of_all(state: State) -> None:
    audited = Audited(NOW, {"missing": 1}, ["one at 12:00"])
    state.standings.set_audit("prod", audited)
    state.standings.set_audit("prod", audited)
    assert state.standings.audits() == {"prod": audited}
    asked = Suspension(NOW + timedelta(hours=1), "ana", NOW, "freeze")
    state.suspensions.set("prod", asked)
    assert state.suspensions.all(NOW) == {"prod": asked}
    assert state.suspensions.all(NOW + timedelta(hours=2)) == {}
    assert state.conditions.all() == {}
    assert state.history.list(text="50 %") == ()
