"""What is suspended is desired as disabled while that lasts, and comes back after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from helpers import OWNER, TARGET, canonical, live, schedule

from reconciler.document import schedule_digest
from reconciler.model import Action, Hold, LiveSchedule, Plan, Schedule, Suspension
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


OVER = NOW + timedelta(hours=2)
BY_APPLY = schedule_digest(schedule("a"))


def cause(before: LiveSchedule, after: Schedule) -> tuple[str | None, str]:
    made = make_plan(canonical(after), [before], target=TARGET, owner=OWNER, now=OVER)
    (change,) = made.changes
    return change.cause, change.reason


def test_what_it_did_is_nobodys_change_once_it_is_over() -> None:
    stopped = live(schedule("a", is_enabled=False))
    stopped = replace(stopped, suspended=ASKED, applied=BY_APPLY, modified_by="ana")
    words = "its suspension until 2026-11-28 14:00 UTC is over"
    assert cause(stopped, schedule("a")) == ("over", words)
    of_the_target = replace(stopped, digest="of all of it", applied="of all before")
    assert cause(of_the_target, schedule("a"))[0] == "over"
    changed = schedule("a", description="new")
    assert cause(stopped, changed) == ("repository", f"{words}; changed in the repository")
    by_hand = live(schedule("a", is_enabled=False, description="by hand"))
    by_hand = replace(by_hand, suspended=ASKED, applied=BY_APPLY)
    assert cause(by_hand, schedule("a")) == ("live", words)
    assert cause(replace(of_the_target, schedule=by_hand.schedule), changed)[0] == "both"


def test_a_hold_that_is_over_is_a_cause_of_its_own() -> None:
    held = schedule("a", is_enabled=False)
    stopped = replace(live(held), applied=schedule_digest(held))
    back = replace(schedule("a"), ended=Hold(NOW))
    assert cause(stopped, back) == ("over", "its hold until 2026-11-28 12:00 UTC is over")
    before = replace(stopped, modified_at=NOW - timedelta(days=1))
    assert cause(before, back)[0] == "over"
    applied_since = replace(stopped, modified_at=NOW + timedelta(hours=1))
    assert cause(applied_since, back) == ("repository", "enabled again")
    assert cause(stopped, replace(back, description="new")) == ("repository", "enabled again")
    assert cause(replace(stopped, applied=BY_APPLY), back) == ("live", "switched off live")
