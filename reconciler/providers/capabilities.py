"""What some targets can do beside what `Provider` asks of all; told by `isinstance`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from reconciler.model import DatastoreChange, LiveSchedule, Schedule
from reconciler.providers.base import Provider
from reconciler.snapshots import CodeLimits
from reconciler.workspace.datastores.changes import Listed, Seen
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.moving.brought import Brought
from reconciler.workspace.store.records import Watch


@runtime_checkable
class PutsBack(Protocol):
    """A target whose schedules hold more than is read of them."""

    def enable(self, live: LiveSchedule) -> None:
        """Let it fire again: all else is put back as it was read. Rejected if it changed since."""
        ...


@dataclass(frozen=True, slots=True)
class LiveJob:
    """What a live schedule runs, in the words of files."""

    create_job: Mapping[str, Any]
    """What the declaration says of it. Without `job`, that is the path of `document`."""
    document: Mapping[str, Any] | None = None
    """The job file; None: the job has a name in the target."""
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Component files that it leads to, by their paths from the folder of schedules."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The code that these run, likewise."""
    notes: tuple[str, ...] = ()
    """What a reader of the files should know."""
    time_zone: str | None = None
    """That of the trigger, as the target writes it."""


@dataclass(frozen=True, slots=True)
class BringHome:
    """That what has no name in the target is wanted as well, and where it goes."""

    prefix: str = ""
    """Before the paths of components and code: empty, or `../`."""
    is_searched: bool = True
    """Whether declarations are looked for where they go."""
    limits: CodeLimits = field(default_factory=CodeLimits)
    """Of each folder of code."""
    on_download: Callable[[str, int, int], None] | None = None
    """Hears of each file that has come: its path, how many bytes have, and how many will."""


class Unsayable(Exception):
    """Files cannot say what is live: it is left as it is."""


@runtime_checkable
class WritesJobs(Protocol):
    """A target whose live jobs can be written as files."""

    def live_job(self, live: LiveSchedule, home: BringHome | None = None) -> LiveJob:
        """The job of a schedule that `list` gave, as files; Unsayable.

        With a `home`, components, environments and code that have no name in the target come along.
        """
        ...


@dataclass(frozen=True, slots=True)
class DataWatch:
    """A live schedule that follows a folder, and whose jobs an agent submits."""

    name: str
    trigger: DatastoreChange
    enabled: bool
    since: datetime | None
    """From when on changes count, as the schedule says; what was there before is not run."""
    modified_at: datetime | None = None
    renamed_from: str | None = None
    """The name under which its folder was followed before."""


@runtime_checkable
class FollowsFolders(Protocol):
    """A target that has no trigger for changes in a datastore, and holds their schedules."""

    def data_watches(self) -> Sequence[DataWatch]:
        """Those that are ours, read afresh. Changes nothing. ProviderError."""
        ...

    def datastore(self, name: str) -> Datastore:
        """Where a datastore is. WatchError where it cannot be looked at, ProviderError."""
        ...

    def job_name(self, watch: DataWatch, address: str, stamp: str) -> str:
        """That of the job for one version of a file, whoever asks for it."""
        ...

    def address(self, watch: DataWatch, name: str) -> str:
        """A file of the folder as a job names it."""
        ...

    def submit(self, watch: DataWatch, job: str, address: str, at: datetime) -> None:
        """Have the schedule's job run with the file; one that is there by that name is left.

        `at`: when the change was found. Rejected where the target does not take it.
        """
        ...


@dataclass(frozen=True, slots=True)
class PastFire:
    """A fire of the past that is to have its run after all. Aware, in UTC."""

    due_at: datetime
    file: Listed | None = None
    """The file that it is for; `due_at` is when that changed."""


@runtime_checkable
class Backfills(Protocol):
    """A target in which runs of past instants can be asked for."""

    def past_files(self, live: LiveSchedule, since: datetime, until: datetime) -> Sequence[Listed]:
        """The files of the folder that a schedule follows which changed from `since` (inclusive) to
        `until` (exclusive), the oldest first. WatchError.
        """
        ...

    def has_run(self, live: LiveSchedule, fire: PastFire) -> bool:
        """Whether there is a run for it by the name, or the place, that it would get."""
        ...

    def backfill(self, live: LiveSchedule, fire: PastFire, now: datetime) -> str | None:
        """Have the job of a schedule that `list` gave run for a past fire, with its trigger time,
        once however often it is asked for; the run's name, or None where there is one already.
        """
        ...


@runtime_checkable
class RemembersRuns(Protocol):
    """A target whose runs are read once, and asked about many times."""

    def forget_runs(self) -> None:
        """There may be others by now: read them again when somebody asks next."""
        ...


@runtime_checkable
class BringsAlong(Protocol):
    """A target to which what a job needs is brought before its schedule can be made."""

    def bring(self, schedule: Schedule) -> None:
        """Put there what `create` of a canonical schedule would put first. ProviderError."""
        ...


@dataclass(frozen=True, slots=True)
class DataCursor:
    """How far a schedule has followed its folder: what another target needs to go on from there."""

    folder: str
    """`DATASTORE/PATH`. A cursor of another folder is not gone on from."""
    since: datetime
    """From when on changes count, aware."""
    seen: Mapping[str, Seen] | None = None
    """By key, the files that are settled: they were there, or had their runs. None: the folder was
    never listed since then.
    """


@runtime_checkable
class KeepsCursors(Protocol):
    """A target whose cursors of datastores can be carried to another."""

    def data_cursor(self, live: LiveSchedule) -> DataCursor | None:
        """Of a schedule that follows a folder; None: it was never looked at. What was found and
        has no run yet is not in it. Of one that is disabled it stays as it is. ProviderError.
        """
        ...

    def put_data_cursor(self, live: LiveSchedule, cursor: DataCursor) -> None:
        """Go on from there, be it enabled by now or not before the next time. ProviderError."""
        ...


@runtime_checkable
class TakesRuns(Protocol):
    """A target that shows the runs which its schedules had in another one."""

    def take_runs(self, source: Provider, schedules: Sequence[str]) -> Brought | None:
        """Bring the records of those that have ended in `source`, each once however often it is
        asked for; None: it keeps none that can be brought. Of schedules that are ours in both, by
        name. ProviderError.
        """
        ...


@runtime_checkable
class NeedsWorkers(Protocol):
    """A target whose runs and looks at folders are the work of processes that have to be there."""

    def unserved(self) -> Sequence[str]:
        """Of the enabled schedules that `list` gave: who is not there for them, and which command
        to start, a sentence each. ProviderError.
        """
        ...

    def failing(self) -> Sequence[Watch]:
        """Of those, the ones whose folders cannot be looked at. ProviderError."""
        ...
