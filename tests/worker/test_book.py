"""The steps of a run, judged by the embedded workspace, which runs the same ones as processes."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path

from reconciler.worker.book import Book, StepEnd, needs_of
from reconciler.workspace.execution.runner import Run
from reconciler.workspace.execution.steps import RunPlan, Step
from reconciler.workspace.store.records import RunReport, StepReport

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_plan(pick: random.Random) -> RunPlan:
    names = "abcdef"[: pick.randint(1, 6)]
    steps = tuple(
        Step(
            name,
            f"exit {pick.choice([0, 0, 0, 1, 7])}",
            {},
            {},
            frozenset(other for other in names[:at] if pick.random() < 0.3),
        )
        for at, name in enumerate(names)
    )
    return RunPlan(steps, {}, continue_on_step_failure=True)


def by_processes(plan: RunPlan, folder: Path) -> tuple[dict[str, tuple[object, ...]], RunReport]:
    told: dict[str, tuple[object, ...]] = {}

    def hear(report: StepReport | RunReport) -> None:
        if isinstance(report, StepReport):
            told[report.step] = (report.status, report.exit_code, report.message)

    environment = {"PATH": os.environ["PATH"]}
    return told, Run("r", plan, folder, environment=environment, report=hear).execute()


def by_book(plan: RunPlan) -> Book:
    book = Book.of(needs_of(plan.steps), go_on=plan.continue_on_step_failure)
    codes = {step.name: int(step.script.split()[1]) for step in plan.steps}
    while ready := book.ready(NOW):
        for name in ready:
            book.ended(name, StepEnd(codes[name]), NOW)
    return book


def test_random_runs(tmp_path: Path) -> None:
    pick = random.Random(18)
    for number in range(6):
        plan = a_plan(pick)
        wanted, report = by_processes(plan, tmp_path / str(number))
        book = by_book(plan)
        found = {
            one["name"]: (one["status"], one["exit_code"], one["message"])
            for one in book.document()
        }
        assert found == wanted
        status, message = book.outcome()
        # Processes that fail at once fail in any order.
        assert (status, sorted(message or "")) == (report.status, sorted(report.message or ""))


def of(*, go_on: bool, **needs: str) -> Book:
    return Book.of({name: frozenset(found) for name, found in needs.items()}, go_on=go_on)


def statuses(book: Book) -> dict[str, tuple[str, str | None]]:
    return {one["name"]: (one["status"], one["message"]) for one in book.document()}


def test_a_failure_ends_the_others() -> None:
    book = of(go_on=False, a="", b="", c="a", d="b")
    assert book.ready(NOW) == ["a", "b"]
    book.ended("a", StepEnd(1), NOW)
    assert book.stopped == "canceled: another step failed"
    assert book.ready(NOW) == []
    book.ended("b", StepEnd(-15, "canceled", canceled=True), NOW)
    assert statuses(book) == {
        "a": ("Failed", "exit code 1"),
        "b": ("Canceled", "canceled: another step failed"),
        "c": ("Skipped", "it needs a"),
        "d": ("Skipped", "a failed"),
    }
    assert book.outcome() == ("Failed", "failed: a")


def test_a_run_that_is_canceled() -> None:
    book = of(go_on=True, a="", b="a")
    assert book.ready(NOW) == ["a"]
    book.cancel("canceled")
    book.ended("a", StepEnd(0), NOW)
    assert book.ready(NOW) == []
    assert statuses(book) == {"a": ("Completed", None), "b": ("Skipped", "canceled")}
    assert book.outcome() == ("Canceled", "canceled")


def test_canceled_when_there_was_nothing_left_to_do() -> None:
    book = of(go_on=True, a="")
    book.ready(NOW)
    book.cancel("canceled")
    book.ended("a", StepEnd(0), NOW)
    assert book.outcome() == ("Completed", None)


def test_what_is_said_of_a_step() -> None:
    book = of(go_on=True, a="", b="", c="")
    book.ready(NOW)
    book.ended("a", StepEnd(0, notes=("output past 5 bytes is not kept",)), NOW)
    book.ended("b", StepEnd(-9, notes=("left",)), NOW)
    book.ended("c", StepEnd(None, "its worker was lost"), NOW)
    assert statuses(book) == {
        "a": ("Completed", "output past 5 bytes is not kept"),
        "b": ("Failed", "ended by signal 9; left"),
        "c": ("Failed", "its worker was lost"),
    }
