"""The workspace's file as pages and APIs see it: what is there, and what may be done to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from reconciler.document import document_from_schedule, schedule_from_document
from reconciler.model import Key, LiveSchedule, Schedule, data_path_of
from reconciler.providers.local import LocalProvider
from reconciler.web.settings import Site
from reconciler.workspace.engine.executor import run_folder
from reconciler.workspace.engine.lease import Lease
from reconciler.workspace.execution.run_inputs import Context, JobError, run_inputs
from reconciler.workspace.store.database import Refused, StoreError
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.listings.api import ApiListings
from reconciler.workspace.store.records import NewRun, RunRow, StepRow, new_run
from reconciler.workspace.store.references import split_reference
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import NewSchedule, ScheduleRow, Store
from reconciler.workspace.store.sent_assets import SentAssets

MOST_DOTS = 16
"""In the id of a step: each may be where the run's name ends."""


class Missing(Exception):
    """There is no such schedule, run or pipeline."""


class Workspace:
    """One connection to the workspace; used by one thread at a time."""

    def __init__(
        self, site: Site, *, clock: Callable[[], datetime], busy_seconds: float | None = None
    ) -> None:
        self.site = site
        self.clock = clock
        self.store = Store(
            site.path, durable=True, busy_seconds=busy_seconds, readable_by=site.readable_by
        )

    @property
    def actor(self) -> str | None:
        """Who is at work."""
        return self.store.actor

    @actor.setter
    def actor(self, who: str | None) -> None:
        self.store.actor = who

    @cached_property
    def browse(self) -> ApiListings:
        """Lists, searched and paged in SQL."""
        return ApiListings(self.store.database)

    @cached_property
    def sent(self) -> SentAssets:
        """What Azure's clients sent along with schedules."""
        return SentAssets(self.store.database)

    @cached_property
    def ledger(self) -> Ledger:
        """What fired, and how looking at folders stands."""
        return Ledger(self.store.database)

    @cached_property
    def runs(self) -> Runs:
        """Runs and their steps."""
        return Runs(self.store.database)

    @cached_property
    def lease(self) -> Lease:
        """Who runs the engine."""
        return Lease(self.site.path, readable_by=self.site.readable_by)

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()

    def provider(self, owner: str | None) -> LocalProvider:
        """The workspace as a target, for an owner."""
        return LocalProvider(
            self.site.target,
            self.store,
            owner=owner,
            datastores=self.site.datastores,
            data=self.site.data,
            clock=self.clock,
        )

    # ----------------------------------------------------------------------------------- reading

    def schedule(self, name: str) -> ScheduleRow:
        """One schedule; Missing."""
        rows = self.store.schedules([name])
        if not rows:
            raise Missing(name)
        return rows[0]

    def live(self, name: str) -> LiveSchedule:
        """One schedule, as its provider reports it; Missing."""
        return live_schedule(self.schedule(name), self.site.target)

    def folder_of(self, run: str) -> Path:
        """Where a run keeps its files: one that was brought along has them where it ran."""
        elsewhere = self.runs.files_in(run)
        return elsewhere[1] if elsewhere is not None else run_folder(self.site.runs_folder, run)

    # ---------------------------------------------------------------------------------- changing

    def set_enabled(self, name: str, enabled: bool) -> LiveSchedule:
        """Enable or disable a schedule, which keeps its owner: the repository has the last word.
        Missing, Refused.
        """
        live = self.live(name)
        if live.schedule.enabled != enabled:
            if enabled:
                wanted = replace(live.schedule, enabled=True)
                self.provider(live.owner).update(wanted, live)
            else:
                self.provider(live.owner).disable(live, by_hand=True)
        return self.live(name)

    def trigger(
        self,
        name: str,
        inputs: Mapping[str, Any] | None = None,
        due_at: datetime | None = None,
    ) -> str:
        """Run a schedule's pipeline now, with its inputs and those given; the run's name. `due_at`:
        for which time, if not for now. Missing, Refused.
        """
        live = self.live(name)
        job = live.schedule.job
        given = {**job.inputs, **(inputs or {})}
        pipeline, version = split_reference(job.reference)
        new = replace(new_run(live.schedule, "manual", due_at or self.clock()), inputs=given)
        return self._add(new, pipeline, version, data_path_of(live.schedule.trigger))

    def first_run(self, name: str) -> str:
        """Run a schedule now because it was created, as one of its fires; the run's name.
        Missing, Refused.
        """
        new = new_run(self.live(name).schedule, "time", self.clock())
        return self._add(new, new.pipeline, new.version, None)

    def submit(
        self,
        pipeline: str,
        version: str | None = None,
        *,
        experiment: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        go_on: bool | None = None,
        name: str | None = None,
    ) -> str:
        """Run a pipeline now, under a name that no run has; the run's name. Missing, Refused."""
        new = NewRun(
            schedule=None,
            experiment=experiment or pipeline,
            pipeline=pipeline,
            version=version,
            cause="manual",
            due_at=self.clock(),
            inputs=dict(inputs or {}),
            go_on=go_on,
            name=name,
        )
        return self._add(new, pipeline, version, None)

    def new_schedule(self, wanted: Schedule, row: ScheduleRow | None) -> NewSchedule:
        """What to store for a schedule that is put over `row`, and keeps its owner and source."""
        name, _ = split_reference(wanted.job.reference)
        return NewSchedule(
            name=wanted.key.name,
            owner=row.owner if row is not None else None,
            document=document_from_schedule(wanted),
            pipeline=name,
            source_path=row.source_path if row is not None else None,
            source_line=row.source_line if row is not None else None,
        )

    def cancel(self, run: str) -> str:
        """Ask for the end of a run; its status then. Missing, Refused."""
        if self.runs.get(run) is None:
            raise Missing(run)
        return self.runs.request_cancel(
            run,
            f"canceled by {self.actor or 'somebody'}",
            engine_runs=self.lease.is_held,
            now=self.clock(),
            by=self.actor,
        )

    def again(self, run: str) -> str:
        """Run what a run ran, now: that version, with those inputs; the new run's name. Missing,
        Refused.
        """
        row = self.runs.get(run)
        if row is None:
            raise Missing(run)
        new = NewRun(
            schedule=row.schedule,
            experiment=row.experiment,
            pipeline=row.pipeline,
            version=row.version,
            cause="manual",
            due_at=self.clock(),
            inputs=row.inputs,
            go_on=row.go_on,
            data_path=row.data_path,
            again=row.name,
        )
        return self._add(new, row.pipeline, row.version, None)

    def _add(self, new: NewRun, pipeline: str, version: str | None, data_path: str | None) -> str:
        found = self.store.version(pipeline, version)
        if found is None:
            raise Refused(f'the pipeline "{pipeline}" is not published')
        try:
            run_inputs(found.document, new.inputs, Context("", ""))
        except JobError as error:
            more = f'; give the file to run for as the input "{data_path}"' if data_path else ""
            raise Refused(f"{error}{more}") from error
        asked = replace(new, version=found.version, by=self.actor)
        return self.runs.add(asked, self.clock())


def find_step(workspace: Workspace, identifier: str) -> tuple[RunRow, StepRow] | None:
    """The step with an id, RUN.STEP, and its run."""
    if identifier.count(".") > MOST_DOTS:
        return None
    for place, sign in enumerate(identifier):
        run = workspace.runs.get(identifier[:place]) if sign == "." else None
        for step in workspace.runs.steps(run.name) if run is not None else ():
            if run is not None and step.name == identifier[place + 1 :]:
                return run, step
    return None


def live_schedule(row: ScheduleRow, target: str) -> LiveSchedule:
    """A stored schedule, as its provider reports it."""
    schedule = stored_schedule(row, target)
    return LiveSchedule(
        schedule, row.owner, row.fingerprint, row.modified_by, row.modified_at, row.created_at
    )


def stored_schedule(row: ScheduleRow, target: str) -> Schedule:
    """The Schedule of a row; StoreError where it is damaged."""
    try:
        return schedule_from_document(row.document, Key(target, row.name))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f'the stored schedule "{row.name}" is damaged: {error}') from error
