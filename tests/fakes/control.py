"""The hand that moves things behind the server's back: people, and misfortune."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from .faults import Fault, Faults
from .messages import Call
from .records import Author, Fate
from .schedules import Store
from .settings import SUBSCRIPTION

PORTAL: Author = ("Ada Person", "User")


class Control:
    """What a test does to the workspace other than by calls."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.faults = Faults()

    # ------------------------------------------------------------------ what is there, and edits

    def names(self) -> list[str]:
        with self.store.lock:
            return list(self.store.records)

    def live(self, name: str) -> dict[str, Any] | None:
        """A schedule as GET would show it; None if there is none."""
        with self.store.lock:
            record = self.store.records.get(name)
            return None if record is None else copy.deepcopy(self.store.resource(record))

    def put_live(
        self, name: str, properties: Mapping[str, Any], by: Author = PORTAL
    ) -> dict[str, Any]:
        """A schedule that somebody made; the service has filled in what it fills in."""
        with self.store.lock:
            record = self.store.plant(name, dict(properties), by)
            return copy.deepcopy(self.store.resource(record))

    def edit(
        self, name: str, change: Callable[[dict[str, Any]], object], by: Author = PORTAL
    ) -> dict[str, Any]:
        """A change by a person in the portal: `change` gets the properties to alter."""
        with self.store.lock:
            properties = copy.deepcopy(self.store.records[name].properties)
            change(properties)
            return self.put_live(name, properties, by)

    def remove(self, name: str) -> None:
        """Somebody else has deleted it; nothing if it is not there."""
        with self.store.lock:
            self.store.records.pop(name, None)

    def seed(
        self,
        count: int,
        make: Callable[[int], Mapping[str, Any]] | None = None,
        by: Author = PORTAL,
    ) -> list[str]:
        """Many schedules at once: schedule-00000 and so on."""
        names = [f"schedule-{number:05}" for number in range(count)]
        with self.store.lock:
            for number, name in enumerate(names):
                self.store.plant(name, dict((make or _seeded)(number)), by)
        return names

    # -------------------------------------------------------------------------- what goes wrong

    def drop(self, *, before: bool = True, **when: Any) -> Fault:
        """The connection ends without an answer, before the work or after it. `when`: Fault's."""
        return self.faults.arm(Fault("drop-before" if before else "drop-after", **when))

    def truncate(self, **when: Any) -> Fault:
        """Half of the body comes, then the connection ends."""
        return self.faults.arm(Fault("truncate", **when))

    def fail(self, status: int = 503, **when: Any) -> Fault:
        """A service that is ill: 500, 503, for `times` calls."""
        return self.faults.arm(Fault("status", status=status, **when))

    def before(self, do: Callable[[Call], object], **when: Any) -> Fault:
        """`do` happens just before a call is handled: a deletion by somebody else, say."""
        return self.faults.arm(Fault("", do=do, **when))

    def fail_operations(
        self,
        message: str = "The schedule could not be created",
        *,
        code: str = "UserError",
        leaves: str = "previous",
        polls: float | None = None,
        schedule: str | None = None,
        times: float = 1,
    ) -> None:
        """Operations that end as Failed, inside a 200. `leaves`: previous, or failed."""
        error = {"code": code, "message": message, "details": [], "additionalInfo": []}
        left = self.store.polls if polls is None else polls
        with self.store.lock:
            self.store.fates.append(Fate(left, error, leaves, schedule, times))

    def never_end_operations(self, *, schedule: str | None = None, times: float = 1) -> None:
        """Operations that stay in progress."""
        with self.store.lock:
            self.store.fates.append(Fate(float("inf"), schedule=schedule, times=times))

    def end_operations(self) -> None:
        """Those that never end do so after all, at the next look."""
        with self.store.lock:
            for operation in self.store.operations.values():
                operation.left = 0


def pipeline(job: str = "train", **more: Any) -> dict[str, Any]:
    """The properties of a schedule that runs a job every day at 02:00; `more` replaces members."""
    properties: dict[str, Any] = {
        "trigger": {
            "triggerType": "Recurrence",
            "frequency": "Day",
            "interval": 1,
            "schedule": {"hours": [2], "minutes": [0]},
            "timeZone": "UTC",
        },
        "action": {
            "actionType": "CreateJob",
            "jobDefinition": {
                "jobType": "Pipeline",
                "sourceJobId": (
                    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/test-rg/providers"
                    f"/Microsoft.MachineLearningServices/workspaces/test-ws/jobs/{job}"
                ),
                "experimentName": "",
            },
        },
        "isEnabled": True,
    }
    return properties | more


def _seeded(number: int) -> dict[str, Any]:
    return pipeline(description=f"Schedule {number}", tags={"number": str(number)})
