"""What a target's code must offer. A provider neither diffs nor decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from reconciler.audit.records import RunRecord
from reconciler.model import (
    Canonical,
    Key,
    LiveSchedule,
    Note,
    Schedule,
    Suspension,
    Trigger,
)


class Provider(Protocol):
    """The schedules of one target. Every call is idempotent; each raises ProviderError."""

    name: str
    """The name of the target."""
    concurrent: bool
    """Whether create, update and disable may be called from several threads at once."""

    def identity(self) -> str | None:
        """What tells the place where the schedules live from every other, on every machine.

        None where there is none yet: it is made by the first write. Changes nothing.
        """
        ...

    def list(self) -> Iterable[LiveSchedule]:
        """Every schedule, ours or not, enabled or not. Changes nothing; never returns fewer."""
        ...

    def prepare(self, declared: Sequence[Schedule]) -> None:
        """Learn what `canonical` of all of these will need to know, faster than one by one.
        Changes nothing, and need not be called.
        """
        ...

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        """`schedule` as `list` would report it once applied over `live`.

        Its notes say what the target rewrites, what it only approximates and what it refuses.
        Without this, plans would never become empty.
        """
        ...

    def preflight(self, schedules: Sequence[Schedule]) -> Sequence[tuple[Key, Note]]:
        """What canonical schedules need that the target has not, a note of the kind `refused`, or
        that may not be looked at, one of `unchecked`. Changes nothing.
        """
        ...

    def create(self, schedule: Schedule) -> None:
        """Make a canonical schedule live, as ours."""
        ...

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Make `live` what the canonical schedule says, as ours; Rejected if it changed since."""
        ...

    def disable(self, live: LiveSchedule, *, by_hand: bool = False) -> None:
        """Stop it firing; its history and its owner stay.

        `by_hand`: not because it was removed from the repository: what was last applied stays on
        record, so that it reads as switched off live.
        """
        ...

    def suspend(self, live: LiveSchedule, suspension: Suspension | None) -> None:
        """Stop it firing until a moment, with who asked and why kept beside it: whose it is and
        what was last applied stay. None: end that; it is enabled if it was so before.

        Rejected if it changed since. A later `update` that enables it ends a suspension.
        """
        ...

    def firing_trigger(self, schedule: Schedule) -> Trigger | None:
        """The trigger by which this target really fires it, be it enabled or not.

        It is the schedule's own unless the target reads that in another way; None where it is not
        known when it fires. `next_fires` are the fires of this trigger.
        """
        ...

    def first_run(self, schedule: Schedule) -> str | None:
        """What a reviewer should know about whether a new schedule runs on its creation.

        None: the fires of `firing_trigger` say it all.
        """
        ...

    def next_fires(
        self, schedule: Schedule, after: datetime, until: datetime, created: datetime | None = None
    ) -> Iterable[datetime]:
        """When it will fire in this target, `after` exclusive, `until` inclusive, in UTC.

        `created`: when it was made live, from which an interval without a start counts; None: it
        is to be made at `after`.
        """
        ...


@runtime_checkable
class KnowsRuns(Protocol):
    """What a provider offers besides whose target tells which runs there were."""

    def runs_of(self, schedule: str, since: datetime) -> Sequence[RunRecord]:
        """The runs of a schedule that were made or due since then. Changes nothing."""
        ...
