"""`moved_from` without a moment: the rows of the target that is left, and of those gone to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest
from helpers import OWNER, TARGET, canonical, live, schedule

from reconciler.document import schedule_digest
from reconciler.model import Action, Handover, Key, LiveSchedule, Plan, Schedule
from reconciler.plan.decision_table import make_plan
from reconciler.plan.moving.handovers import was_let_go
from reconciler.plan.select import only_these

BOTH = (TARGET, "other")


def goes(made: Schedule | None = None) -> Schedule:
    """In the target that it leaves."""
    return replace(made or schedule(), handover=Handover(TARGET, ("other",)))


def comes(made: Schedule | None = None) -> Schedule:
    """In the target that it goes to."""
    return replace(made or schedule(), handover=Handover("other", (TARGET,)))


def let_go(made: Schedule) -> LiveSchedule:
    off = replace(made, enabled=False)
    return replace(live(off), applied=schedule_digest(off))


def plan(wanted: Schedule, found: LiveSchedule | None, together: Collection[str] = BOTH) -> Plan:
    lives = [] if found is None else [found]
    return make_plan(canonical(wanted), lives, target=TARGET, owner=OWNER, together=together)


def row(
    wanted: Schedule, found: LiveSchedule | None, together: Collection[str] = BOTH
) -> tuple[Action, bool] | None:
    rows = plan(wanted, found, together).changes
    return (rows[0].action, rows[0].waits) if rows else None


@pytest.mark.parametrize(
    ("found", "together", "expected"),
    [
        (None, BOTH, None),
        (live(schedule(), owner=None), BOTH, None),
        (let_go(schedule()), BOTH, (Action.NOOP, False)),
        (live(schedule()), BOTH, (Action.DISABLE, False)),
        (live(schedule()), (TARGET,), (Action.SKIP, True)),
        (live(schedule()), (), (Action.SKIP, True)),
    ],
)
def test_where_it_leaves(
    found: LiveSchedule | None, together: Collection[str], expected: tuple[Action, bool] | None
) -> None:
    assert row(goes(), found, together) == expected


@pytest.mark.parametrize(
    ("found", "together", "expected"),
    [
        (None, BOTH, (Action.CREATE, False)),
        (None, (TARGET,), (Action.SKIP, True)),
        (let_go(schedule()), BOTH, (Action.UPDATE, False)),
        (let_go(schedule()), (TARGET,), (Action.SKIP, True)),
        # Switched off by hand, it is here: that is drift, as ever.
        (live(schedule(is_enabled=False)), (TARGET,), (Action.UPDATE, False)),
        (live(schedule()), (TARGET,), (Action.NOOP, False)),
        (live(schedule(description="old")), (TARGET,), (Action.UPDATE, False)),
        (live(schedule(), owner="them"), (TARGET,), (Action.SKIP, False)),
    ],
)
def test_where_it_arrives(
    found: LiveSchedule | None, together: Collection[str], expected: tuple[Action, bool]
) -> None:
    assert row(comes(), found, together) == expected


def test_what_is_not_ours_in_the_target_that_it_leaves_is_unmanaged() -> None:
    assert plan(goes(), live(schedule(), owner="them")).unmanaged == 1


def test_it_is_spent_where_it_has_arrived() -> None:
    [change] = plan(comes(), live(schedule())).changes
    said = "local/nightly: moved_from: other is spent, and can be removed"
    assert [note.message for note in change.notes] == [said]
    [change] = plan(comes(), let_go(schedule())).changes
    assert change.notes == ()


def test_a_digest_of_its_own_says_who_disabled_it() -> None:
    off = schedule(is_enabled=False)
    assert was_let_go(replace(live(off), applied="x", digest="x"))
    assert not was_let_go(replace(live(off), applied="y", digest="x"))
    assert Key(TARGET, "nightly") == off.key


def test_what_moves_is_taken_out_of_a_plan_by_its_very_name() -> None:
    odd = schedule("a*")
    lives = [live(schedule("ab")), live(odd)]
    whole = make_plan([], lives, target=TARGET, owner=OWNER, allow_empty=True)
    assert [change.key.name for change in only_these(whole, {"a*"}, None).changes] == ["a*"]
