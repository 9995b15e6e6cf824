"""A look at the folder that a schedule follows: what is new gets its run, once.

What was found is kept, with what is owed, before the first run of it is started, and the runs are
started under names made of their files: a look that is cut short loses nothing and doubles nothing.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from temporalio import activity
from temporalio.api.workflowservice.v1 import DescribeScheduleResponse
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from reconciler.model import DatastoreChange, Key, data_path_of
from reconciler.providers.temporal import calls
from reconciler.providers.temporal.connection import Connection
from reconciler.providers.temporal.cursors import (
    ADOPTED,
    Cursors,
    Looks,
    Owed,
    Settled,
    after_look,
    folder_of,
    run_of_file,
)
from reconciler.providers.temporal.payload import ABOUT, WORKFLOW, Payload, about
from reconciler.providers.temporal.wire import Read, read
from reconciler.workspace.datastores.changes import Changes, changes
from reconciler.workspace.datastores.datastore import Datastore, WatchError

T = TypeVar("T")
_AT_ONCE = 16
"""Runs that are being started."""
_LOOKERS = 2
"""Looks at one datastore at a time: one that hangs holds up no other."""
_LONGEST_LISTING = 300.0
_RESETTLE = 2.0
"""Seconds until a folder is looked at again in which a file is still being written."""
_ROUNDS = 30
"""So often, before the next look that is due."""
_BEAT_SECONDS = 2.0
_SINCE = "\n"
"""Before the time from which it is looked, where that is not when it was enabled."""


@dataclass(slots=True)
class Looked:
    """What a look came to."""

    files: int = 0
    """For which runs were started."""
    first: str | None = None
    """One of those runs."""
    why: str | None = None
    """Why it was not looked, or could not be."""


@dataclass(slots=True)
class Looker:
    """What one worker looks at."""

    target: str
    connection: Connection
    task_queue: str
    cursors: Cursors
    datastores: Mapping[str, Datastore]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _rooms: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    @activity.defn(name="look")
    async def look(self, name: str) -> Looked:
        """Look, and start what is owed. StoreError, ProviderError: it is tried again."""
        beating = asyncio.create_task(_beat())
        try:
            total = Looked()
            for _ in range(_ROUNDS):
                found, unsettled = await self._look_once(name)
                total.files += found.files
                total.first, total.why = total.first or found.first, found.why
                if not unsettled:
                    break
                await asyncio.sleep(_RESETTLE)
            return total
        finally:
            beating.cancel()

    async def _look_once(self, name: str) -> tuple[Looked, bool]:
        key = Key(self.target, name)
        found = await calls.describe(self.connection, key, "look")
        if found is None:
            return Looked(why="there is no such schedule any more"), False
        live = read(self.target, name, found, self.task_queue)
        trigger, payload = live.live.schedule.trigger, live.payload
        if payload is None or not isinstance(trigger, DatastoreChange):
            return Looked(why="it follows no folder"), False
        if found.schedule.state.paused:
            return Looked(why="it is paused"), False
        now = self.clock()  # before it is listed: what is written meanwhile is newer
        before = await asyncio.to_thread(self.cursors.looks, name)
        looks = _begun(before, trigger, payload, found, now)
        settled = await asyncio.to_thread(self.cursors.standing, name, looks.of)
        try:
            changed = await self._changes(trigger, settled, looks.since or now, now)
        except WatchError as error:
            problem = str(error)
            await asyncio.to_thread(self.cursors.put_looks, name, _failed(looks, problem, now))
            await self._start_owed(live, payload, settled)
            return Looked(why=problem), False
        if changed or settled.of != looks.of:
            settled = after_look(settled, looks.of, changed, now)
            await asyncio.to_thread(self.cursors.put_settled, name, settled)
        looks = replace(looks, looked_at=now, failures=0, error=None, failing_since=None)
        await asyncio.to_thread(self.cursors.put_looks, name, looks, before)
        return await self._start_owed(live, payload, settled), bool(changed.unsettled)

    # ---------------------------------------------------------------------------------- listing

    async def _changes(
        self, trigger: DatastoreChange, settled: Settled, since: datetime, now: datetime
    ) -> Changes:
        """WatchError."""
        datastore = self.datastores.get(trigger.datastore)
        if datastore is None:
            raise WatchError(f'the target has no datastore "{trigger.datastore}"')

        def compare() -> Changes:
            return changes(
                datastore.list(trigger.path_on_datastore),
                settled.seen,
                since=since,
                now=now,
                settle=datastore.is_local,
                digest_of=datastore.digest,
            )

        room = self._rooms.setdefault(trigger.datastore, asyncio.Semaphore(_LOOKERS))
        try:
            return await asyncio.wait_for(_in_a_thread(compare, room), _LONGEST_LISTING)
        except TimeoutError as error:
            raise WatchError(f"it did not answer within {_LONGEST_LISTING:g} s") from error

    # --------------------------------------------------------------------------------- starting

    async def _start_owed(self, live: Read, payload: Payload, settled: Settled) -> Looked:
        if not settled.owed:
            return Looked()
        name = live.live.key.name
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(owed: Owed) -> str | None:
            async with room:
                return await self._start(live, payload, owed)

        runs = await asyncio.gather(*(one(owed) for owed in settled.owed))
        await asyncio.to_thread(self.cursors.put_settled, name, replace(settled, owed=()))
        started = [run for run in runs if run is not None]
        return Looked(len(started), started[0] if started else None)

    async def _start(self, live: Read, payload: Payload, owed: Owed) -> str | None:
        """The name of the run; None where it is there already."""
        schedule = live.live.schedule
        parameter = data_path_of(schedule.trigger)
        inputs = {parameter: owed.path} if parameter is not None else {}
        run = run_of_file(schedule.key.name, owed.key, owed.stamp)
        client = await self.connection.client()
        found = owed.found.isoformat()
        try:
            await client.start_workflow(
                WORKFLOW,
                args=[
                    json.loads(payload.to_bytes()),
                    {"inputs": inputs, "at": found, "file": owed.key},
                ],
                id=run,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                task_queue=self.task_queue,
                memo={ABOUT: about(payload, inputs, data=owed.key, found=found)},
            )
        except WorkflowAlreadyStartedError:
            return None
        return run


def _begun(
    before: Looks,
    trigger: DatastoreChange,
    payload: Payload,
    found: DescribeScheduleResponse,
    now: datetime,
) -> Looks:
    """How looking stands as a look begins: it goes on, or begins with another enabling."""
    enabled = payload.since or payload.created
    of = f"{enabled.isoformat()} {folder_of(trigger)}"
    token = found.conflict_token.hex()
    updated, notes = str(found.info.update_time.ToMilliseconds()), found.schedule.state.notes
    interval = timedelta(minutes=trigger.polling_interval)
    if before.of == ADOPTED:
        looks = replace(before, of=of)
    elif before.of.partition(_SINCE)[0] != of:
        looks = Looks(of, enabled)
    elif _was_switched(before, token, updated, notes, now - interval * 1.5):
        # By hand, in Temporal, which does not say when: since the look that did not happen, at
        # most. What came in that time may have its run though it was off; nothing is lost.
        since = now - interval
        looks = Looks(f"{of}{_SINCE}{since.isoformat()}", since)
    else:
        looks = before
    return replace(looks, token=token, updated=updated, notes=notes, tried_at=now)


def _was_switched(before: Looks, token: str, updated: str, notes: str, latest: datetime) -> bool:
    """Whether it was off between two looks. One engine says of a switch that nothing was updated,
    the other changes the token at other occasions, too, but not the note.
    """
    if token == before.token or before.tried_at is None or before.tried_at > latest:
        return False
    return updated == before.updated or notes != before.notes


def _failed(looks: Looks, problem: str, now: datetime) -> Looks:
    since = looks.failing_since if looks.failures else now
    return replace(looks, failures=looks.failures + 1, error=problem, failing_since=since)


async def _in_a_thread(work: Callable[[], T], room: asyncio.Semaphore) -> T:
    """Its result. One that hangs keeps its place, and is not waited for at the end."""
    loop = asyncio.get_running_loop()
    await room.acquire()
    result: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        room.release()
        if not result.done():
            set_it()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:
            failed = error
            loop.call_soon_threadsafe(settle, lambda: result.set_exception(failed))
        else:
            loop.call_soon_threadsafe(settle, lambda: result.set_result(value))

    threading.Thread(target=run, name="look", daemon=True).start()
    return await result


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(_BEAT_SECONDS)
