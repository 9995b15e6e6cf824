"""A target in memory: a whole provider without a service behind it, for tests and trials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from reconciler.declare.suspensions import enabled_by
from reconciler.document import document_from_schedule
from reconciler.errors import Rejected
from reconciler.firing import next_fires
from reconciler.model import (
    Canonical,
    Key,
    LiveSchedule,
    Note,
    Schedule,
    Suspension,
    Trigger,
)


class MemoryProvider:
    """Schedules in a dict. It takes every schedule as it stands, job files by their digest."""

    concurrent = False

    def __init__(self, name: str, *, owner: str | None) -> None:
        self.name = name
        self.owner = owner
        self._live: dict[Key, LiveSchedule] = {}
        self._identity = uuid4().hex

    def identity(self) -> str:
        """Another one for each that is made."""
        return f"memory:{self._identity}"

    def list(self) -> list[LiveSchedule]:
        """Every schedule, by name."""
        return [self._live[key] for key in sorted(self._live)]

    def prepare(self, declared: Sequence[Schedule]) -> None:
        """Nothing: all that has to be known is at hand."""

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        """A job file becomes a reference to its content."""
        job = schedule.job
        if job.definition is None:
            return Canonical(schedule)
        reference = f"azureml:{job.definition.name}:{job.definition.digest[:12]}"
        return Canonical(replace(schedule, job=replace(job, reference=reference)))

    def preflight(self, schedules: Sequence[Schedule]) -> Sequence[tuple[Key, Note]]:
        """Nothing: what is not there was said when they were made canonical."""
        return ()

    def create(self, schedule: Schedule) -> None:
        """Keep it, unless another stands there."""
        current = self._live.get(schedule.key)
        if current is not None and current.owner != self.owner:
            raise Rejected(schedule.key, "create", "it exists, and is not ours")
        if current is not None and current.fingerprint != _fingerprint(schedule, self.owner):
            raise Rejected(schedule.key, "create", "it exists, and is another than this")
        self._keep(schedule, self.owner)

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Keep it in place of `live`, if that still stands there."""
        if live.key != schedule.key and live.key not in self._live and schedule.key in self._live:
            return  # renamed already
        current = self._live.get(live.key)
        if current is None or current.fingerprint not in (
            live.fingerprint,
            _fingerprint(schedule, self.owner),
        ):
            raise Rejected(schedule.key, "update", "it was changed after the plan was made")
        if live.key != schedule.key and schedule.key in self._live:
            raise Rejected(schedule.key, "update", "its new name was taken after the plan was made")
        del self._live[live.key]
        self._keep(schedule, self.owner, current.suspended)

    def disable(self, live: LiveSchedule, *, by_hand: bool = False) -> None:
        """Keep it as disabled."""
        current = self._live.get(live.key)
        if current is None:
            raise Rejected(live.key, "disable", "it does not exist any more")
        if current.schedule.enabled and current.fingerprint != live.fingerprint:
            raise Rejected(live.key, "disable", "it was changed after the plan was made")
        self._keep(replace(current.schedule, enabled=False), current.owner, current.suspended)

    def suspend(self, live: LiveSchedule, suspension: Suspension | None) -> None:
        """Keep it as disabled, with the suspension; None: as it was before."""
        current = self._live.get(live.key)
        if current is None or current.fingerprint != live.fingerprint:
            raise Rejected(live.key, "suspend", "it was changed meanwhile")
        enabled = enabled_by(current, suspension)
        self._keep(replace(current.schedule, enabled=enabled), current.owner)
        self._live[live.key] = replace(self._live[live.key], suspended=suspension)

    def firing_trigger(self, schedule: Schedule) -> Trigger:
        """The schedule's own."""
        return schedule.trigger

    def first_run(self, schedule: Schedule) -> None:
        """It runs when its trigger fires, and not before."""

    def next_fires(
        self, schedule: Schedule, after: datetime, until: datetime, created: datetime | None = None
    ) -> Iterable[datetime]:
        """By the kernel; one without a start counts from `after`."""
        return next_fires(schedule.trigger, after, until, created or after)

    def _keep(
        self, schedule: Schedule, owner: str | None, suspended: Suspension | None = None
    ) -> None:
        fingerprint = _fingerprint(schedule, owner)
        stopped = None if schedule.enabled else suspended
        self._live[schedule.key] = LiveSchedule(schedule, owner, fingerprint, suspended=stopped)


def _fingerprint(schedule: Schedule, owner: str | None) -> str:
    text = json.dumps([owner, document_from_schedule(schedule)], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
