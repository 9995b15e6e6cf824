"""The jobs of a workspace as runs of its schedules.

Azure shows a job that a schedule starts as `SCHEDULE-YYYYMMDDThhmmssZ`, after the instant that was
due; what our agent and our command line submit says schedule and cause in its properties. A job's
steps and logs are not to be had through Resource Manager: the studio has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, Unpack, cast

from reconciler.audit.records import RunRecord
from reconciler.errors import ReconcilerError
from reconciler.model import Key
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.runs.job_bodies import CAUSE, DATA_PATH, SCHEDULE
from reconciler.workspace.store.records import RunFilter, RunRow, StepRow

_NAMED = re.compile(r"(.+)-([0-9]{8}T[0-9]{6}Z)", re.DOTALL)
_WAITING = ("notstarted", "starting", "provisioning", "preparing", "queued", "scheduled", "unknown")
_ENDED = {"completed": "Completed", "failed": "Failed", "canceled": "Canceled"}
_SLACK = timedelta(days=1)
"""How much older than asked for a job may be when the pages are not read on: lists are sorted by
when jobs were made, and a job that waited long was made before it began."""
_STUDIO = "https://ml.azure.com/runs/"


class Resources(Protocol):
    """What of `deploy.resources.Resources` is called here."""

    def get(self, path: str) -> Any:
        """One resource below the workspace; None if there is none."""
        ...

    def post(self, path: str, body: Mapping[str, Any] | None, key: Key | None) -> Any:
        """Call an action."""
        ...


class Jobs:
    """Used by one thread."""

    def __init__(self, client: Client, resources: Resources) -> None:
        self._client = client
        self._resources = resources
        self._since: datetime | None = None
        self._by_schedule: dict[str, list[RunRecord]] = {}

    def forget(self) -> None:
        """There may be other jobs by now."""
        self._since, self._by_schedule = None, {}

    def since(self, since: datetime) -> Mapping[str, Sequence[RunRecord]]:
        """The runs that were due after then, or made, by schedule. Read once. ProviderError."""
        if self._since is None or since < self._since:
            self.forget()
            for row in self._rows(since - _SLACK):
                record = _record(row)
                if record.schedule and (record.due_at or row.created_at) > since:
                    self._by_schedule.setdefault(record.schedule, []).append(record)
            self._since = since
        return self._by_schedule

    def ran(self, schedule: str, due_at: datetime) -> bool:
        """Whether a fire by time, of a schedule, has its run. ProviderError."""
        known = self.since(due_at - timedelta(seconds=1))
        return any(record.due_at == due_at for record in known.get(schedule, ()))

    def newest(self, *, limit: int = 50, **wanted: Unpack[RunFilter]) -> list[RunRow]:
        """The newest first. ProviderError."""
        found: list[RunRow] = []
        for row in self._rows(None):
            asked = {"schedule": row.schedule, "status": row.status, "experiment": row.experiment}
            if all(wanted.get(key) in (None, value) for key, value in asked.items()):
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def get(self, name: str) -> RunRow | None:
        """A job by its name; None: there is none. ProviderError."""
        found = self._resources.get(f"jobs/{name}")
        return None if found is None else _row(found)

    def steps(self, name: str) -> list[StepRow]:
        """None: Resource Manager does not tell of them."""
        return []

    def log(self, name: str, step: str, after: int) -> Iterator[tuple[bytes, int]]:
        """ReconcilerError: see `place`."""
        raise ReconcilerError(f"Azure keeps what the steps of {name} print: {self.place(name)}")

    def place(self, name: str) -> str:
        """Where people look at it."""
        return f"{_STUDIO}{name}?wsid={self._client.workspace.id}"

    def cancel(self, name: str) -> str:
        """Tell it to end; its status then. ProviderError."""
        self._resources.post(f"jobs/{name}/cancel", None, None)
        found = self.get(name)
        return found.status if found is not None else "Canceled"

    def experiments(self) -> list[tuple[str, int, str, datetime]]:
        """By name: how many jobs, the status of the newest, and when it was made: of all that the
        workspace lists, page by page. ProviderError.
        """
        found: dict[str, tuple[int, RunRow]] = {}
        for row in self._rows(None):
            number, newest = found.get(row.experiment, (0, row))
            found[row.experiment] = number + 1, max(newest, row, key=lambda one: one.created_at)
        return [
            (name, number, newest.status, newest.created_at)
            for name, (number, newest) in sorted(found.items())
        ]

    def prune(self, keep: int, now: datetime) -> int:
        """ReconcilerError: nothing is deleted there."""
        raise ReconcilerError(
            "jobs of Azure are not removed from here",
            hint="`az ml job archive --name NAME` hides one",
        )

    def idle(self) -> str | None:
        """Azure starts them."""
        return None

    def no_logs(self, name: str) -> str | None:
        """Where they are instead."""
        return f"what its steps print is in the studio: {self.place(name)}"

    def _rows(self, since: datetime | None) -> Iterator[RunRow]:
        for job in self._client.jobs():
            row = _row(job)
            if since is not None and row.created_at < since:
                return
            yield row


def _row(job: Mapping[str, Any]) -> RunRow:
    said, system = job.get("properties") or {}, job.get("systemData") or {}
    held = said.get("properties") or {}
    name = str(job.get("name"))
    created = _instant(system.get("createdAt")) or datetime.min.replace(tzinfo=UTC)
    schedule, due, cause = None, created, "manual"
    named = _NAMED.fullmatch(str(said.get("displayName") or name))
    stamped = _instant(named[2]) if named is not None else None
    if named is not None and stamped is not None:
        schedule, due, cause = named[1], stamped, "time"
    if SCHEDULE in held:
        schedule, cause = str(held[SCHEDULE]), str(held.get(CAUSE, cause))
    source = str(said.get("sourceJobId") or said.get("componentId") or "")
    return RunRow(
        name=name,
        schedule=schedule,
        experiment=str(said.get("experimentName") or ""),
        pipeline=source.rpartition("/jobs/")[2],
        version="",
        cause=cast(Any, cause),
        due_at=due,
        data_path=held.get(DATA_PATH),
        inputs={key: _value(one) for key, one in (said.get("inputs") or {}).items()},
        go_on=None,
        status=_status(said.get("status")),
        cancel=None,
        created_at=created,
        started_at=_instant(held.get("StartTimeUtc")),
        ended_at=_instant(held.get("EndTimeUtc")),
        message=None,
    )


def _record(row: RunRow) -> RunRecord:
    return RunRecord(
        row.name,
        row.schedule or "",
        cast(Any, row.status),
        row.started_at or row.created_at,
        row.due_at if row.cause in ("time", "backfill") else None,
        row.cause,
    )


def _status(said: Any) -> str:
    word = str(said or "").replace(" ", "").lower()
    return _ENDED.get(word, "NotStarted" if word in _WAITING else "Running")


def _value(given: Any) -> Any:
    return given.get("value", given.get("uri")) if isinstance(given, Mapping) else given


def _instant(text: Any) -> datetime | None:
    """ARM's instants have seven digits of a second; run history's are in another form too."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        try:
            found = datetime.strptime(text.strip(), "%m/%d/%Y %H:%M:%S")
        except ValueError:
            return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
