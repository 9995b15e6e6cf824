"""The steps of one run: which can begin, which never can, and what the run comes to. Pure.

The rules and words are those of the embedded workspace (workspace/execution/runner.py): independent
steps run at once; when one fails, those that need it are skipped, and the others go on only if the
run is to continue on a step's failure, else they are canceled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.workspace.execution.runner import exit_words
from reconciler.workspace.store.records import Status

OTHER_FAILED = "canceled: another step failed"
_BROKEN = ("Failed", "Canceled", "Skipped")


@dataclass(slots=True)
class StepState:
    """How far a step is."""

    name: str
    needs: frozenset[str]
    status: Status = "NotStarted"
    exit_code: int | None = None
    message: str | None = None
    worker: str | None = None
    """The machine that ran it."""
    started_at: datetime | None = None
    """When it could begin; a worker may have taken it later."""
    ended_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        """As whoever asks is told."""
        return {
            "name": self.name,
            "status": self.status,
            "exit_code": self.exit_code,
            "message": self.message,
            "worker": self.worker,
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
        }


@dataclass(slots=True)
class StepEnd:
    """What a worker says of a step that has ended."""

    exit_code: int | None
    reason: str | None = None
    """Why it never ran, timed out or was told to end."""
    canceled: bool = False
    """Whether that is that somebody canceled it."""
    worker: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Book:
    """All steps of a run, in the order of the document."""

    steps: dict[str, StepState]
    continue_on_step_failure: bool
    stopped: str | None = None
    """Why no step is begun any more, and those that run are told to end."""
    canceled: str | None = None
    _failed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, needs: Mapping[str, frozenset[str]], *, go_on: bool) -> Book:
        """`needs`: of each step, those that it needs."""
        return cls({name: StepState(name, found) for name, found in needs.items()}, go_on)

    def ready(self, now: datetime) -> list[str]:
        """The steps that can begin, which are Running from now on; those that never can are
        skipped.
        """
        found: list[str] = []
        settled = False
        while not settled:
            settled = True
            for step in self.steps.values():
                if step.status != "NotStarted":
                    continue
                needed = {self.steps[name].status for name in step.needs}
                if self.stopped is not None or needed & set(_BROKEN):
                    step.status, step.message = "Skipped", self._why_skipped(step)
                    settled = False  # those that need it are skipped as well
                elif needed <= {"Completed"}:
                    step.status, step.started_at = "Running", now
                    found.append(step.name)
        return found

    def _why_skipped(self, step: StepState) -> str:
        broken = [name for name in sorted(step.needs) if self.steps[name].status in _BROKEN]
        failed = any(self.steps[name].status == "Failed" for name in broken)
        if self.canceled is not None and not failed:
            return self.canceled
        return f"it needs {', '.join(broken)}" if broken else f"{self._failed[0]} failed"

    def cancel(self, reason: str) -> None:
        """Begin no further step."""
        self.canceled = self.canceled or reason
        self.stopped = self.stopped or reason

    def ended(self, name: str, end: StepEnd, now: datetime) -> None:
        """A step has ended."""
        step = self.steps[name]
        step.exit_code, step.worker, step.ended_at = end.exit_code, end.worker, now
        step.message = "; ".join(filter(None, (end.reason, *end.notes))) or None
        if end.exit_code == 0 and end.reason is None:
            step.status = "Completed"
            return
        if end.canceled and self.stopped is not None:
            step.status, step.message = "Canceled", self.stopped
            return
        step.status = "Failed"
        self._failed.append(name)
        if end.reason is None and end.exit_code is not None:
            step.message = "; ".join([exit_words(end.exit_code), *end.notes])
        if not self.continue_on_step_failure and self.stopped is None:
            self.stopped = OTHER_FAILED

    def outcome(self) -> tuple[Status, str | None]:
        """What the run comes to, once no step runs any more."""
        cut_short = any(step.message == self.canceled for step in self.steps.values())
        if self.canceled is not None and cut_short:
            return "Canceled", self.canceled
        if self._failed:
            return "Failed", f"failed: {', '.join(self._failed)}"
        return "Completed", None

    def document(self) -> list[dict[str, Any]]:
        """Every step."""
        return [step.document() for step in self.steps.values()]


def needs_of(steps: Iterable[Any]) -> dict[str, frozenset[str]]:
    """Of each step of a plan, those that it needs."""
    return {step.name: step.needs for step in steps}
