"""The schedules of an Azure Machine Learning workspace as a target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.document import schedule_digest
from reconciler.errors import Rejected
from reconciler.firing import next_fires
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
)
from reconciler.providers.azureml import canonical as forms
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.wire import (
    Foreign,
    Marks,
    marks_from_wire,
    properties_to_wire,
    schedule_from_wire,
)

_UNANCHORED = "n:"
"""Before the digest of a schedule whose declaration has no start: the service fills one in, and
that is not part of what was applied."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A live schedule as it was read: what an update starts from."""

    properties: Mapping[str, Any]
    foreign: str | None


class AzureMLProvider:
    """The schedules of one workspace."""

    concurrent = True

    def __init__(
        self, name: str, client: Client, *, owner: str | None, revision: str | None = None
    ) -> None:
        """`name`: the target's. `revision`: the commit that is applied."""
        self.name = name
        self.owner = owner
        self._client = client
        self._revision = revision
        self._read: dict[str, _Read] = {}
        self._digests: dict[str, str] = {}

    def list(self) -> Iterable[LiveSchedule]:
        """Every schedule: ours or not, enabled or not, also those that are not read further."""
        self._read.clear()
        for resource in self._client.list():
            name, properties = str(resource.get("name")), resource.get("properties") or {}
            system = resource.get("systemData") or {}
            live = self._live(name, properties, system)
            yield live

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        """As the workspace would report it."""
        read = self._read.get(schedule.key.name) if live is not None else None
        if read is not None and read.foreign is not None:
            message = f"a schedule of another kind has this name: {read.foreign}"
            note = Note("refused", "name", message, "choose another name")
            return Canonical(schedule, (note,))
        settled = forms.canonical(schedule, self._client.workspace, _live_start(schedule, live))
        unanchored = getattr(schedule.trigger, "start_time", None) is None
        digest = self._digests[schedule.key.name] = _with_mark(settled.schedule, unanchored)
        return replace(settled, digest=digest)

    def create(self, schedule: Schedule) -> None:
        """Put it, with our marks, unless something stands there by now."""
        found = self._client.get(schedule.key.name)
        if found is not None:
            properties = found.get("properties") or {}
            marks = marks_from_wire(properties)
            if marks is None or marks.owner != self.owner:
                whose = f'managed by "{marks.owner}"' if marks else "made by hand"
                reason = f"it was made after the plan was made, and is {whose}"
                raise Rejected(schedule.key, "create", reason)
            self._put(schedule, "create", properties)
            return
        self._put(schedule, "create", None)

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Put it over what is live; what is not known there survives."""
        self._put(schedule, "update", self._base(live, "update"))

    def disable(self, live: LiveSchedule) -> None:
        """Put what is live again, switched off; all else as it is, the marks too."""
        properties = dict(self._base(live, "disable"))
        properties.pop("provisioningState", None)
        properties["isEnabled"] = False
        self._client.put(live.key.name, properties, "disable")

    def next_fires(
        self, schedule: Schedule, after: datetime, until: datetime, created: datetime | None = None
    ) -> Iterable[datetime]:
        """By Azure's documented rules; one without a start counts from `created`, or `after`."""
        return next_fires(schedule.trigger, after, until, created or after)

    # ---------------------------------------------------------------------------------- reading

    def _live(
        self, name: str, properties: Mapping[str, Any], system: Mapping[str, Any]
    ) -> LiveSchedule:
        marks = marks_from_wire(properties)
        foreign: str | None = None
        try:
            schedule = schedule_from_wire(name, properties, self.name, self._client.workspace)
        except Foreign as error:
            foreign = str(error)
            schedule = _placeholder(Key(self.name, name), properties, foreign)
            marks = None
        self._read[name] = _Read(properties, foreign)
        applied = marks.digest if marks is not None else None
        unanchored = applied is not None and applied.startswith(_UNANCHORED)
        digest = _with_mark(schedule, unanchored)
        return LiveSchedule(
            schedule,
            marks.owner if marks is not None else None,
            fingerprint=_fingerprint(schedule, marks),
            modified_by=system.get("lastModifiedBy"),
            modified_at=_instant(system.get("lastModifiedAt")),
            created_at=_instant(system.get("createdAt")),
            applied=applied,
            digest=digest,
        )

    def _base(self, live: LiveSchedule, operation: str) -> Mapping[str, Any]:
        """The properties that are live now, if they still are what the plan saw."""
        found = self._client.get(live.key.name)
        if found is None:
            raise Rejected(live.key, operation, "it does not exist any more")
        properties: Mapping[str, Any] = found.get("properties") or {}
        now = self._live(live.key.name, properties, found.get("systemData") or {})
        if self._read[live.key.name].foreign is not None:
            raise Rejected(live.key, operation, "it is a schedule of another kind")
        if now.fingerprint != live.fingerprint:
            raise Rejected(live.key, operation, "it was changed after the plan was made")
        return properties

    # ---------------------------------------------------------------------------------- writing

    def _put(self, schedule: Schedule, operation: str, base: Mapping[str, Any] | None) -> None:
        marks = None
        if self.owner is not None:
            source = str(schedule.source) if schedule.source is not None else None
            digest = self._digests.get(schedule.key.name)
            marks = Marks(self.owner, source, self._revision, digest)
        properties = properties_to_wire(schedule, self._client.workspace, marks, base)
        self._client.put(schedule.key.name, properties, operation)


def _with_mark(schedule: Schedule, unanchored: bool) -> str:
    if not unanchored or isinstance(schedule.trigger, DatastoreChange):
        return schedule_digest(schedule)
    trigger = replace(schedule.trigger, start_time=None)
    return _UNANCHORED + schedule_digest(replace(schedule, trigger=trigger))


def _live_start(schedule: Schedule, live: LiveSchedule | None) -> datetime | None:
    trigger = live.schedule.trigger if live is not None else None
    return trigger.start_time if isinstance(trigger, Recurrence | Cron) else None


def _placeholder(key: Key, properties: Mapping[str, Any], kind: str) -> Schedule:
    """What is shown of a schedule that is not read further."""
    return Schedule(
        key,
        Recurrence("day", 1),
        Job(reference=f"({kind})"),
        enabled=bool(properties.get("isEnabled", True)),
        display_name=properties.get("displayName"),
        description=properties.get("description"),
    )


def _fingerprint(schedule: Schedule, marks: Marks | None) -> str:
    return f"{marks.owner if marks else ''} {schedule_digest(schedule)}"


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
