"""Plan + Provider -> Results."""

from __future__ import annotations

import pytest
from helpers import OWNER, TARGET, canonical, schedule

from reconciler.apply import apply_plan
from reconciler.errors import ProviderUnavailable, UnsafePlan
from reconciler.model import LiveSchedule, Outcome, Plan, Result, Schedule
from reconciler.plan import make_plan
from reconciler.providers.memory import MemoryProvider


class Failing(MemoryProvider):
    """A target that does not answer for some, and where somebody presses Ctrl-C at others."""

    def __init__(self, errors: dict[str, BaseException]) -> None:
        super().__init__(TARGET, owner=OWNER)
        self.errors = errors

    def create(self, schedule: Schedule) -> None:
        if schedule.key.name in self.errors:
            raise self.errors[schedule.key.name]
        super().create(schedule)


def plan_of(*made: Schedule, live: tuple[LiveSchedule, ...] = (), **options: object) -> Plan:
    return make_plan(canonical(*made), live, target=TARGET, owner=OWNER, **options)


def outcomes(results: list[Result]) -> list[tuple[str, Outcome, str | None]]:
    return [(r.change.key.name, r.outcome, r.error) for r in results]


def test_every_action_has_its_outcome() -> None:
    target = MemoryProvider(TARGET, owner="them")
    target.create(schedule("theirs"))
    target.owner = OWNER
    for name in ("changed", "gone", "same"):
        target.create(schedule(name))
    desired = [
        schedule("changed", description="x"),
        schedule("new"),
        schedule("same"),
        schedule("theirs"),
    ]
    heard: list[Result] = []
    results = apply_plan(plan_of(*desired, live=tuple(target.list())), target, heard.append)
    assert heard == results
    assert outcomes(results) == [
        ("changed", Outcome.UPDATED, None),
        ("gone", Outcome.DISABLED, None),
        ("new", Outcome.CREATED, None),
        ("same", Outcome.UNCHANGED, None),
        ("theirs", Outcome.SKIPPED, None),
    ]
    found = {live.key.name: live for live in target.list()}
    assert found["changed"].schedule.description == "x"
    assert not found["gone"].schedule.enabled
    assert found["theirs"].owner == "them"


def test_one_that_fails_does_not_stop_the_others() -> None:
    target = Failing({"b": ProviderUnavailable(None, "create", "it does not answer")})
    results = apply_plan(plan_of(schedule("a"), schedule("b"), schedule("c")), target)
    assert outcomes(results) == [
        ("a", Outcome.CREATED, None),
        ("b", Outcome.FAILED, "it does not answer"),
        ("c", Outcome.CREATED, None),
    ]


def test_an_interrupt_ends_the_apply_and_says_what_was_not_tried() -> None:
    target = Failing({"b": KeyboardInterrupt()})
    heard: list[Result] = []
    results = apply_plan(plan_of(*map(schedule, "abcd")), target, heard.append)
    assert heard == results
    assert outcomes(results) == [
        ("a", Outcome.CREATED, None),
        ("b", Outcome.NOT_TRIED, "interrupted; it may have been done"),
        ("c", Outcome.NOT_TRIED, "interrupted"),
        ("d", Outcome.NOT_TRIED, "interrupted"),
    ]
    assert [live.key.name for live in target.list()] == ["a"]


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        apply_plan(plan_of(schedule("a")), Failing({"a": ZeroDivisionError()}))


def test_a_plan_that_is_refused_changes_nothing() -> None:
    target = MemoryProvider(TARGET, owner=OWNER)
    target.create(schedule("a"))
    with pytest.raises(UnsafePlan, match="no schedule is declared"):
        apply_plan(plan_of(live=tuple(target.list())), target)
    assert target.list()[0].schedule.enabled
