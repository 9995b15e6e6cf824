"""The schedules of an Azure Machine Learning workspace as a target."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from reconciler.audit.records import RunRecord
from reconciler.declare.suspensions import (
    enabled_by,
    in_force,
    suspension_of,
    suspension_text,
    suspension_words,
)
from reconciler.document import schedule_digest
from reconciler.errors import Rejected
from reconciler.firing import next_fires
from reconciler.firing.rules.recurrence import has_open_start
from reconciler.model import (
    Canonical,
    Cron,
    DatastoreChange,
    Job,
    Key,
    LiveSchedule,
    Note,
    Recurrence,
    Schedule,
    Suspension,
    Trigger,
)
from reconciler.providers.azureml import canonical as forms
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.cron import as_fired
from reconciler.providers.azureml.deploy.deployments import Deployments, DeployOptions
from reconciler.providers.azureml.deploy.notes import Before
from reconciler.providers.azureml.deploy.resources import Resources
from reconciler.providers.azureml.jobs.definition import carry_experiment, component_ids
from reconciler.providers.azureml.returning.home import Home
from reconciler.providers.azureml.returning.jobs import live_job
from reconciler.providers.azureml.runs.data_changes import (
    RENAMED,
    address_of,
    watched_folder,
    watched_since,
)
from reconciler.providers.azureml.runs.datastores import find_datastore
from reconciler.providers.azureml.runs.declared_inputs import undeclared
from reconciler.providers.azureml.runs.job_bodies import (
    CAUSE,
    DATA_PATH,
    by_hand_name,
    file_name,
    job_name,
    job_properties,
    past_job_name,
)
from reconciler.providers.azureml.runs.jobs import Jobs
from reconciler.providers.azureml.wire import (
    DIGEST,
    SUSPENDED,
    Foreign,
    Marks,
    marks_from_wire,
    properties_to_wire,
    schedule_from_wire,
    tags_from_wire,
)
from reconciler.providers.capabilities import BringHome, DataWatch, LiveJob, PastFire, Unsayable
from reconciler.workspace.datastores.changes import Listed, changed_within
from reconciler.workspace.datastores.datastore import Datastore

_UNANCHORED = "n:"
"""Before the digest of a schedule whose declaration has no start: the service fills one in, and
that is not part of what was applied."""


_CLEAR = timedelta(minutes=3)
"""So long before a fire nothing is renamed: the calls of it, with their retries, take less."""
_FRESH_SECONDS = 30.0
"""How long what `list` read is good enough to write upon without reading it again. See
docs/decisions/0010-azure-writes.md."""


_FIRST_RUN = (
    "it has no start_time: it waits for the first time of its pattern, but Azure's documentation"
    " also says that it runs as soon as it is created; a start_time settles it"
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A live schedule as it was read: what an update starts from."""

    properties: Mapping[str, Any]
    live: LiveSchedule
    foreign: str | None
    at: float


class AzureMLProvider:
    """The schedules of one workspace."""

    concurrent = True

    def __init__(
        self,
        name: str,
        client: Client,
        *,
        owner: str | None,
        revision: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        options: DeployOptions | None = None,
        repository: str | None = None,
        datastores: Mapping[str, Datastore] | None = None,
    ) -> None:
        """`name`: the target's. `revision`: the commit that is applied. `datastores`: those that
        are elsewhere than the workspace says.
        """
        self._datastores = dict(datastores or {})
        self._resources = Resources(client.calls, client.workspace)
        self._jobs = Jobs(client, self._resources)
        self.name = name
        self.owner = owner
        self._client = client
        self._revision = revision
        self._repository = repository
        self._now = now
        self._read: dict[str, _Read] = {}
        self._listed_at: float | None = None
        self._written: set[str] = set()
        self._digests: dict[str, str] = {}
        self._stopped: dict[str, dict[str, Any]] = {}
        self._used: frozenset[str] | None = None
        self._home: Home | None = None
        options = options or DeployOptions()
        self._upload_data = options.upload_data
        self._deployments = Deployments(client, options)

    def identity(self) -> str:
        """The address of the workspace in ARM; ARM tells no upper case from lower."""
        workspace = self._client.workspace
        return f"azureml:{urlsplit(workspace.endpoint).netloc}{workspace.id}".lower()

    def list(self) -> Iterable[LiveSchedule]:
        """Every schedule: ours or not, enabled or not, also those that are not read further."""
        self._listed_at = None
        self._jobs.forget()
        self._read.clear()
        self._written.clear()
        self._used = None
        self._deployments.forget()
        began = self._client.clock()
        for resource in self._client.list():
            yield self._live(resource["name"], resource)
        self._listed_at = began

    def prepare(self, declared: Sequence[Schedule]) -> None:
        """Asks for their code, labels and components, several at a time."""
        self._deployments.prepare(declared, self._used_assets())

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        """As the workspace would report it."""
        read = self._read.get(live.key.name) if live is not None else None
        if read is not None and read.foreign is not None:
            message = f"a schedule of another kind has this name: {read.foreign}"
            note = Note("refused", "name", message, "choose another name")
            return Canonical(schedule, (note,))
        over = live.schedule.trigger if live is not None else None
        before = _before(read.properties) if read is not None else None
        used = self._used_assets()
        settled = self._deployments.settle(schedule, over, used, before).canonical
        if live is not None and schedule.job.experiment_name is None:
            job = carry_experiment(settled.schedule.job, live.schedule.job)
            settled = replace(settled, schedule=replace(settled.schedule, job=job))
        unanchored = getattr(schedule.trigger, "start_time", None) is None
        digest = self._digests[schedule.key.name] = _with_mark(settled.schedule, unanchored)
        settled = replace(settled, digest=digest)
        if live is None or live.key == schedule.key or live.owner != self.owner:
            return settled
        old = live.key.name
        message = f"Azure renames nothing: {old} is disabled, then the new one is made"
        hint = f"the jobs of {old} stay under its name"
        note = Note("rewritten", "renamed_from", message, hint)
        return replace(settled, notes=(*settled.notes, note))

    def preflight(self, schedules: Sequence[Schedule]) -> Sequence[tuple[Key, Note]]:
        """What they need and the workspace has not; each distinct thing is asked for once, and
        none that the live schedule runs already.
        """
        found = {schedule.key: self._read.get(schedule.key.name) for schedule in schedules}
        live = {key: read and read.properties.get("action") for key, read in found.items()}
        return list(self._deployments.preflight(live))

    def _used_assets(self) -> frozenset[str]:
        """The paths of the anonymous assets that live schedules run: those are there."""
        if self._used is None:
            home = f"{self._client.workspace.id}/"
            self._used = frozenset(
                path.removeprefix(home)
                for read in self._read.values()
                if read.foreign is None
                for path in component_ids(read.properties)
                if path.startswith(home)
            )
        return self._used

    def bring(self, schedule: Schedule) -> None:
        """See BringsAlong: code, environments and components."""
        self._deployments.deploy(schedule.key)

    def create(self, schedule: Schedule) -> None:
        """Put it, with our marks, unless something stands there by now."""
        name = schedule.key.name
        found = None if self._is_known_absent(name) else self._client.get(name)
        if found is None:
            self._put(schedule, "create", self._stopped.pop(name, None))
            return
        live = self._live(name, found)
        if live.owner is None or live.owner != self.owner:
            whose = f'managed by "{live.owner}"' if live.owner else "made by hand"
            reason = f"it was made after the plan was made, and is {whose}"
            raise Rejected(schedule.key, "create", reason)
        trigger = forms.carry_start(schedule.trigger, live.schedule.trigger)
        wanted = replace(schedule, trigger=trigger)
        if live.fingerprint != _fingerprint(wanted, self.owner):
            reason = "it was made after the plan was made, and is another than this"
            raise Rejected(schedule.key, "create", reason)
        self._put(wanted, "create", self._read[name].properties)

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Put it over what is live; what is not known there survives."""
        read = self._as_planned(live, "update")
        known = (live.fingerprint, _fingerprint(schedule, self.owner))
        renamed = live.key != schedule.key
        if read.live.fingerprint not in known and (read.live.schedule.enabled or not renamed):
            raise Rejected(live.key, "update", "it was changed after the plan was made")
        stopped = in_force(read.live, self._now())
        if schedule.enabled and stopped is not None:
            reason = f"it is {suspension_words(stopped)}; `reconciler resume` ends that"
            raise Rejected(live.key, "update", reason)
        if renamed:
            self._rename(schedule, read.live)
            return
        self._put(schedule, "update", read.properties)

    def _rename(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Disable `live` and make `schedule`, at a time when neither fires: no fire is lost
        between the two, and none is made by both. Done again it goes on where it was stopped.
        """
        now = self._now()
        due = next(iter(self.next_fires(live.schedule, now, now + _CLEAR, live.created_at)), None)
        if due is not None and live.schedule.enabled:
            reason = f"{live.key.name} fires at {due:%H:%M} UTC: apply again after that"
            raise Rejected(schedule.key, "update", reason)
        stopped = self._read[live.key.name].properties.get("tags") or {}
        self.disable(live)
        kept = {tag: stopped[tag] for tag in (SUSPENDED,) if tag in stopped}
        if isinstance(schedule.trigger, DatastoreChange):
            kept[RENAMED] = live.key.name
        if kept:
            self._stopped[schedule.key.name] = {"tags": kept}
        self.create(schedule)

    def disable(self, live: LiveSchedule, *, by_hand: bool = False) -> None:
        """Put what is live again, switched off; all else as it is, the marks too.

        By hand one of any kind can be.
        """
        read = self._as_planned(live, "disable", of_any_kind=by_hand)
        if not read.live.schedule.enabled:
            return
        properties = _switched(read, live, "disable")
        off = replace(read.live.schedule, enabled=False)
        if not isinstance(off.trigger, DatastoreChange) and _is_over(off.trigger, self._now()):
            # Azure takes no schedule whose end is past, not even to switch it off.
            properties["trigger"] = {**properties["trigger"], "endTime": None}
            off = replace(off, trigger=replace(off.trigger, end_time=None))
        if not by_hand and read.live.owner is not None:
            unanchored = (read.live.applied or "").startswith(_UNANCHORED)
            properties["tags"] = {**properties["tags"], DIGEST: _with_mark(off, unanchored)}
        self._written.add(live.key.name)
        self._client.put(live.key.name, properties, "disable")

    def enable(self, live: LiveSchedule) -> None:
        """See PutsBack. What was last applied stays on record."""
        read = self._as_planned(live, "enable", of_any_kind=True)
        if read.live.schedule.enabled:
            return
        properties = _switched(read, live, "enable")
        self._written.add(live.key.name)
        self._client.put(live.key.name, properties, "enable")

    def suspend(self, live: LiveSchedule, suspension: Suspension | None) -> None:
        """Put what is live again, switched off, with the suspension in a tag; None: as before."""
        operation = "suspend" if suspension is not None else "resume"
        read = self._as_planned(live, operation)
        if read.live.fingerprint != live.fingerprint:
            raise Rejected(live.key, operation, "it was changed meanwhile")
        tags = dict(read.properties.get("tags") or {})
        tags.pop(SUSPENDED, None)
        if suspension is not None:
            tags[SUSPENDED] = suspension_text(suspension)
        properties = {
            **read.properties,
            "tags": tags,
            "isEnabled": enabled_by(read.live, suspension),
        }
        properties.pop("provisioningState", None)
        self._written.add(live.key.name)
        self._client.put(live.key.name, properties, operation)

    def firing_trigger(self, schedule: Schedule) -> Trigger | None:
        """A cron fires on every day of the month, whatever it says: Azure ignores these fields."""
        trigger = schedule.trigger
        if trigger is _UNREADABLE:
            return None
        return as_fired(trigger) if isinstance(trigger, Cron) else trigger

    def first_run(self, schedule: Schedule) -> str | None:
        """Of a pattern without a start, Microsoft's documentation says two things: that the start
        is the moment of creation, and that "the first job will run instantly".
        """
        trigger = schedule.trigger
        if isinstance(trigger, Recurrence) and has_open_start(trigger):
            return _FIRST_RUN
        return None

    def next_fires(
        self, schedule: Schedule, after: datetime, until: datetime, created: datetime | None = None
    ) -> Iterable[datetime]:
        """By Azure's documented rules; one without a start counts from `created`, or `after`."""
        trigger = self.firing_trigger(schedule)
        return () if trigger is None else next_fires(trigger, after, until, created or after)

    def live_job(self, live: LiveSchedule, home: BringHome | None = None) -> LiveJob:
        """See WritesJobs."""
        read = self._read[live.key.name]
        if read.foreign is not None:
            raise Unsayable(read.foreign)
        job = live_job(read.properties, self._client.workspace)
        if home is None:
            return job
        if self._home is None or self._home.wanted is not home:
            self._home = Home(self._resources, home, upload_data=self._upload_data)
        return self._home.bring(job, live.key.name)

    # ---------------------------------------------------------------------- changes in datastores

    def data_watches(self) -> Sequence[DataWatch]:
        """See FollowsFolders."""
        return [
            DataWatch(
                live.key.name,
                live.schedule.trigger,
                live.schedule.enabled,
                watched_since(self._tags(live)),
                live.modified_at,
                self._tags(live).get(RENAMED),
            )
            for live in self.list()
            if live.owner is not None
            and live.owner == self.owner
            and isinstance(live.schedule.trigger, DatastoreChange)
        ]

    def _tags(self, live: LiveSchedule) -> Mapping[str, Any]:
        return tags_from_wire(self._read[live.key.name].properties)

    def datastore(self, name: str) -> Datastore:
        """See FollowsFolders."""
        found = self._datastores.get(name)
        if found is None:
            found = self._datastores[name] = find_datastore(name, self._resources.get)
        return found

    def job_name(self, watch: DataWatch, address: str, stamp: str) -> str:
        """See FollowsFolders."""
        return job_name(watch.name, address, stamp)

    def address(self, watch: DataWatch, name: str) -> str:
        """See FollowsFolders."""
        return address_of(watch.trigger, name)

    def submit(self, watch: DataWatch, job: str, address: str, at: datetime) -> None:
        """See FollowsFolders."""
        parameter = watch.trigger.data_path_parameter_name
        inputs = {parameter: address} if parameter is not None else {}
        marks = {CAUSE: "data", DATA_PATH: address}
        definition = _definition(self._read[watch.name].properties)
        properties = job_properties(watch.name, definition, inputs, at, marks)
        self._put_job(job, properties, Key(self.name, watch.name))

    def _put_job(self, job: str, properties: Mapping[str, Any], key: Key) -> None:
        try:
            self._resources.put(f"jobs/{job}", properties, key)
        except Rejected:
            # A job does not change once it is there: another try, or another agent, made it.
            if self._resources.get(f"jobs/{job}") is None:
                raise

    # ----------------------------------------------------------------------------------------- runs

    def trigger(self, live: LiveSchedule, inputs: Mapping[str, str], at: datetime) -> str:
        """Have the job of a schedule that `list` gave run once, with inputs over its own; its
        name. Rejected.
        """
        name, read = live.key.name, self._read[live.key.name]
        if read.foreign is not None:
            raise Rejected(live.key, "trigger", f"it is a schedule of another kind: {read.foreign}")
        definition = _definition(read.properties)
        unknown = undeclared(inputs, definition, self._resources.get)
        if unknown is not None:
            wrong, known = unknown
            has = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise Rejected(live.key, "trigger", f'the job declares no input "{wrong}"; {has}')
        job = by_hand_name(name, at)
        properties = job_properties(name, definition, inputs, at, {CAUSE: "manual"})
        self._resources.put(f"jobs/{job}", properties, live.key)
        return job

    def past_files(self, live: LiveSchedule, since: datetime, until: datetime) -> Sequence[Listed]:
        """See Backfills."""
        trigger = live.schedule.trigger
        if not isinstance(trigger, DatastoreChange):
            return ()
        listed = self.datastore(trigger.datastore).list(trigger.path_on_datastore)
        return changed_within(listed, since, until)

    def has_run(self, live: LiveSchedule, fire: PastFire) -> bool:
        """See Backfills. Jobs that Azure started have names of its own, and the instant in the name
        that they are shown by.
        """
        if fire.file is None and self._jobs.ran(live.key.name, fire.due_at):
            return True
        return self._resources.get(f"jobs/{past_job_name(live.schedule, fire)}") is not None

    def forget_runs(self) -> None:
        """See RemembersRuns."""
        self._jobs.forget()

    def backfill(self, live: LiveSchedule, fire: PastFire, now: datetime) -> str | None:
        """See Backfills. A job for a file has the name that the agent would give it."""
        if self.has_run(live, fire):
            return None
        name, trigger, inputs = live.key.name, live.schedule.trigger, {}
        marks = {CAUSE: "backfill"}
        if fire.file is not None and isinstance(trigger, DatastoreChange):
            marks[DATA_PATH] = address = address_of(trigger, file_name(fire.file))
            if trigger.data_path_parameter_name is not None:
                inputs[trigger.data_path_parameter_name] = address
        job = past_job_name(live.schedule, fire)
        definition = _definition(self._read[name].properties)
        self._put_job(job, job_properties(name, definition, inputs, fire.due_at, marks), live.key)
        return job

    @property
    def jobs(self) -> Jobs:
        """Those of the workspace."""
        return self._jobs

    def runs_of(self, schedule: str, since: datetime) -> Sequence[RunRecord]:
        """See KnowsRuns: by the names that Azure shows them under, and our properties."""
        return self._jobs.since(since).get(schedule, ())

    # ---------------------------------------------------------------------------------- reading

    def _live(self, name: str, resource: Mapping[str, Any]) -> LiveSchedule:
        properties, system = resource.get("properties") or {}, resource.get("systemData") or {}
        marks = marks_from_wire(properties)
        foreign: str | None = None
        try:
            schedule = schedule_from_wire(name, properties, self.name, self._client.workspace)
        except Foreign as error:
            foreign = str(error)
            trigger = error.trigger or _UNREADABLE
            schedule = _placeholder(Key(self.name, name), properties, foreign, trigger)
            marks = None
        owner = marks.owner if marks is not None else None
        applied = marks.digest if marks is not None else None
        unanchored = applied is not None and applied.startswith(_UNANCHORED)
        fingerprint = _fingerprint(schedule, owner)
        live = LiveSchedule(
            schedule,
            owner,
            fingerprint if foreign is None else _fingerprint_of_all(properties),
            modified_by=system.get("lastModifiedBy"),
            modified_at=_instant(system.get("lastModifiedAt")),
            created_at=_instant(system.get("createdAt")),
            applied=applied,
            digest=_with_mark(schedule, unanchored),
            repository=marks.repository if marks is not None else None,
            suspended=suspension_of(tags_from_wire(properties).get(SUSPENDED)),
        )
        self._read[name] = _Read(properties, live, foreign, self._client.clock())
        return live

    def _is_known_absent(self, name: str) -> bool:
        """Whether it was not there a moment ago, when everything was listed."""
        return (
            self._listed_at is not None
            and self._client.clock() - self._listed_at < _FRESH_SECONDS
            and name not in self._read
            and name not in self._written
        )

    def _as_planned(
        self, live: LiveSchedule, operation: str, *, of_any_kind: bool = False
    ) -> _Read:
        """What is live now: as it was read a moment ago, or is read again."""
        name = live.key.name
        read = self._read.get(name)
        age = self._client.clock() - read.at if read is not None else _FRESH_SECONDS
        if read is None or age >= _FRESH_SECONDS or name in self._written:
            found = self._client.get(name)
            if found is None:
                raise Rejected(live.key, operation, "it does not exist any more")
            self._live(name, found)
            read = self._read[name]
        if read.foreign is not None and not of_any_kind:
            raise Rejected(live.key, operation, "it is a schedule of another kind")
        return read

    # ---------------------------------------------------------------------------------- writing

    def _since(self, schedule: Schedule, base: Mapping[str, Any] | None) -> datetime | None:
        """From when on changes of its folder count: as long as it stays enabled, and the folder
        the same, as before.
        """
        trigger = schedule.trigger
        if not isinstance(trigger, DatastoreChange):
            return None
        if base is not None and base.get("isEnabled"):
            tags = tags_from_wire(base)
            if watched_folder(tags) == (trigger.datastore, trigger.path_on_datastore):
                return watched_since(tags) or self._now()
        return self._now()

    def _put(self, schedule: Schedule, operation: str, base: Mapping[str, Any] | None) -> None:
        marks = None
        if self.owner is not None:
            source = str(schedule.source) if schedule.source is not None else None
            # What is written without having been made canonical is not a declaration: what was
            # last applied stays on record.
            known = marks_from_wire(base) if base is not None else None
            digest = self._digests.get(schedule.key.name) or (known.digest if known else None)
            repository = known.repository if known else None
            if schedule.key.name in self._digests:
                repository = self._repository or repository
            marks = Marks(self.owner, source, self._revision, digest, repository)
        self._deployments.deploy(schedule.key)
        definition = self._deployments.definition(schedule.key.name)
        workspace = self._client.workspace
        properties = properties_to_wire(
            schedule, workspace, marks, base, definition, since=self._since(schedule, base)
        )
        self._written.add(schedule.key.name)
        self._client.put(schedule.key.name, properties, operation)


def _definition(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job that a schedule holds."""
    return (properties.get("action") or {}).get("jobDefinition") or {}


def _before(properties: Mapping[str, Any]) -> Before:
    marks = marks_from_wire(properties)
    definition = (properties.get("action") or {}).get("jobDefinition") or {}
    return Before(definition, marks.revision if marks is not None else None)


def _with_mark(schedule: Schedule, unanchored: bool) -> str:
    if not unanchored or isinstance(schedule.trigger, DatastoreChange):
        return schedule_digest(schedule)
    trigger = replace(schedule.trigger, start_time=None)
    return _UNANCHORED + schedule_digest(replace(schedule, trigger=trigger))


def _is_over(trigger: Recurrence | Cron, now: datetime) -> bool:
    if trigger.end_time is None:
        return False
    zone = ZoneInfo(trigger.time_zone)
    return trigger.end_time <= now.astimezone(zone).replace(tzinfo=None)


_UNREADABLE = Recurrence("day", 1)
"""Stands for a trigger that cannot be read, and is told from all others by what it is."""


def _placeholder(key: Key, properties: Mapping[str, Any], kind: str, trigger: Trigger) -> Schedule:
    """What is shown of a schedule that is not read further."""
    return Schedule(
        key,
        trigger,
        Job(reference=f"({kind})"),
        enabled=bool(properties.get("isEnabled", True)),
        display_name=_text(properties.get("displayName")),
        description=_text(properties.get("description")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _switched(read: _Read, live: LiveSchedule, operation: str) -> dict[str, Any]:
    """What was read, switched the other way; Rejected where it is not what was planned upon."""
    if read.live.fingerprint != live.fingerprint:
        raise Rejected(live.key, operation, "it was changed after the plan was made")
    properties = {**read.properties, "isEnabled": not read.live.schedule.enabled}
    properties.pop("provisioningState", None)
    return properties


def _fingerprint_of_all(properties: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in properties.items() if key != "provisioningState"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def _fingerprint(schedule: Schedule, owner: str | None) -> str:
    return f"{owner or ''} {schedule_digest(schedule)}"


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
