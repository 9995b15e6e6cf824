"""A schedule of ours <-> one of Temporal's API.

Everything is compared with what would be sent now, so that an edit of anything shows: the trigger
as a trigger where the format has words for it, the rest as a property of the live schedule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from temporalio.api.common.v1 import Payload as WirePayload
from temporalio.api.common.v1 import SearchAttributes
from temporalio.api.enums.v1 import ScheduleOverlapPolicy, TaskQueueKind
from temporalio.api.schedule.v1 import Schedule as WireSchedule
from temporalio.api.schedule.v1 import ScheduleListEntry
from temporalio.api.workflowservice.v1 import DescribeScheduleResponse

from reconciler.declare.suspensions import suspension_of
from reconciler.document import schedule_digest
from reconciler.model import (
    DatastoreChange,
    Job,
    Key,
    LiveSchedule,
    Recurrence,
    Schedule,
    Trigger,
)
from reconciler.providers.temporal.payload import (
    ABOUT,
    LOOK,
    WORKFLOW,
    Payload,
    about,
    payload_of,
    read_payload,
)
from reconciler.providers.temporal.specs.lowering import lower, lower_looks
from reconciler.providers.temporal.specs.spec_wire import spec_to_wire, trigger_from_wire

OWNER = "ReconcilerOwner"
APPLIED = "ReconcilerApplied"
SUSPENDED = "ReconcilerSuspended"
REPOSITORY = "ReconcilerRepository"
MARKS = (OWNER, APPLIED, SUSPENDED, REPOSITORY)
"""Search attributes, of the type Keyword."""
EDITED = "temporal."
"""How the properties begin that say what was edited in Temporal itself."""
_OURS = (WORKFLOW, LOOK)
LATE_SECONDS = 60
"""So late a fire may still start its run; later, it is missed, as in Azure."""


@dataclass(frozen=True, slots=True)
class Read:
    """A live schedule as it was read: what a write starts from."""

    live: LiveSchedule
    payload: Payload | None
    """None: it is another's workflow."""
    wire: WireSchedule
    marks: SearchAttributes
    token: bytes


def to_wire(schedule: Schedule, payload: Payload, task_queue: str) -> WireSchedule:
    """In just the form in which Temporal answers."""
    trigger, name = schedule.trigger, schedule.key.name
    overlap = ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
    workflow, identifier = WORKFLOW, name
    if isinstance(trigger, DatastoreChange):
        spec = lower_looks(trigger, name)
        overlap = ScheduleOverlapPolicy.SCHEDULE_OVERLAP_POLICY_SKIP
        workflow, identifier = LOOK, f"{name}/look"
    else:
        spec = lower(trigger, payload.created).spec
    made = WireSchedule(spec=spec_to_wire(spec))
    start = made.action.start_workflow
    start.workflow_id = identifier
    start.workflow_type.name = workflow
    start.task_queue.name = task_queue
    start.task_queue.kind = TaskQueueKind.TASK_QUEUE_KIND_NORMAL
    start.input.payloads.append(
        WirePayload(metadata={"encoding": b"json/plain"}, data=payload.to_bytes())
    )
    start.memo.fields[ABOUT].CopyFrom(
        WirePayload(
            metadata={"encoding": b"json/plain"},
            data=json.dumps(about(payload), sort_keys=True).encode("ascii"),
        )
    )
    made.policies.overlap_policy = overlap
    made.policies.catchup_window.FromSeconds(LATE_SECONDS)
    made.state.paused = not schedule.enabled
    return made


def same_on_wire(one: WireSchedule, other: WireSchedule) -> bool:
    """Whether both do the same; the notes of people do not count."""
    return all(
        getattr(one, part) == getattr(other, part) for part in ("spec", "action", "policies")
    ) and (one.state.paused == other.state.paused)


# --------------------------------------------------------------------------------------- reading


def read(target: str, name: str, found: DescribeScheduleResponse, task_queue: str) -> Read:
    """What Temporal says of one schedule."""
    key, wire = Key(target, name), found.schedule
    payload, whole = _payload(wire)
    owner = mark(found.search_attributes, OWNER)
    enabled = not wire.state.paused
    kind = wire.action.start_workflow.workflow_type.name
    schedule = None if payload is None else _schedule(payload, key, enabled)
    if payload is not None and schedule is not None:
        wanted = to_wire(schedule, payload, task_queue)
        schedule = _with_edits(schedule, wire, wanted, whole)
    elif kind in _OURS and owner is not None:
        payload, schedule = None, _damaged(key, enabled, wire)
    else:
        payload, owner = None, None
        schedule = foreign(key, kind, enabled, wire)
    info = found.info
    changed = info.update_time.ToDatetime() if info.update_time.seconds > 0 else None
    live = LiveSchedule(
        schedule,
        owner,
        fingerprint(schedule, owner),
        modified_at=_aware(changed),
        created_at=payload.created if payload else _aware(info.create_time.ToDatetime()),
        applied=mark(found.search_attributes, APPLIED) if owner is not None else None,
        suspended=suspension_of(mark(found.search_attributes, SUSPENDED)),
        repository=mark(found.search_attributes, REPOSITORY) if owner is not None else None,
    )
    return Read(live, payload, wire, found.search_attributes, found.conflict_token)


def entry(target: str, found: ScheduleListEntry) -> LiveSchedule:
    """One that is not ours, as the list has it."""
    info = found.info
    wire = WireSchedule(spec=info.spec)
    name, enabled = found.schedule_id, not info.paused
    schedule = foreign(Key(target, name), info.workflow_type.name, enabled, wire)
    return LiveSchedule(schedule, None, fingerprint(schedule, None))


def is_ours(found: ScheduleListEntry) -> bool:
    """Whether it starts a run of ours, whoever owns it."""
    return found.info.workflow_type.name in _OURS or bool(mark(found.search_attributes, OWNER))


def foreign(key: Key, workflow: str, enabled: bool, wire: WireSchedule) -> Schedule:
    """What is shown of a schedule that starts another workflow."""
    trigger = trigger_from_wire(wire.spec) or Recurrence("day", 1)
    return Schedule(key, trigger, Job(reference=f"(workflow {workflow})"), enabled=enabled)


def is_foreign(schedule: Schedule) -> bool:
    """Whether it is one of those."""
    return schedule.job.reference.startswith("(workflow ")


def is_trigger_unknown(schedule: Schedule) -> bool:
    """Whether nobody here can say when it fires: it was edited to what the format has no words
    for.
    """
    return f"{EDITED}spec" in schedule.properties


def fingerprint(schedule: Schedule, owner: str | None) -> str:
    """Changes with all that is compared."""
    return f"{owner or ''} {schedule_digest(schedule)}"


def mark(marks: SearchAttributes, name: str) -> str | None:
    """The value of a search attribute; None where there is none."""
    found = marks.indexed_fields.get(name)
    value = json.loads(found.data) if found is not None and found.data else None
    return value if isinstance(value, str) and value else None


def marks_to_wire(marks: Mapping[str, str | None]) -> SearchAttributes:
    """Those that are set."""
    return SearchAttributes(
        indexed_fields={
            name: WirePayload(
                metadata={"encoding": b"json/plain", "type": b"Keyword"},
                data=json.dumps(value).encode(),
            )
            for name, value in marks.items()
            if value is not None
        }
    )


def _payload(wire: WireSchedule) -> tuple[Payload | None, bool]:
    start = wire.action.start_workflow
    if len(start.input.payloads) != 1:
        return None, False
    try:
        return read_payload(start.input.payloads[0].data)
    except ValueError:
        return None, False


def _schedule(payload: Payload, key: Key, enabled: bool) -> Schedule | None:
    """What is declared; None where somebody has made something else of the input."""
    try:
        return payload.live(key, enabled=enabled)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _damaged(key: Key, enabled: bool, wire: WireSchedule) -> Schedule:
    """What is shown of a schedule of ours whose input is none any more."""
    trigger = trigger_from_wire(wire.spec)
    edits: dict[str, str | None] = {f"{EDITED}input": "edited"}
    if trigger is None:
        edits[f"{EDITED}spec"] = "edited"
    job = Job(reference="(edited)")
    return Schedule(key, trigger or Recurrence("day", 1), job, enabled, properties=edits)


def _with_edits(
    schedule: Schedule, wire: WireSchedule, wanted: WireSchedule, whole: bool
) -> Schedule:
    """As it is live, where somebody edited what its payload does not say."""
    edits: dict[str, str | None] = {}
    if wire.spec != wanted.spec:
        trigger = _trigger(schedule.trigger, wire)
        if trigger is None or trigger == schedule.trigger:
            edits["spec"] = "edited"
        else:
            schedule = replace(schedule, trigger=trigger)
    ours, theirs = wanted.action.start_workflow, wire.action.start_workflow
    for name, one, other in (
        ("workflow", ours.workflow_type.name, theirs.workflow_type.name),
        ("workflow_id", ours.workflow_id, theirs.workflow_id),
        ("task_queue", ours.task_queue.name, theirs.task_queue.name),
        ("overlap", _overlap(wanted), _overlap(wire)),
        ("catchup_seconds", _catchup(wanted), _catchup(wire)),
    ):
        if one != other:
            edits[name] = other
    if not whole:
        edits["input"] = "edited"
    if not edits and (wire.action != wanted.action or wire.policies != wanted.policies):
        edits["action"] = "edited"
    if not edits:
        return schedule
    said = {f"{EDITED}{name}": value for name, value in edits.items()}
    return replace(schedule, properties=dict(sorted({**schedule.properties, **said}.items())))


def _trigger(declared: Trigger, wire: WireSchedule) -> Trigger | None:
    """What was edited to, where the format has words for it."""
    found = trigger_from_wire(wire.spec)
    if not isinstance(declared, DatastoreChange):
        return found
    is_plain = isinstance(found, Recurrence) and found.start_time is not None
    if not is_plain or wire.spec.HasField("start_time") or wire.spec.HasField("end_time"):
        return None
    assert isinstance(found, Recurrence)
    return replace(declared, polling_interval=found.interval)


def without_edits(schedule: Schedule) -> Schedule:
    """As it is written: nobody declares what was edited."""
    kept = {k: v for k, v in schedule.properties.items() if not k.startswith(EDITED)}
    return schedule if kept == schedule.properties else replace(schedule, properties=kept)


def remade(schedule: Schedule, payload: Payload) -> Payload:
    """The payload of before, for what the schedule says now."""
    trigger, created, pipeline = schedule.trigger, payload.created, payload.pipeline
    if isinstance(trigger, DatastoreChange):
        return payload_of(schedule, created, False, pipeline, payload.since)
    return payload_of(schedule, created, lower(trigger, created).asks is not None, pipeline)


def _overlap(wire: WireSchedule) -> str:
    name = ScheduleOverlapPolicy.Name(wire.policies.overlap_policy)
    return name.removeprefix("SCHEDULE_OVERLAP_POLICY_")


def _catchup(wire: WireSchedule) -> str:
    return str(wire.policies.catchup_window.ToSeconds())


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC, microsecond=0)
