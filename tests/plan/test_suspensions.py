"""What is suspended is desired as disabled while that lasts, and comes back after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from helpers import OWNER, TARGET, canonical, live, schedule

from reconciler.model import Action, Plan, Suspension
from reconciler.plan import make_plan

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ASKED = Suspension(NOW + timedelta(hours=2), "ana", NOW - timedelta(hours=1), "flood", True)


def plan(now: datetime) -> Plan:
    stopped = replace(live(schedule("a", is_enabled=False)), suspended=ASKED)
    return make_plan(canonical(schedule("a")), [stopped], target=TARGET, owner=OWNER, now=now)


def test_while_it_lasts_it_is_no_difference() -> None:
    (change,) = plan(NOW).changes
    assert change.action is Action.NOOP
    assert "suspended until 2026-11-28 14:00 UTC" in change.reason


def test_when_it_is_over_it_is_enabled() -> None:
    (change,) = plan(NOW + timedelta(hours=2)).changes
    assert change.action is Action.UPDATE
    assert change.reason == "its suspension until 2026-11-28 14:00 UTC is over"


def test_the_suspension_of_what_is_not_renamed_is_not_ours() -> None:
    """Another repository of the owner has the old name: the new one begins as it is declared."""
    stopped = replace(live(schedule("a", is_enabled=False)), suspended=ASKED, repository="theirs")
    wanted = canonical(schedule("b", renamed_from="a"))
    made = make_plan(
        wanted, [stopped], target=TARGET, owner=OWNER, now=NOW, repository="example.org/ours"
    )
    (change,) = made.changes
    assert (change.action, change.after) == (Action.CREATE, wanted[0].schedule)
