"""Jobs of a workspace: those that schedules started, and those that somebody put."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from .clocks import instant
from .contract import Contract
from .errors import arm, not_found, service
from .messages import Answer, Call, answer
from .refusals import NAME

KIND = "Microsoft.MachineLearningServices/workspaces/jobs"


class Jobs:
    """What is there. Used by many threads at once."""

    def __init__(
        self, workspace_id: str, contract: Contract, address: Callable[[], str], page_size: int
    ) -> None:
        self.made: dict[str, dict[str, Any]] = {}
        """Resources by name, in the order in which they were made."""
        self.takes_again = False
        """Whether a job that is put again is answered as if it were new; else it is refused."""
        self.refused: dict[str, str] = {}
        """By a text in a job's inputs, why the job is refused."""
        self._id = workspace_id
        self._contract = contract
        self._address = address
        self._page = page_size
        self._lock = threading.RLock()

    def add(
        self, name: str, properties: dict[str, Any], at: datetime, status: str = "NotStarted"
    ) -> dict[str, Any]:
        """Make one, as a schedule or a call does."""
        with self._lock:
            shown = {**properties, "status": status}
            self.made[name] = {
                "id": f"{self._id}/jobs/{name}",
                "name": name,
                "type": KIND,
                "properties": shown,
                "systemData": {"createdAt": instant(at), "createdBy": "A", "createdByType": "User"},
            }
            return self.made[name]

    def put(self, call: Call, now: datetime) -> Answer:
        body = call.json
        sent = body.get("properties") if isinstance(body, dict) else None
        if NAME.fullmatch(call.name) is None or not isinstance(sent, dict):
            raise service(400, "BadRequest", "The job's name, or its properties, are none")
        wrong = self._contract.broken("job", f"PUT {call.path} (job)", sent)
        if wrong is not None:
            raise arm(400, "UserError", wrong)
        for text, why in self.refused.items():
            if text in str(sent.get("inputs")):
                raise service(400, "BadRequest", why)
        with self._lock:
            known = self.made.get(call.name)
            if known is not None and not self.takes_again:
                raise service(409, "Conflict", f"A job named {call.name} exists already.")
            if known is not None:
                return answer(200, known)
            return answer(201, self.add(call.name, sent, now))

    def get(self, call: Call) -> Answer | None:
        with self._lock:
            found = self.made.get(call.name)
        return answer(200, found) if found is not None else None

    def cancel(self, call: Call) -> Answer:
        name = call.segments[9]
        with self._lock:
            if name not in self.made:
                raise not_found("Job", name)
            self.made[name]["properties"]["status"] = "Canceled"
        return answer(200)

    def list(self, call: Call) -> Answer:
        """A page, the newest first; filtered by `properties` (NAME or NAME=VALUE)."""
        after = call.query.get("$skip")
        begin = int(base64.urlsafe_b64decode(after)) if after else 0
        wanted = [part.partition("=") for part in call.query.get("properties", "").split(",")]
        with self._lock:
            found = [
                one
                for one in reversed(self.made.values())
                if all(_has(one, name, value if eq else None) for name, eq, value in wanted if name)
                and _of_schedule(one, call.query.get("scheduleId"))
            ]
        page = {"value": found[begin : begin + self._page]}
        if len(found) > begin + self._page:
            token = base64.urlsafe_b64encode(str(begin + self._page).encode()).decode()
            query = urlencode({**call.query, "$skip": token}, safe="$")
            page["nextLink"] = f"{self._address()}{quote(call.path)}?{query}"  # type: ignore[assignment]
        return answer(200, page)


def _has(job: dict[str, Any], name: str, value: str | None) -> bool:
    held = job["properties"].get("properties") or {}
    return name in held and (value is None or held[name] == value)


def _of_schedule(job: dict[str, Any], schedule: str | None) -> bool:
    if schedule is None:
        return True
    held = job["properties"].get("properties") or {}
    return held.get("azureml.scheduleName") == schedule.rpartition("/")[2]
