"""The embedded workspace as a target: schedules and pipelines in one SQLite file.

It knows every trigger of the format. A job file is published under a version made from its
content; what it cannot do it refuses here, before anything is changed: datastores it does not
know, pipelines that are not published or are disabled, steps that are not commands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.audit.records import RunRecord
from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Path
from reconciler.declare.jobs.job_document import (
    definition_inputs,
    input_findings,
)
from reconciler.declare.suspensions import enabled_by, suspension_of, suspension_text
from reconciler.document import (
    document_digest,
    document_from_schedule,
    schedule_digest,
    schedule_from_document,
)
from reconciler.errors import ProviderError, ProviderUnavailable, Rejected
from reconciler.firing import next_fires
from reconciler.model import (
    Canonical,
    ContentChange,
    DatastoreChange,
    Job,
    JobDefinition,
    Key,
    LiveSchedule,
    Note,
    Schedule,
    Source,
    Suspension,
    Trigger,
    data_path_of,
)
from reconciler.plan.contents import content_changes
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import DataCursor, PastFire
from reconciler.providers.local_cursors import data_cursor, put_data_cursor
from reconciler.providers.local_diff import files_of, with_diffs
from reconciler.providers.local_jobs import (
    IGNORED_KEYS,
    address_note,
    definition_notes,
    experiment_of,
    ignored_note,
    publication,
    unknown_datastore,
)
from reconciler.providers.local_runs import (
    backfill,
    brought_runs,
    files_within,
    has_run,
    recorded_runs,
)
from reconciler.workspace.datastores.address_check import address_errors
from reconciler.workspace.datastores.addresses import AddressError, DataAsset
from reconciler.workspace.datastores.changes import Listed
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.code import code_files, in_repository
from reconciler.workspace.store.database import Refused, StoreError
from reconciler.workspace.store.moving.brought import Brought
from reconciler.workspace.store.references import PREFIX, split_reference
from reconciler.workspace.store.schedules import (
    NewSchedule,
    PipelineRow,
    ScheduleRow,
    Store,
    VersionRow,
    short_version,
)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


class LocalProvider:
    """The schedules of one embedded workspace."""

    concurrent = False

    def __init__(
        self,
        name: str,
        store: Store,
        *,
        owner: str | None,
        datastores: Iterable[str] = (),
        data: Mapping[str, DataAsset] | None = None,
        clock: Clock = utc_now,
        repository: str | None = None,
        places: Mapping[str, Datastore] | None = None,
    ) -> None:
        """`name`: the target's. `owner`: whose what is created or updated becomes.
        `data`: the data assets of the target. `places`: where its datastores are, for whoever
        lists them.
        """
        self._places = places or {}
        self.name = name
        self.store = store
        self.owner = owner
        self._repository = repository
        self._datastores = tuple(datastores)
        self._assets = data or {}
        self._addresses: dict[tuple[str, str], tuple[tuple[Path, AddressError], ...]] = {}
        self._clock = clock
        self._pipelines: dict[str, _Pipeline] | None = None
        # What is written without having been made canonical is not a declaration.
        self._desired: set[str] = set()
        self._compared: dict[tuple[str, str, str], tuple[ContentChange, ...]] = {}

    def identity(self) -> str | None:
        """The id in its file, wherever that is mounted; a copy of the file has the same."""
        with self.errors(None, "identify"):
            found = self.store.identity()
        return f"local:{found}" if found is not None else None

    def list(self) -> list[LiveSchedule]:
        """Every schedule in the file, by name; none if there is no file yet."""
        with self.errors(None, "list"):
            rows = self.store.schedules()
        self._pipelines = None  # what `canonical` knows is as old as the last list
        return [self._live(row) for row in rows]

    def prepare(self, declared: Sequence[Schedule]) -> None:
        """Nothing: all that has to be known is at hand."""

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        """The experiment named, the job file as the version that it is published under."""
        job = schedule.job
        notes = tuple(self._notes(schedule))
        self._desired.add(schedule.key.name)
        reference = job.reference
        if job.definition is not None:
            version = short_version(job.definition.digest)
            reference = f"{PREFIX}{job.definition.name}:{version}"
        elif reference.endswith("@latest"):
            reference = reference.removesuffix("@latest")
        experiment = job.experiment_name or self._experiment(job) or schedule.key.name
        contents = self._contents(job, live) if live is not None else ()
        if (reference, experiment) == (job.reference, job.experiment_name):
            return Canonical(schedule, notes, contents=contents)
        settled = replace(job, reference=reference, experiment_name=experiment)
        return Canonical(replace(schedule, job=settled), notes, contents=contents)

    def preflight(self, schedules: Sequence[Schedule]) -> Sequence[tuple[Key, Note]]:
        """Nothing: what is not there was said when they were made canonical."""
        return ()

    def create(self, schedule: Schedule) -> None:
        """Publish its job file, if it has one, and store it."""
        self._put(schedule, "create", None)

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Publish its job file, if it has one, and store it in place of `live`, with the history
        and the cursor of that where it has another name.
        """
        old = live.key.name if live.key != schedule.key else None
        self._put(schedule, "update", live.fingerprint, renamed_from=old)

    def disable(self, live: LiveSchedule, *, by_hand: bool = False) -> None:
        """Store it as disabled."""
        off = None if by_hand else schedule_digest(replace(live.schedule, enabled=False))
        with self.errors(live.key, "disable"):
            self.store.disable_schedule(
                live.key.name, expected=live.fingerprint, now=self._clock(), applied=off
            )

    def suspend(self, live: LiveSchedule, suspension: Suspension | None) -> None:
        """Store it as disabled, with the suspension in a column; None: as it was before."""
        with self.errors(live.key, "suspend" if suspension is not None else "resume"):
            self.store.suspend_schedule(
                live.key.name,
                expected=live.fingerprint,
                enabled=enabled_by(live, suspension),
                suspended=suspension_text(suspension) if suspension is not None else None,
                now=self._clock(),
            )

    def firing_trigger(self, schedule: Schedule) -> Trigger:
        """The engine takes every trigger as it stands."""
        return schedule.trigger

    def first_run(self, schedule: Schedule) -> None:
        """It runs when its trigger fires, and not before."""

    def next_fires(
        self, schedule: Schedule, after: datetime, until: datetime, created: datetime | None = None
    ) -> Iterable[datetime]:
        """As the engine will fire it; one without a start counts from `after`."""
        return next_fires(schedule.trigger, after, until, created or after)

    # --------------------------------------------------------------------------------- canonical

    def _contents(self, job: Job, live: LiveSchedule) -> tuple[ContentChange, ...]:
        """How the job file differs from the version that the live schedule runs."""
        name, version = split_reference(live.schedule.job.reference)
        definition = job.definition
        if definition is None or version is None or definition.name != name:
            return ()
        if version == short_version(definition.digest):
            return ()
        key = (name, version, definition.digest)
        if key not in self._compared:
            self._compared[key] = self._compare(name, version, definition)
        return self._compared[key]

    def _compare(
        self, name: str, version: str, definition: JobDefinition
    ) -> tuple[ContentChange, ...]:
        with self.errors(None, "read the pipeline " + name):
            old = self.store.version(name, version)
            code = self.store.code.of(name, version)
        if old is None:
            return ()
        new = publication(definition)
        before = {path: file.digest for path, file in code_files(code.values())}
        after = {
            in_repository(one.path, file): file.digest
            for one in new.code.values()
            for file in one.files
        }
        document = json.loads(new.document)
        found = content_changes(name, old.document, document, before, after)
        places = {
            path: self.store.code.place(file.digest) for path, file in code_files(code.values())
        }
        return with_diffs(found, old.document, document, old=places, new=files_of(new.code))

    def _experiment(self, job: Job) -> str | None:
        """What the job itself says: its file, or the published version."""
        if job.definition is not None:
            return experiment_of(job.definition.document)
        name, version = split_reference(job.reference)
        pipeline = self._known().get(name)
        document = pipeline and pipeline.versions.get(version or pipeline.newest)
        return experiment_of(document) if document else None

    def _notes(self, schedule: Schedule) -> Iterator[Note]:
        job = schedule.job
        if job.definition is not None:
            yield from definition_notes(job.definition)
            yield from self._address_notes(job, job.definition)
            yield from self._disabled(schedule, job.definition.name)
        else:
            yield from self._registered(schedule)
        said = {*job.extra, *(f"settings.{key}" for key in job.settings)}
        if job.compute is not None:
            said.add("compute")
        if said & set(IGNORED_KEYS):
            yield ignored_note(said)
        trigger = schedule.trigger
        if isinstance(trigger, DatastoreChange) and trigger.datastore not in self._datastores:
            yield unknown_datastore(trigger, self._datastores)

    def _address_notes(self, job: Job, definition: JobDefinition) -> Iterator[Note]:
        """Data that the job or the schedule names, and the target does not have."""
        key = (definition.digest, repr(job.inputs))
        if key not in self._addresses:
            document = json.loads(publication(definition).document)
            found = address_errors(document, job.inputs, self._datastores, self._assets)
            self._addresses[key] = tuple(found)
        for path, error in self._addresses[key]:
            yield address_note(path, error, definition)

    def _registered(self, schedule: Schedule) -> Iterator[Note]:
        """A job that is published already: it has to be there, enabled, and take the inputs."""
        name, version = split_reference(schedule.job.reference)
        pipeline = self._known().get(name)
        if pipeline is None:
            yield Note(
                "refused",
                "create_job.job",
                f'no pipeline "{name}" is published',
                nearest(name, [*self._known()])
                or "`reconciler pipelines publish FILE` publishes a job file",
            )
            return
        if version is not None and version not in pipeline.versions:
            yield Note(
                "refused",
                "create_job.job",
                f'the pipeline "{name}" has no version "{version}"',
                f"the newest is {pipeline.newest}",
            )
            return
        yield from self._disabled(schedule, name)
        document = pipeline.versions[version or pipeline.newest]
        data_path = data_path_of(schedule.trigger)
        for finding in input_findings(schedule.job, definition_inputs(document), data_path):
            where = ".".join(str(part) for part in finding.path)
            yield Note("refused", where, finding.message, finding.hint)

    def _disabled(self, schedule: Schedule, name: str) -> Iterator[Note]:
        pipeline = self._known().get(name)
        if pipeline is None or not schedule.enabled:
            return
        version = split_reference(schedule.job.reference)[1] or pipeline.newest
        if not pipeline.enabled or version in pipeline.disabled:
            which = "" if not pipeline.enabled else f"version {version} of "
            yield Note(
                "refused",
                "create_job",
                f'{which}the pipeline "{name}" is disabled',
                f"`reconciler pipelines enable {name}`, or is_enabled: false in the schedule",
            )

    def _known(self) -> Mapping[str, _Pipeline]:
        if self._pipelines is None:
            with self.errors(None, "list pipelines"):
                self._pipelines = {
                    row.name: _pipeline(row, self.store.versions(row.name))
                    for row in self.store.pipelines()
                }
        return self._pipelines

    def runs_of(self, schedule: str, since: datetime) -> Sequence[RunRecord]:
        """The runs of a schedule that were made or due since then, the forgotten ones too."""
        with self.errors(Key(self.name, schedule), "list runs of"):
            return recorded_runs(self.store.database, schedule, since)

    def past_files(self, live: LiveSchedule, since: datetime, until: datetime) -> Sequence[Listed]:
        """See Backfills."""
        return files_within(live.schedule.trigger, self._places, since, until)

    def has_run(self, live: LiveSchedule, fire: PastFire) -> bool:
        """See Backfills."""
        with self.errors(live.key, "backfill"):
            return has_run(self.store.database, live.schedule, fire)

    def backfill(self, live: LiveSchedule, fire: PastFire, now: datetime) -> str | None:
        """See Backfills."""
        with self.errors(live.key, "backfill"):
            return backfill(self.store.database, live.schedule, fire, now)

    def data_cursor(self, live: LiveSchedule) -> DataCursor | None:
        """See KeepsCursors."""
        with self.errors(live.key, "carry over"):
            return data_cursor(self.store.database, live)

    def put_data_cursor(self, live: LiveSchedule, cursor: DataCursor) -> None:
        """See KeepsCursors."""
        with self.errors(live.key, "carry over"):
            put_data_cursor(self.store.database, live, cursor, self._clock())

    def take_runs(self, source: Provider, schedules: Sequence[str]) -> Brought | None:
        """See TakesRuns: of another embedded workspace."""
        if not isinstance(source, LocalProvider):
            return None
        found = []
        with self.errors(None, "bring the runs of"):
            for name in self._ours(source._ours(schedules)):
                found.append(
                    brought_runs(self.store.database, source.store.database, name, source.name)
                )
        return Brought(sum(one.runs for one in found), sum(one.open for one in found))

    def _ours(self, schedules: Sequence[str]) -> Sequence[str]:
        return [row.name for row in self.store.schedules(schedules) if row.owner == self.owner]

    # ----------------------------------------------------------------------------------- storing

    def _put(
        self,
        schedule: Schedule,
        operation: str,
        expected: str | None,
        *,
        renamed_from: str | None = None,
    ) -> None:
        definition = schedule.job.definition
        source = schedule.source
        name, _ = split_reference(schedule.job.reference)
        name_of = schedule.key.name
        document = document_from_schedule(schedule)
        with self.errors(schedule.key, operation):
            self.store.put_schedule(
                NewSchedule(
                    name=name_of,
                    owner=self.owner,
                    document=document,
                    pipeline=name,
                    source_path=source.path if source else None,
                    source_line=source.line if source else None,
                    applied=document_digest(document) if name_of in self._desired else None,
                    repository=self._repository if name_of in self._desired else None,
                ),
                expected=expected,
                publication=publication(definition) if definition is not None else None,
                now=self._clock(),
                renamed_from=renamed_from,
            )

    def _live(self, row: ScheduleRow) -> LiveSchedule:
        key = Key(self.name, row.name)
        source = Source(row.source_path, row.source_line or 1) if row.source_path else None
        try:
            schedule = schedule_from_document(row.document, key, source)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProviderError(key, "list", f"the stored schedule is damaged: {error}") from error
        if schedule.job.experiment_name is None:
            # What Azure's API made without one runs under its own name, as `canonical` has it.
            job = replace(schedule.job, experiment_name=row.name)
            schedule = replace(schedule, job=job)
        return LiveSchedule(
            schedule,
            row.owner,
            row.fingerprint,
            row.modified_by,
            row.modified_at,
            row.created_at,
            row.applied,
            suspended=suspension_of(row.suspended),
            repository=row.repository,
        )

    @contextmanager
    def errors(self, key: Key | None, operation: str) -> Iterator[None]:
        """What the store raises, as ProviderErrors."""
        try:
            yield
        except Refused as error:
            raise Rejected(key, operation, str(error)) from error
        except StoreError as error:
            kind = ProviderUnavailable if error.temporary else ProviderError
            raise kind(key, operation, str(error)) from error


class _Pipeline:
    """A published pipeline: its versions' canonical documents, and which of them are disabled."""

    __slots__ = ("disabled", "enabled", "newest", "versions")

    def __init__(
        self, enabled: bool, newest: str, versions: dict[str, str], disabled: frozenset[str]
    ) -> None:
        self.enabled = enabled
        self.newest = newest
        self.versions = versions
        self.disabled = disabled


def _pipeline(row: PipelineRow, versions: list[VersionRow]) -> _Pipeline:
    return _Pipeline(
        row.enabled,
        row.version,
        {v.version: json.dumps(v.document, sort_keys=True) for v in versions},
        frozenset(v.version for v in versions if not v.enabled),
    )
