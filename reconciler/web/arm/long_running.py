"""Long-running operations, which are done before they are heard of. Pure.

Everything here happens in one transaction, so an operation has ended when its address is given. The
address holds all that there is to say of it: nothing is kept, nothing is lost when the server is
started anew, and nothing grows.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.web.arm.address import PROVIDER, Address
from reconciler.web.arm.errors import active_trigger
from reconciler.web.arm.refusals import NAME
from reconciler.web.arm.schedules import instant

REGION = "local"
SECONDS = 1800
"""How long the address of an operation holds, as the service says of its own: PT30M."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A change that was made, or was refused when it was tried."""

    kind: str
    """put, delete, or active: a delete of a schedule that is enabled."""
    schedule: str
    at: datetime

    @property
    def failed(self) -> bool:
        """Whether it was refused."""
        return self.kind == "active"


def operation_name(operation: Operation) -> str:
    """Its name, in an address."""
    said = [operation.kind[0], operation.schedule, int(operation.at.timestamp())]
    text = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    return f"s:{uuid.uuid5(uuid.NAMESPACE_URL, operation.schedule)}:{text}"


def read_operation(name: str, now: datetime) -> Operation | None:
    """The operation of that name; None: there is none, or it is long over."""
    if len(name) > 600 or not name.startswith("s:"):
        return None
    text = name.rpartition(":")[2]
    try:
        letter, schedule, seconds = json.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
        kind = {"p": "put", "d": "delete", "a": "active"}[letter]
        at = datetime.fromtimestamp(seconds, UTC)
        age = (now - at).total_seconds()
    except (binascii.Error, KeyError, OSError, OverflowError, TypeError, ValueError):
        return None
    if not isinstance(schedule, str) or NAME.fullmatch(schedule) is None or not -60 < age < SECONDS:
        return None
    return Operation(kind, schedule, at)


def operation_path(address: Address, operation: Operation, kind: str) -> str:
    """Where to look: at its status (mfeOperationsStatus), or its result (mfeOperationResults)."""
    return (
        f"/subscriptions/{address.subscription}/providers/{PROVIDER}/locations/{REGION}"
        f"/{kind}/{operation_name(operation)}"
    )


def status(address: Address, operation: Operation) -> dict[str, Any]:
    """What a look at its status finds. One that failed is a 200 all the same."""
    body: dict[str, Any] = {
        "id": operation_path(address, operation, "mfeOperationResults"),
        "name": operation_name(operation),
        "status": "Failed" if operation.failed else "Succeeded",
        "startTime": instant(operation.at),
        "endTime": instant(operation.at),
    }
    if operation.failed:
        body["error"] = active_trigger(operation.schedule)
    return body
