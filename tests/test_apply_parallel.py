"""Several changes at a time: each has its own result, and an interrupt ends what is in hand."""

from __future__ import annotations

import signal
import threading

import pytest
from fakes.arm import StandIn
from helpers import OWNER, canonical, live, schedule
from providers.azureml.opened import provider

from reconciler.apply import apply_plan
from reconciler.model import Outcome, Plan, Result, Schedule
from reconciler.plan import make_plan
from reconciler.providers.memory import MemoryProvider
from reconciler.reconcile import plan_target

DECLARED = [schedule(f"s{number:03}") for number in range(100)]


def test_an_interrupt_ends_what_is_in_hand_and_says_what_was_done() -> None:
    main = threading.main_thread().ident
    assert main is not None
    with StandIn(latency=0.01) as arm:
        one = provider(arm)
        plan = plan_target(DECLARED, one, owner=OWNER)
        arm.before(lambda call: signal.pthread_kill(main, signal.SIGINT), method="PUT", skip=4)
        said: list[Result] = []
        results = apply_plan(plan, one, said.append, parallelism=2)
        created = [r.change.key.name for r in results if r.outcome is Outcome.CREATED]
        rest = {(r.outcome, r.error) for r in results if r.outcome is not Outcome.CREATED}
        assert sorted(arm.names()) == created
        assert len(created) >= 4
        assert rest == {(Outcome.NOT_TRIED, "interrupted")}
        assert sorted(map(id, said)) == sorted(map(id, results))
        # The next apply does the rest.
        again = apply_plan(plan_target(DECLARED, one, owner=OWNER), one)
        assert sorted(arm.names()) == [made.key.name for made in DECLARED]
        assert {r.outcome for r in again} == {Outcome.CREATED, Outcome.UNCHANGED}


class Concurrent(MemoryProvider):
    """Takes several at a time, but one of them is beyond it."""

    concurrent = True

    def create(self, made: Schedule) -> None:
        if made.key.name == "s001":
            raise ZeroDivisionError("a bug")
        super().create(made)


def plan(*declared: Schedule) -> Plan:
    return make_plan(canonical(*declared), [], target="local", owner=OWNER)


def test_an_interrupt_while_a_result_is_told() -> None:
    told: list[Result] = []

    def tell(result: Result) -> None:
        told.append(result)
        if len(told) == 1:
            raise KeyboardInterrupt

    one = Concurrent("local", owner=OWNER)
    results = apply_plan(plan(DECLARED[0], DECLARED[2]), one, tell, parallelism=2)
    assert {r.outcome for r in results} <= {Outcome.CREATED, Outcome.NOT_TRIED}
    created = [r.change.key for r in results if r.outcome is Outcome.CREATED]
    assert [found.key for found in one.list()] == created


def test_a_bug_shows_itself() -> None:
    one = Concurrent("local", owner=OWNER)
    with pytest.raises(ZeroDivisionError):
        apply_plan(plan(*DECLARED[:10]), one, parallelism=2)


def test_results_are_in_the_order_of_the_plan() -> None:
    one = Concurrent("local", owner=OWNER)
    declared = [made for made in DECLARED if made.key.name != "s001"]
    both = make_plan(canonical(*declared), [live(declared[0])], target="local", owner=OWNER)
    results = apply_plan(both, one, parallelism=8)
    assert [result.change for result in results] == list(both.changes)
    assert results[0].outcome is Outcome.UNCHANGED
