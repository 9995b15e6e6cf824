"""What steps print, in the order in which they run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.cli.running.follow_logs import StepLogs
from reconciler.cli.running.target_runs import TargetRuns
from reconciler.workspace.store.records import StepRow

START = datetime(2026, 1, 1, tzinfo=UTC)


def step(name: str, status: str, minute: int | None = None) -> StepRow:
    at = START + timedelta(minutes=minute) if minute is not None else None
    return StepRow("r", name, status, at, None, None, None)


def test_a_step_that_starts_while_it_is_looked_comes_after_what_it_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printed = {"make": b"one\n"}

    def log(run: str, name: str, after: int) -> Iterator[tuple[bytes, int]]:
        # As soon as its log is read, `make` goes on and ends, and `a` begins.
        said = printed.get(name, b"")[after:]
        printed.update(make=b"one\ntwo\n", a=b"three\n")
        if said:
            yield said, after + len(said)

    listed = [step("make", "Running", 1), step("a", "NotStarted")]
    runs = cast(TargetRuns, SimpleNamespace(steps=lambda run: listed, log=log))
    logs = StepLogs(runs, "r", None)
    logs.print_new(must_be=False)
    listed[:] = [step("make", "Completed", 1), step("a", "Running", 2)]
    logs.print_new(must_be=False)
    assert capsys.readouterr().out == "== make ==\none\ntwo\n== a ==\nthree\n"


def test_steps_of_temporal_are_by_when_they_started() -> None:
    pytest.importorskip("temporalio")
    from reconciler.worker.runs import by_start

    made = [step("b", "NotStarted"), step("a", "Skipped"), step("c", "Running", 2)]
    made.append(step("d", "Completed", 1))
    assert [one.name for one in by_start(made)] == ["d", "c", "a", "b"]
