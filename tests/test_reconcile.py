"""The cycle: declared schedules against one target."""

from __future__ import annotations

import pytest
from helpers import OWNER, TARGET, schedule

from reconciler.config import Limit, Limits
from reconciler.errors import DeclarationError, UnsafePlan
from reconciler.model import Action, Canonical, LiveSchedule, Note, Outcome, Result, Schedule
from reconciler.plan.options import PlanOptions
from reconciler.providers.memory import MemoryProvider
from reconciler.reconcile import canonicalize, plan_target, reconcile


class Picky(MemoryProvider):
    """A target that cannot do what is called no-..."""

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        if not schedule.key.name.startswith("no-"):
            return super().canonical(schedule, live)
        note = Note("refused", "trigger", "it cannot fire that often", "every 5 minutes is most")
        return Canonical(schedule, (Note("rewritten", "trigger", "in other words"), note))


def test_a_cycle_and_then_nothing() -> None:
    target = MemoryProvider(TARGET, owner=OWNER)
    heard: list[Result] = []
    declared = [schedule("b"), schedule("a")]
    results = reconcile(declared, target, owner=OWNER, on_result=heard.append)
    assert results == heard
    assert [(r.change.key.name, r.outcome) for r in results] == [
        ("a", Outcome.CREATED),
        ("b", Outcome.CREATED),
    ]
    again = reconcile(declared, target, owner=OWNER)
    assert {result.outcome for result in again} == {Outcome.UNCHANGED}


def test_planning_changes_nothing() -> None:
    target = MemoryProvider(TARGET, owner=OWNER)
    plan = plan_target([schedule()], target, owner=OWNER)
    assert (plan.target, plan.owner, plan.count(Action.CREATE)) == (TARGET, OWNER, 1)
    assert target.list() == []


def test_all_that_a_target_refuses_is_said_before_anything_is_changed() -> None:
    target = Picky(TARGET, owner=OWNER)
    with pytest.raises(DeclarationError) as caught:
        reconcile([schedule("no-b"), schedule("a"), schedule("no-a")], target, owner=OWNER)
    assert caught.value.message == "2 problems in the declarations"
    assert [
        (p.code, p.path, p.line, p.message, p.json_path, p.hint) for p in caught.value.problems
    ] == [
        (
            "TGT001",
            "s.yaml",
            1,
            f"local/{name}: it cannot fire that often",
            "trigger",
            "every 5 minutes is most",
        )
        for name in ("no-a", "no-b")
    ]
    assert target.list() == []


def test_other_notes_go_along() -> None:
    target = Picky(TARGET, owner=OWNER)
    [found] = canonicalize([schedule("a")], {}, target)
    assert found.notes == ()


def test_over_the_limits_nothing_is_changed() -> None:
    target = MemoryProvider(TARGET, owner=OWNER)
    declared = [schedule(f"s{n:02}") for n in range(10)]
    reconcile(declared, target, owner=OWNER)
    limits = Limits(disable=Limit(percent=30), update=Limit())
    with pytest.raises(UnsafePlan) as caught:
        reconcile(declared[:5], target, owner=OWNER, limits=limits)
    assert caught.value.exit_code == 4
    assert len(caught.value.reasons) == 2
    with pytest.raises(UnsafePlan):
        reconcile([], target, owner=OWNER)
    assert all(live.schedule.enabled for live in target.list())
    reconcile(declared[:7], target, owner=OWNER, limits=limits)
    assert sum(live.schedule.enabled for live in target.list()) == 7


def test_adopting() -> None:
    target = MemoryProvider(TARGET, owner=None)
    target.create(schedule())
    target.owner = OWNER
    plan = plan_target([schedule()], target, owner=OWNER, options=PlanOptions(adopt=("nightly",)))
    assert [change.action for change in plan.changes] == [Action.UPDATE]
