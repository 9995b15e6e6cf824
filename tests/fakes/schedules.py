"""The schedules of the workspace, and the operations that change them."""

from __future__ import annotations

import copy
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .clocks import ZONES, instant, local
from .errors import active_trigger
from .normalize import normalized
from .records import TYPE, VIEWS, Author, Fate, Operation, Record


@dataclass(slots=True)
class Store:
    """All of it. `lock` is held by whoever calls."""

    now: Callable[[], datetime]
    id: str
    """Of the workspace."""
    polls: int = 0
    display_names: str = "accepted"
    """What becomes of a changed displayName, which is not to change: accepted, ignored."""
    with_ids: bool = True
    records: dict[str, Record] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _sequence: int = 0
    _pending: dict[str, Operation] = field(default_factory=dict)

    # ----------------------------------------------------------------------------------- reading

    def get(self, name: str) -> Record | None:
        """One schedule."""
        self._look([name])
        return self.records.get(name)

    def page(self, view: str, after: int, size: int) -> tuple[list[Record], bool]:
        """At most `size` schedules that came later than `after`, and whether there are more."""
        self._look(list({operation.schedule for operation in self._pending.values()}))
        wanted = VIEWS[view]
        found: list[Record] = []
        for record in self.records.values():
            if record.sequence > after and wanted(record.properties["isEnabled"]):
                if len(found) == size:
                    return found, True
                found.append(record)
        return found, False

    def resource(self, record: Record) -> dict[str, Any]:
        """A schedule as GET shows it."""
        envelope = {"id": f"{self.id}/schedules/{record.name}", "type": TYPE}
        return {
            **(envelope if self.with_ids else {}),
            "name": record.name,
            "properties": record.properties,
            "systemData": {
                "createdAt": instant(record.created[0]),
                "createdBy": record.created[1][0],
                "createdByType": record.created[1][1],
                "lastModifiedAt": instant(record.modified[0]),
                "lastModifiedBy": record.modified[1][0],
                "lastModifiedByType": record.modified[1][1],
            },
        }

    # ---------------------------------------------------------------------------------- changing

    def put(
        self, name: str, properties: dict[str, Any], author: Author
    ) -> tuple[dict[str, Any], Operation]:
        """Create or replace: the properties as the 201 shows them, and the operation."""
        before = self.records.get(name)
        kept = normalized(properties)
        if before is not None and self.display_names == "ignored":
            kept["displayName"] = before.properties["displayName"]
        kept["provisioningState"] = "Creating"  # of an update too
        record = self._keep(name, kept, author)
        record.operation = operation = self._begin(name)
        operation.previous = before
        answered = copy.deepcopy(kept)
        self._end_at_once(operation)
        return answered, operation

    def delete(self, name: str) -> Operation | None:
        """Begin to delete; None: there is nothing to delete."""
        record = self.records.get(name)
        if record is None:
            return None
        operation = self._begin(name)
        operation.deletes = True
        if record.properties["isEnabled"]:
            operation.error = active_trigger(name)
        self._end_at_once(operation)
        return operation

    def poll(self, name: str) -> Operation | None:
        """An operation, one look on."""
        operation = self.operations.get(name)
        if operation is not None:
            self._step(operation)
        return operation

    def plant(self, name: str, properties: dict[str, Any], author: Author) -> Record:
        """A schedule that is there without any operation."""
        record = self._keep(name, normalized(copy.deepcopy(properties)), author)
        self._anchor(record, self.now())
        return record

    # -------------------------------------------------------------------------------- operations

    def _keep(self, name: str, kept: dict[str, Any], author: Author) -> Record:
        before = self.records.get(name)
        stamp = (self.now(), author)
        if before is None:
            self._sequence += 1
        sequence = self._sequence if before is None else before.sequence
        created = stamp if before is None else before.created
        record = Record(name, kept, created, stamp, sequence)
        self.records[name] = record
        return record

    def _begin(self, schedule: str) -> Operation:
        name = f"s:{uuid.uuid5(uuid.NAMESPACE_URL, self.id)}:{uuid.uuid4()}"
        operation = Operation(name, schedule, self.now(), self.polls)
        for fate in self.fates:
            if fate.schedule in (None, schedule):
                operation.left, operation.error = fate.left, fate.error
                operation.leaves = fate.leaves
                fate.times -= 1
                if fate.times <= 0:
                    self.fates.remove(fate)
                break
        self.operations[name] = self._pending[name] = operation
        return operation

    def _end_at_once(self, operation: Operation) -> None:
        if not operation.left:
            self._step(operation)

    def _look(self, schedules: list[str]) -> None:
        if self._pending:
            for operation in list(self._pending.values()):
                if operation.schedule in schedules:
                    self._step(operation)

    def _step(self, operation: Operation) -> None:
        if operation.ended is not None:
            return
        if operation.left > 0:
            operation.left -= 1
            return
        operation.ended = self.now()
        del self._pending[operation.name]
        record = self.records.get(operation.schedule)
        if record is None:
            return
        if operation.deletes:
            if operation.error is None:
                del self.records[operation.schedule]
        elif record.operation is operation:
            self._settle(record, operation)

    def _settle(self, record: Record, operation: Operation) -> None:
        record.operation, record.shown = None, None
        if operation.error is None:
            record.properties["provisioningState"] = "Succeeded"
            self._anchor(record, operation.started)
        elif operation.leaves == "failed":
            record.properties["provisioningState"] = "Failed"
        elif operation.previous is None:
            del self.records[record.name]
        else:
            previous = self.records[record.name] = operation.previous
            if previous.operation is not None:  # of a put that this one overtook
                previous.operation, previous.shown = None, None
                previous.properties["provisioningState"] = "Succeeded"
                self._anchor(previous, previous.modified[0])
        operation.previous = None

    def _anchor(self, record: Record, began: datetime) -> None:
        """A start that was not given: half a minute after the put, on the clocks of the zone."""
        trigger = record.properties.get("trigger") or {}
        if trigger.get("startTime") is None and trigger.get("timeZone") in ZONES:
            start = local(began + timedelta(seconds=30), trigger["timeZone"])
            trigger["startTime"] = start.isoformat(timespec="seconds")


def shown(store: Store, records: list[Record]) -> Iterator[bytes]:
    """Schedules as JSON, written once for each change."""
    for record in records:
        if record.shown is None:
            record.shown = json.dumps(store.resource(record)).encode()
        yield record.shown
