from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reconciler.state import State
from reconciler.state.records import ResultRecord

from .opened import NOW, PLAN, cycle

Open = Callable[..., State]
DONE = (
    ResultRecord("a", "create", "created"),
    ResultRecord("b", "update", "failed", "HTTP 400: no"),
)


def test_a_line_comes_back_whole(state: State) -> None:
    record = cycle(
        outcome="partial",
        reason="AppliedInPart",
        message="1 failed \N{SNOWMAN}",
        revision="abc",
        author="Ada <ada@example.org>",
        actor="bot",
        cause="webhook",
        plan=PLAN,
        results=DONE,
        durations={"plan": 0.25},
    )
    number = state.history.record(record)
    entry = state.history.show(number)
    assert entry is not None
    assert (entry.id, entry.count, entry.has_plan, entry.record) == (number, 1, True, record)
    (listed,) = state.history.list()
    assert (listed.record.plan, listed.record.results, listed.has_plan) == (None, (), True)
    assert state.history.show(number + 1) is None
    assert state.history.show(10**30) is None


def test_what_repeats_is_counted(state: State) -> None:
    for minute in range(5):
        state.history.record(cycle(minute, durations={"plan": minute / 10}))
    (entry,) = state.history.list()
    assert entry.count == 5
    assert entry.record.started_at == NOW
    assert entry.record.ended_at == cycle(4).ended_at
    assert entry.record.durations == {"plan": 0.4}


def test_fires_of_a_plan_do_not_make_it_another(state: State) -> None:
    later = {
        **PLAN,
        "impact": {"start": "2026-11-23T12:01:00+00:00"},
        "changes": [{**PLAN["changes"][0], "impact": {"after": {"first": "still later"}}}],
    }
    state.history.record(cycle(0, outcome="waiting", plan=PLAN))
    state.history.record(cycle(1, outcome="waiting", plan=later))
    other = {**PLAN, "changes": [{**PLAN["changes"][0], "name": "b"}]}
    state.history.record(cycle(2, outcome="waiting", plan=other))
    assert [entry.count for entry in state.history.list()] == [1, 2]


def test_what_does_something_is_never_folded(state: State) -> None:
    for minute in range(2):
        state.history.record(cycle(minute, outcome="applied", results=DONE))
        state.history.record(cycle(minute, outcome="in_sync", cause="apply"))
        state.history.record(cycle(minute, outcome="broken", results=DONE))
    assert [entry.count for entry in state.history.list()] == [1] * 6
    state.history.record(cycle(2, cause="apply"))
    state.history.record(cycle(3))  # a cycle does not repeat an apply
    assert len(state.history.list()) == 8


def test_only_the_last_line_of_a_target_is_repeated(state: State) -> None:
    for minute, outcome in enumerate(["in_sync", "unavailable", "in_sync"]):
        state.history.record(cycle(minute, outcome=outcome))
        state.history.record(cycle(minute, target="dev"))
    assert [entry.count for entry in state.history.list("prod")] == [1, 1, 1]
    assert [entry.count for entry in state.history.list("dev")] == [3]


def test_pages_and_filters(state: State) -> None:
    for number in range(7):
        results = DONE if number % 3 == 0 else ()
        state.history.record(cycle(number, message=str(number), results=results))
    first = state.history.list(limit=3)
    assert [entry.record.message for entry in first] == ["6", "5", "4"]
    rest = state.history.list(limit=10, before=first[-1].id)
    assert [entry.record.message for entry in rest] == ["3", "2", "1", "0"]
    assert [e.record.message for e in state.history.list(schedule="b")] == ["6", "3", "0"]
    assert [e.record.message for e in state.history.list(changes=True)] == ["6", "3", "0"]
    assert state.history.list(schedule="nothing") == ()
    assert [e.record.message for e in state.history.export()] == list("0123456")


def test_an_export_longer_than_a_page(state: State) -> None:
    for number in range(205):
        state.history.record(cycle(number, message=str(number)))
    exported = [entry.record.message for entry in state.history.export()]
    assert exported == [str(number) for number in range(205)]


def test_pruning_keeps_the_last_line_of_each_target(state: State) -> None:
    for minute in range(3):
        state.history.record(cycle(minute, message=str(minute), results=DONE, plan=PLAN))
    state.history.record(cycle(0, target="dev"))
    assert state.history.prune(NOW + timedelta(days=1)) == 2
    assert [entry.record.message for entry in state.history.list("prod")] == ["2"]
    assert len(state.history.list("dev")) == 1
    assert state.history.list(schedule="a") == state.history.list("prod")
    assert state.history.prune(NOW + timedelta(days=1)) == 0


def test_old_lines_go_as_new_ones_come(opened: Open) -> None:
    state = opened(keep=timedelta(days=30))
    for day in range(0, 100, 10):
        state.history.record(cycle(day * 24 * 60, message=str(day)))
    assert [entry.record.message for entry in state.history.list()] == ["90", "80", "70", "60"]


def test_text_that_databases_refuse(state: State) -> None:
    number = state.history.record(cycle(message="a\0b\udc80c", author="\ud800"))
    entry = state.history.show(number)
    assert entry is not None
    assert entry.record.message == "a\N{REPLACEMENT CHARACTER}b?c"
