"""The schedules of a namespace of Temporal as a target."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.declare.jobs.step_places import place_in_files
from reconciler.declare.suspensions import enabled_by, in_force, suspension_text, suspension_words
from reconciler.document import schedule_digest
from reconciler.errors import ProviderError, ProviderUnavailable, Rejected
from reconciler.firing import next_fires
from reconciler.model import (
    Canonical,
    DatastoreChange,
    JobDefinition,
    Key,
    LiveSchedule,
    Note,
    Place,
    Schedule,
    Suspension,
    Trigger,
)
from reconciler.providers.capabilities import DataCursor
from reconciler.providers.temporal.canonical import Settled, TargetNames, settle
from reconciler.providers.temporal.connection import Background, Connection
from reconciler.providers.temporal.cursors import Cursors
from reconciler.providers.temporal.patience import patience
from reconciler.providers.temporal.payload import Payload
from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.records import Watch

if TYPE_CHECKING:
    from temporalio.api.schedule.v1 import Schedule as WireSchedule

    from reconciler.providers.temporal.queues.pollers import Need
    from reconciler.providers.temporal.store import CodeStore
    from reconciler.providers.temporal.wire import Read

T = TypeVar("T")
_CLEAR = timedelta(minutes=1)
"""So long before a fire nothing is renamed: the calls of it take less."""
_AT_ONCE = 32
"""Calls that are under way while the schedules are read."""
_LOOK_SECONDS = 60.0
_CHANGED = "it was changed after the plan was made"


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


def _at(schedule: Schedule, need: Need) -> Place | None:
    """Where a step names the compute that it waits for."""
    definition = schedule.job.definition
    if definition is None or need.step is None or need.compute is None:
        return None
    return place_in_files(("jobs", need.step, "compute"), definition)


class TemporalProvider:
    """The schedules of one namespace."""

    concurrent = True

    def __init__(
        self,
        name: str,
        connection: Connection,
        *,
        owner: str | None,
        task_queue: str,
        store: CodeStore,
        clock: Callable[[], datetime] = utc_now,
        repository: str | None = None,
        datastores: Mapping[str, Datastore] | None = None,
        data: Mapping[str, DataAsset] | None = None,
    ) -> None:
        """`name`: the target's. `store`: where the code of its jobs is kept. `repository`: its
        identity, for what is applied. `datastores`, `data`: those of the target, by name.
        """
        self.datastores = datastores or {}
        self.assets = data or {}
        self._names = TargetNames(frozenset(self.datastores), self.assets)
        self.name = name
        self.owner = owner
        self._repository = repository
        self.connection = connection
        self.task_queue = task_queue
        self.store = store
        self.cursors = Cursors(store.files)
        self._clock = clock
        self._read: dict[str, Read] = {}
        self._settled: dict[str, Settled] = {}

    def identity(self) -> str:
        """The id of the namespace, which no other has, in whatever cluster."""
        return self._run(self._identity())

    def list(self) -> list[LiveSchedule]:
        """Every schedule of the namespace, by name; also those that start other workflows."""
        found = self._run(self._list())
        self._read = {read.live.key.name: read for read, _ in found if read is not None}
        return sorted((live for _, live in found), key=lambda live: live.key)

    def prepare(self, declared: Sequence[Schedule]) -> None:
        """Nothing: all that has to be known is at hand."""

    def canonical(self, schedule: Schedule, live: LiveSchedule | None) -> Canonical:
        """As Temporal keeps it: its job file in it, the experiment named."""
        from reconciler.providers.temporal import wire

        if live is not None and wire.is_foreign(live.schedule):
            kind = live.schedule.job.reference
            what = f"a schedule of another kind has this name: {kind}"
            return Canonical(schedule, (Note("refused", "name", what, "choose another name"),))
        read = self._read.get(live.key.name) if live is not None else None
        before = read.payload if read is not None else None
        settled = self._settle(schedule, before, is_live=live is not None)
        self._settled[schedule.key.name] = settled
        found = settled.canonical
        if live is None or live.key == schedule.key or live.owner != self.owner:
            return found
        old = live.key.name
        what = f"Temporal renames nothing: {old} is paused, then the new one is made"
        note = Note("rewritten", "renamed_from", what, f"the runs of {old} stay under its name")
        return replace(found, notes=(*found.notes, note))

    def preflight(self, schedules: Sequence[Schedule]) -> Sequence[tuple[Key, Note]]:
        """For which of their steps no worker is there; all else was said before."""
        from reconciler.providers.temporal.queues.pollers import needs_of

        wanted = []
        for schedule in schedules:
            settled = self._settled.get(schedule.key.name)
            if schedule.enabled and settled is not None and settled.payload is not None:
                wanted += [(schedule, need) for need in needs_of(settled.payload)]
        try:
            missing = {need.about: text for need, text in self._missing(n for _, n in wanted)}
        except ProviderError as error:
            what = f"whether workers are there could not be looked at: {error.message}"
            first = dict.fromkeys(schedule.key for schedule, _ in wanted)
            return [(key, Note("unchecked", "create_job.job", what)) for key in first]
        return [
            (
                schedule.key,
                Note("waiting", "create_job.job", missing[need.about], at=_at(schedule, need)),
            )
            for schedule, need in wanted
            if need.about in missing
        ]

    def unserved(self) -> Sequence[str]:
        """See NeedsWorkers."""
        from reconciler.providers.temporal.queues.pollers import needs_of

        wanted = [
            need
            for live, payload in self.payloads()
            if live.schedule.enabled
            for need in needs_of(payload)
        ]
        return list(dict.fromkeys(text for _, text in self._missing(wanted)))

    def _missing(self, needs: Iterable[Need]) -> Sequence[tuple[Need, str]]:
        from reconciler.providers.temporal.queues.pollers import Pollers, words

        pollers = Pollers(self.connection, self.task_queue)
        found = self._run(pollers.unserved(needs))
        return [(need, words(need, self.name)) for need in found]

    def bring(self, schedule: Schedule) -> None:
        """See BringsAlong: code, in the store."""
        self._publish(schedule)

    def create(self, schedule: Schedule) -> None:
        """Make it, with its code in the store, unless something stands there by now."""
        self._run(self._create(schedule, self._publish(schedule)))

    def update(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Put it in place of `live`, if that still stands there."""
        if live.key != schedule.key:
            self._rename(schedule, live)
            return
        self._run(self._update(schedule, live, self._publish(schedule)))

    def disable(self, live: LiveSchedule, *, by_hand: bool = False) -> None:
        """Pause it; all else stays as it is, also what was edited."""
        self._run(self._disable(live, by_hand))

    def suspend(self, live: LiveSchedule, suspension: Suspension | None) -> None:
        """Pause it, with the suspension in a search attribute; None: as it was before."""
        self._run(self._suspend(live, suspension))

    def firing_trigger(self, schedule: Schedule) -> Trigger | None:
        """The schedule's own, which is asked wherever Temporal cannot say it; None of what was
        edited there to what the format has no words for.
        """
        from reconciler.providers.temporal import wire

        unknown = wire.is_foreign(schedule) or wire.is_trigger_unknown(schedule)
        return None if unknown else schedule.trigger

    def first_run(self, schedule: Schedule) -> None:
        """It runs when its trigger fires, and not before."""

    def next_fires(
        self, schedule: Schedule, after: datetime, until: datetime, created: datetime | None = None
    ) -> Iterable[datetime]:
        """By the kernel; one without a start counts from `created`, or `after`."""
        trigger = self.firing_trigger(schedule)
        return () if trigger is None else next_fires(trigger, after, until, created or after)

    # ---------------------------------------------------------------------------------- folders

    def failing(self) -> Sequence[Watch]:
        """Of the schedules that `list` gave, those that are enabled and whose folders cannot be
        looked at.
        """
        with self._store_errors(None, "list"):
            return self.cursors.failing(live.key.name for live in self._following())

    def payloads(self) -> Sequence[tuple[LiveSchedule, Payload]]:
        """What the schedules that `list` gave carry for their runs, by name."""
        found = [read for _, read in sorted(self._read.items())]
        return [(read.live, read.payload) for read in found if read.payload is not None]

    def _following(self) -> Iterable[LiveSchedule]:
        for _, read in sorted(self._read.items()):
            schedule = read.live.schedule
            if schedule.enabled and isinstance(schedule.trigger, DatastoreChange):
                yield read.live

    def data_cursor(self, live: LiveSchedule) -> DataCursor | None:
        """See KeepsCursors. One that is disabled is waited for, if it is looking just now."""
        from reconciler.providers.temporal import calls

        trigger = live.schedule.trigger
        if not isinstance(trigger, DatastoreChange):
            return None
        if not live.schedule.enabled:
            self._run(self._await_no_look(live.key))
        read = self._run(self._as_planned(live, "carry over"))
        since = (read.payload and read.payload.since) or self._clock()

        def has_run(run: str) -> bool:
            if self.store.files.has(f"pruned/{live.key.name}/{run}"):
                return True
            return self._run(calls.has_workflow(self.connection, live.key, run, "carry over"))

        with self._store_errors(live.key, "carry over"):
            return self.cursors.carry_out(live.key.name, trigger, since, has_run)

    def put_data_cursor(self, live: LiveSchedule, cursor: DataCursor) -> None:
        """See KeepsCursors."""
        trigger = live.schedule.trigger
        if isinstance(trigger, DatastoreChange):
            with self._store_errors(live.key, "carry over"):
                self.cursors.carry_in(live.key.name, trigger, cursor)

    def look_now(self, live: LiveSchedule) -> None:
        """Have it look at its folder before that is due."""
        self._run(self._look_now(live.key))

    async def _look_now(self, key: Key) -> None:
        from reconciler.providers.temporal import calls

        await calls.trigger(self.connection, key)

    async def _await_no_look(self, key: Key) -> None:
        from reconciler.providers.temporal import calls

        async for more in patience(_LOOK_SECONDS):
            found = await calls.describe(self.connection, key, "carry over")
            if found is None or not found.info.running_workflows:
                return
            if not more:
                raise ProviderUnavailable(key, "carry over", "it is looking at its folder just now")

    @contextmanager
    def _store_errors(self, key: Key | None, operation: str) -> Iterator[None]:
        from reconciler.providers.temporal.store import StoreError

        try:
            yield
        except StoreError as error:
            raise ProviderUnavailable(key, operation, str(error)) from error

    # ---------------------------------------------------------------------------------- reading

    def _settle(self, schedule: Schedule, before: Payload | None, *, is_live: bool) -> Settled:
        return settle(schedule, before, self._clock(), is_live=is_live, data=self._names)

    def _run(self, call: Coroutine[Any, Any, T]) -> T:
        return Background.run(call)

    async def _identity(self) -> str:
        from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

        request = DescribeNamespaceRequest(namespace=self.connection.namespace)
        found = await self.connection.call("describe_namespace", request, operation="identify")
        return f"temporal:{found.namespace_info.id}"

    async def _list(self) -> Sequence[tuple[Read | None, LiveSchedule]]:
        from reconciler.providers.temporal import calls, wire

        entries = await calls.entries(self.connection)
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Read | None:
            async with room:
                return await self._describe(Key(self.name, name), "list")

        ours = [found.schedule_id for found in entries if wire.is_ours(found)]
        read = await asyncio.gather(*(one(name) for name in ours))
        others = [wire.entry(self.name, found) for found in entries if not wire.is_ours(found)]
        return [
            *((found, found.live) for found in read if found is not None),
            *((None, live) for live in others),
        ]

    async def _describe(self, key: Key, operation: str) -> Read | None:
        """What is there; None: nothing is."""
        from reconciler.providers.temporal import calls, wire

        found = await calls.describe(self.connection, key, operation)
        return None if found is None else wire.read(self.name, key.name, found, self.task_queue)

    async def _as_planned(self, live: LiveSchedule, operation: str) -> Read:
        from reconciler.providers.temporal import wire

        read = await self._describe(live.key, operation)
        if read is None:
            raise Rejected(live.key, operation, "it does not exist any more")
        if wire.is_foreign(read.live.schedule):
            raise Rejected(live.key, operation, "it is a schedule of another kind")
        return read

    # ---------------------------------------------------------------------------------- writing

    def _publish(self, schedule: Schedule) -> Settled:
        """What was settled of it, with its code in the store; ProviderError."""
        settled = self._settled.get(schedule.key.name)
        definition: JobDefinition | None = schedule.job.definition
        if settled is None or settled.canonical.schedule != schedule:
            settled = Settled(Canonical(schedule), None)
        if definition is not None:
            self.store.publish(schedule.key, definition)
        return settled

    async def _create(
        self, schedule: Schedule, settled: Settled, suspended: str | None = None
    ) -> None:
        from reconciler.providers.temporal import calls, wire

        key = schedule.key
        payload = self._payload(schedule, settled, None, "create")
        payload = self._enabled_now(schedule, payload, None)
        made = wire.to_wire(schedule, payload, self.task_queue)
        marks = wire.marks_to_wire(
            {
                wire.OWNER: self.owner,
                wire.APPLIED: self._applied(schedule, None),
                wire.REPOSITORY: self._declared_in(schedule, None),
                wire.SUSPENDED: suspended,
            }
        )
        if await calls.create(self.connection, key, made, marks):
            await self._written(key, "create", made, self.owner, None)
            if payload.since is not None and schedule.enabled:
                await calls.trigger(self.connection, key)
            return
        read = await self._describe(key, "create")
        if read is None:
            raise Rejected(key, "create", "it was made and removed after the plan was made")
        owner = read.live.owner
        if read.payload is None or owner != self.owner:
            whose = f'managed by "{owner}"' if owner else "made by hand"
            raise Rejected(key, "create", f"it was made after the plan was made, and is {whose}")
        if read.live.fingerprint != wire.fingerprint(schedule, self.owner):
            reason = "it was made after the plan was made, and is another than this"
            raise Rejected(key, "create", reason)

    async def _update(self, schedule: Schedule, live: LiveSchedule, settled: Settled) -> None:
        from reconciler.providers.temporal import wire

        schedule = wire.without_edits(schedule)
        read = await self._as_planned(live, "update")
        known = (live.fingerprint, wire.fingerprint(schedule, self.owner))
        if read.live.fingerprint not in known:
            raise Rejected(live.key, "update", _CHANGED)
        self._check_suspension(schedule, read.live)
        payload = self._payload(schedule, settled, read.payload, "update")
        payload = self._enabled_now(schedule, payload, read)
        made = wire.to_wire(schedule, payload, self.task_queue)
        made.state.notes = read.wire.state.notes
        marks = {
            wire.OWNER: self.owner,
            wire.APPLIED: self._applied(schedule, read),
            wire.REPOSITORY: self._declared_in(schedule, read),
        }
        if schedule.enabled:
            marks[wire.SUSPENDED] = None
        await self._put(read, "update", made, marks)
        if payload.since is not None and (read.payload is None or payload != read.payload):
            await self._look_at_once(schedule)

    async def _look_at_once(self, schedule: Schedule) -> None:
        """Not first when that is due: from now on nothing that comes is missed."""
        if schedule.enabled and isinstance(schedule.trigger, DatastoreChange):
            await self._look_now(schedule.key)

    def _enabled_now(self, schedule: Schedule, payload: Payload, read: Read | None) -> Payload:
        """With when it was enabled, of one that follows a folder."""
        if not isinstance(schedule.trigger, DatastoreChange):
            return replace(payload, since=None)
        since = read.payload.since if read is not None and read.payload is not None else None
        begins = schedule.enabled and not (read is not None and read.live.schedule.enabled)
        return replace(payload, since=self._clock() if since is None or begins else since)

    def _check_suspension(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Rejected where it would fire, though it was suspended after the plan was made."""
        stopped = in_force(live, self._clock())
        if stopped is not None and schedule.enabled:
            reason = f"it is {suspension_words(stopped)}; `reconciler resume` ends that"
            raise Rejected(live.key, "update", reason)

    async def _disable(self, live: LiveSchedule, by_hand: bool) -> None:
        from temporalio.api.schedule.v1 import Schedule as WireSchedule

        from reconciler.providers.temporal import wire

        read = await self._as_planned(live, "disable")
        if read.wire.state.paused:
            return
        if read.live.fingerprint != live.fingerprint:
            raise Rejected(live.key, "disable", _CHANGED)
        made = WireSchedule()
        made.CopyFrom(read.wire)
        made.state.paused = True
        applied = read.live.applied
        if not by_hand and read.live.owner is not None:
            applied = schedule_digest(replace(read.live.schedule, enabled=False))
        await self._put(read, "disable", made, {wire.APPLIED: applied})

    async def _suspend(self, live: LiveSchedule, suspension: Suspension | None) -> None:
        from temporalio.api.schedule.v1 import Schedule as WireSchedule

        from reconciler.providers.temporal import wire

        operation = "suspend" if suspension is not None else "resume"
        read = await self._as_planned(live, operation)
        if read.live.fingerprint != live.fingerprint:
            raise Rejected(live.key, operation, _CHANGED)
        made = WireSchedule()
        made.CopyFrom(read.wire)
        made.state.paused = not enabled_by(read.live, suspension)
        schedule = replace(read.live.schedule, enabled=not made.state.paused)
        if read.payload is not None:
            begun = self._enabled_now(schedule, read.payload, read)
            if begun != read.payload:
                made.action.start_workflow.input.payloads[0].data = begun.to_bytes()
        text = suspension_text(suspension) if suspension is not None else None
        await self._put(read, operation, made, {wire.SUSPENDED: text})
        await self._look_at_once(schedule)

    def _rename(self, schedule: Schedule, live: LiveSchedule) -> None:
        """Pause `live` and make `schedule`, at a time when neither fires: no fire is lost between
        the two, and none is made by both. Done again it goes on where it was stopped. What is
        suspended stays so under its new name.
        """
        from reconciler.providers.temporal import wire

        read = self._run(self._as_planned(live, "update"))
        if read.live.schedule.enabled and read.live.fingerprint != live.fingerprint:
            raise Rejected(live.key, "update", _CHANGED)
        self._check_suspension(schedule, read.live)
        now = self._clock()
        fires = self.next_fires(read.live.schedule, now, now + _CLEAR, read.live.created_at)
        due = next(iter(fires), None)
        if due is not None and read.live.schedule.enabled:
            reason = f"{live.key.name} fires at {due:%H:%M} UTC: apply again after that"
            raise Rejected(schedule.key, "update", reason)
        self.disable(read.live)
        if isinstance(schedule.trigger, DatastoreChange) and schedule.enabled:
            self._run(self._await_no_look(live.key))
            with self._store_errors(schedule.key, "update"):
                self.cursors.rename(live.key.name, schedule.key.name)
        suspended = None if schedule.enabled else wire.mark(read.marks, wire.SUSPENDED)
        self._run(self._create(schedule, self._publish(schedule), suspended))

    async def _put(
        self, read: Read, operation: str, made: WireSchedule, changed: Mapping[str, str | None]
    ) -> None:
        """Write over what was read, and read it back. `changed`: marks that become others."""
        from reconciler.providers.temporal import calls, wire

        before = {name: wire.mark(read.marks, name) for name in wire.MARKS}
        after = {**before, **changed}
        if wire.same_on_wire(read.wire, made) and before == after:
            return
        marks = wire.marks_to_wire(after)
        for name, value in read.marks.indexed_fields.items():
            if name not in wire.MARKS:
                marks.indexed_fields[name].CopyFrom(value)
        key = read.live.key
        await calls.update(self.connection, key, operation, made, marks, read.token)
        await self._written(key, operation, made, after[wire.OWNER], read.token, after)

    async def _written(
        self,
        key: Key,
        operation: str,
        made: WireSchedule,
        owner: str | None,
        token: bytes | None,
        marks: Mapping[str, str | None] | None = None,
    ) -> None:
        """Wait until it reads as it was written, and the list has it. Rejected where it does not:
        the default engine of Temporal takes an update over a newer one, says so, and drops it.
        """
        from reconciler.providers.temporal import calls, wire

        async for more in patience():
            read = await self._describe(key, operation)
            if read is None:
                if token is not None or not more:
                    raise Rejected(key, operation, "it was removed at the same time")
                continue
            same = wire.same_on_wire(read.wire, made)
            found = {name: wire.mark(read.marks, name) for name in wire.MARKS}
            if same and (marks is None or found == marks):
                break
            if not more or (not same and token is not None and read.token != token):
                raise Rejected(key, operation, _CHANGED)
        await calls.await_listed(self.connection, key, operation, owner)

    def _payload(
        self, schedule: Schedule, settled: Settled, before: Payload | None, operation: str
    ) -> Payload:
        from reconciler.providers.temporal import wire

        found = settled.payload
        if found is None and before is None:
            # It was not made canonical by this provider: once more, as of now.
            found = self._settle(schedule, None, is_live=False).payload
        if found is not None:
            return found if before is None else replace(found, created=before.created)
        assert before is not None
        if before.schedule["create_job"]["job"] != schedule.job.reference:
            made = self._settle(schedule, before, is_live=True).payload
            if made is None:
                raise Rejected(schedule.key, operation, "the job that it runs is not known")
            return made
        return wire.remade(schedule, before)

    def _applied(self, schedule: Schedule, read: Read | None) -> str | None:
        """The digest of what is applied; what is written without having been made canonical is no
        declaration, and leaves what was last applied on record.
        """
        if self.owner is None:
            return None
        if schedule.key.name in self._settled:
            return schedule_digest(schedule)
        return read.live.applied if read is not None else None

    def _declared_in(self, schedule: Schedule, read: Read | None) -> str | None:
        """The identity of the repository that it is applied from; else that of before."""
        before = read.live.repository if read is not None else None
        applied = self.owner is not None and schedule.key.name in self._settled
        return (self._repository or before) if applied else before
