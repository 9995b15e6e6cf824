"""What the ledger holds, as values: fires, runs and their steps, and how looking at folders stands.

Instants are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, TypedDict

from reconciler.model import Schedule, data_path_of
from reconciler.workspace.datastores.changes import Listed, Seen
from reconciler.workspace.store.references import split_reference

Cause = Literal["time", "data", "manual", "backfill"]
Status = Literal["NotStarted", "Running", "Completed", "Failed", "Canceled", "Skipped"]


class RunFilter(TypedDict, total=False):
    """Which runs are wanted; None, as what is left out: whatever it is."""

    schedule: str | None
    status: str | None
    experiment: str | None


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to record, as NotStarted."""

    schedule: str | None
    experiment: str
    pipeline: str
    version: str | None
    """None: the newest when it is recorded."""
    cause: Cause
    due_at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    go_on: bool | None = None
    """continue_on_step_failure of the schedule."""
    data_path: str | None = None
    name: str | None = None
    """As somebody chose it; None: made of the schedule and the instant."""
    by: str | None = None
    """Who asked for it."""
    again: str | None = None
    """The run that it repeats."""

    @property
    def stem(self) -> str:
        """Its name, as in Azure: the schedule (or pipeline) and the instant."""
        return self.name or f"{self.schedule or self.pipeline}-{run_stamp(self.due_at)}"


@lru_cache(maxsize=64)
def run_stamp(instant: datetime) -> str:
    """The instant in a run's name. Kept: thousands of schedules are due at one instant."""
    return f"{instant:%Y%m%dT%H%M%SZ}"


def new_run(
    schedule: Schedule, cause: Cause, due_at: datetime, file: Listed | None = None
) -> NewRun:
    """The run that a fire of `schedule` starts; `file`: the one that it fires for."""
    job, name = schedule.job, schedule.key.name
    pipeline, version = split_reference(job.reference)
    inputs = dict(job.inputs)
    data_path = data_path_of(schedule.trigger)
    if file is not None and data_path is not None:
        inputs[data_path] = file.path
    return NewRun(
        schedule=name,
        experiment=job.experiment_name or name,
        pipeline=pipeline,
        version=version,
        cause=cause,
        due_at=due_at,
        inputs=inputs,
        go_on=job.continue_on_step_failure,
        data_path=file.key if file is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire to record, once for each key. `run` None: it was missed, `number` times at least."""

    schedule: str
    key: str
    due_at: datetime
    run: NewRun | None
    number: int = 1


@dataclass(frozen=True, slots=True)
class FireRow:
    """A fire as it is recorded."""

    schedule: str
    key: str
    due_at: datetime
    recorded_at: datetime
    outcome: Literal["run", "missed", "due"]
    """`due`: it counts, and its run is about to be recorded."""
    run: str | None
    number: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is recorded."""

    name: str
    schedule: str | None
    experiment: str
    pipeline: str
    version: str
    cause: Cause
    due_at: datetime
    data_path: str | None
    inputs: Mapping[str, Any]
    go_on: bool | None
    status: str
    cancel: str | None
    """Why somebody wants it ended."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    message: str | None
    archived: bool = False
    requested_by: str | None = None
    ran_in: str | None = None
    """The target in whose workspace it ran, if that was another: it was brought along."""
    files_in: str | None = None
    """Of such a one: its folder there."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as it is recorded."""

    run: str
    name: str
    status: str
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is remembered of a folder: its files by key, and how often looking failed since."""

    seen: Mapping[str, Seen] | None
    """None: it was never listed, where the cursor comes from."""
    failures: int = 0
    since: datetime | None = None
    """Of one that was carried here: from when on changes count. The next look makes it its own."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A folder that could not be looked at, `failures` times in a row."""

    schedule: str
    error: str
    failures: int
    failing_since: datetime
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class StepReport:
    """A step's new status. `at` is an aware instant."""

    run: str
    step: str
    status: Status
    at: datetime
    exit_code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run's end."""

    run: str
    status: Status
    at: datetime
    message: str | None = None
