"""What a run tells the machine that runs a step of it: values that pass through Temporal as JSON.

A machine has a folder of its own for each run. Until a step is on one, its paths begin with a
placeholder, which is the run's own, so that no value from outside can hold it by chance.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.worker.run_data import KnownData
from reconciler.workspace.execution.data import Fetch, Send
from reconciler.workspace.execution.steps import RunPlan, Step

_PLACEHOLDER = "/reconciler-run/"
LOST_AFTER_SECONDS = 60.0
"""A server that is away for longer takes all workers for lost when it is back, so that it is not a
few seconds."""


@dataclass(slots=True)
class Local:
    """Local data of a job."""

    digest: str
    """Of its snapshot in the store."""
    folder: str
    """Where it is put, relative to the run."""


@dataclass(slots=True)
class StepOrder:
    """One step to run."""

    run: str
    step: str
    script: str
    environment: dict[str, str]
    outputs: dict[str, str]
    output_files: list[str]
    placeholder: str
    timeout: float | None = None
    code: str | None = None
    """The digest of its snapshot in the store."""
    fetches: list[str] = field(default_factory=list)
    """What other steps made and this one reads, relative to the run."""
    inputs: list[Fetch] = field(default_factory=list)
    """What it reads by address."""
    brings: list[Local] = field(default_factory=list)
    """Local data of its job."""
    delivers: list[Send] = field(default_factory=list)
    """What it makes that goes to an address."""

    @property
    def sends(self) -> list[str]:
        """What it makes and the store keeps, relative to the run."""
        return sorted(
            {
                posixpath.relpath(path, self.placeholder)
                for path in self.outputs.values()
                if is_below(path, self.placeholder)
            }
        )

    def data_at(self, folder: str) -> tuple[list[Fetch], list[Send]]:
        """What it reads and makes by address, with the folder of this machine."""
        return (
            [replace(one, path=one.path.replace(self.placeholder, folder)) for one in self.inputs],
            [
                replace(one, path=one.path.replace(self.placeholder, folder))
                for one in self.delivers
            ],
        )

    def localized(self, folder: str) -> tuple[dict[str, str], dict[str, str]]:
        """Its environment and its outputs, with the folder of this machine."""
        environment, outputs = (
            {name: text.replace(self.placeholder, folder) for name, text in texts.items()}
            for texts in (self.environment, self.outputs)
        )
        return environment, outputs


@dataclass(slots=True)
class StepResult:
    """What became of it."""

    exit_code: int | None
    reason: str | None = None
    canceled: bool = False
    worker: str | None = None
    version: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Begun:
    """What the first activity of a run says."""

    verdict: str
    """`fire`, `hand` (somebody started it) or `wake`: it is no fire, and there is nothing to do."""
    version: str
    """Of the worker that began it."""
    lost_after: float = LOST_AFTER_SECONDS
    """A worker that is not heard of for so many seconds is lost, and with it the step."""
    data: KnownData | None = None
    """What the target names; None, of a worker of before: addresses stay as they are."""


def placeholder_of(run_id: str) -> str:
    """Of the run with that id of Temporal."""
    return f"{_PLACEHOLDER}{run_id}"


def is_below(path: str, folder: str) -> bool:
    """Whether a path lies in a folder."""
    return path.startswith(f"{folder}/")


def order_of(
    step: Step, plan: RunPlan, run: str, placeholder: str, code: Mapping[str, str]
) -> StepOrder:
    """`code`: of the pipeline, by how it stands in the steps."""
    made = {
        path
        for other in plan.steps
        if other.name != step.name
        for path in other.outputs.values()
        if is_below(path, placeholder)
    }
    texts = list(step.environment.values())
    fetches = {
        posixpath.relpath(path, placeholder)
        for path in made
        if any(is_named(path, text) for text in texts)
    } - {
        posixpath.relpath(path, placeholder)
        for path in step.outputs.values()
        if is_below(path, placeholder)
    }
    return StepOrder(
        run,
        step.name,
        step.script,
        dict(step.environment),
        dict(step.outputs),
        sorted(step.output_files),
        placeholder,
        step.timeout,
        code.get(step.code) if step.code is not None else None,
        sorted(fetches),
        list(step.fetches),
        [Local(code[one.key], posixpath.relpath(one.folder, placeholder)) for one in step.brings],
        list(step.sends),
    )


def is_named(path: str, text: str) -> bool:
    """Whether a text holds a path, and not only the beginning of a longer name."""
    at = text.find(path)
    while at >= 0:
        behind = text[at + len(path) : at + len(path) + 1]
        if not (behind.isalnum() or behind in ("_", "-", ".")) or behind == "":
            return True
        at = text.find(path, at + 1)
    return False
