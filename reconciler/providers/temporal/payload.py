"""What a schedule of Temporal carries for its runs: the declaration, the job, since when.

It is the one input of the workflow that the schedule starts, as JSON, so that a run needs nothing
else: no repository, and no target that was asked before. A sum of it tells what was edited there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.document import document_from_schedule, schedule_from_document
from reconciler.model import Key, Schedule, Source
from reconciler.workspace.store.references import split_reference

WORKFLOW = "ReconcilerRun"
"""The type of the workflow of a run."""
LOOK = "ReconcilerLook"
"""The type of the workflow that looks at a folder."""
ABOUT = "about"
"""The memo of the workflow that says what it runs."""
FORMAT = 1
_MOST_TOLD = 20_000
"""Bytes of inputs that a list tells of."""
LARGEST = 500_000
"""Bytes. Temporal warns from 512 KB up, and keeps one copy for each run."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The job that runs."""

    document: Mapping[str, Any]
    """With its components in it."""
    code: Mapping[str, str] = field(default_factory=dict)
    """The `code` of its steps -> the digest of its snapshot in the store. So is its local data."""
    held: Mapping[str, str | None] = field(default_factory=dict)
    """Of those, the file that it is; None: a folder."""
    path: str = ""
    """Of the job file, relative to the repository."""


@dataclass(frozen=True, slots=True)
class Payload:
    """All of it."""

    schedule: Mapping[str, Any]
    """The document of the schedule; whether it is enabled is Temporal's own to say."""
    created: datetime
    """What a trigger without a start counts from; UTC, in whole seconds."""
    asks: bool
    """Whether it is woken more often than it fires."""
    pipeline: Pipeline
    source: str | None = None
    since: datetime | None = None
    """Of one that follows a folder: when it was enabled last. UTC."""

    def to_bytes(self) -> bytes:
        """As it is sent: ASCII, so that it is the same for whoever reads it."""
        body = {
            "format": FORMAT,
            "schedule": self.schedule,
            "created": self.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "asks": self.asks,
            "job": self.pipeline.document,
            "code": dict(sorted(self.pipeline.code.items())),
            "source": self.source,
        }
        if self.pipeline.path:
            body["path"] = self.pipeline.path
        if self.pipeline.held:
            body["held"] = dict(sorted(self.pipeline.held.items()))
        if self.since is not None:
            body["since"] = self.since.isoformat()
        return _text({**body, "sum": _sum(body)})

    def live(self, key: Key, *, enabled: bool) -> Schedule:
        """The schedule; ValueError and its like where it is damaged."""
        path, _, line = (self.source or "").rpartition(":")
        source = Source(path, int(line)) if path else None
        return schedule_from_document({**self.schedule, "is_enabled": enabled}, key, source)


def about(payload: Payload, given: Mapping[str, Any] | None = None, **more: str) -> dict[str, Any]:
    """What lists of runs tell of one, without asking for its input; `given`: over its inputs.
    `more`: what else is told.
    """
    job = payload.schedule["create_job"]
    pipeline, version = split_reference(job["job"])
    inputs = {**(job.get("inputs") or {}), **(given or {})}
    return {
        "inputs": inputs if len(_text(inputs)) <= _MOST_TOLD else {},
        "schedule": payload.schedule["name"],
        "experiment": job.get("experiment_name"),
        "pipeline": pipeline,
        "version": version,
        **more,
    }


def payload_of(
    schedule: Schedule,
    created: datetime,
    asks: bool,
    pipeline: Pipeline,
    since: datetime | None = None,
) -> Payload:
    """What is sent for a canonical schedule."""
    document = document_from_schedule(schedule)
    del document["is_enabled"]
    source = schedule.source
    place = None if source is None else f"{source.path}:{source.line}"
    return Payload(document, created, asks, pipeline, place, since)


def read_payload(data: bytes | Mapping[str, Any]) -> tuple[Payload, bool]:
    """(what was sent, whether it still is that); ValueError where it is nothing of ours."""
    try:
        body = json.loads(data) if isinstance(data, bytes) else dict(data)
        said = body.pop("sum", None)
        _check_shape(body)
        created = datetime.strptime(body["created"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        payload = Payload(
            body["schedule"],
            created,
            bool(body["asks"]),
            Pipeline(body["job"], body["code"], body.get("held") or {}, str(body.get("path", ""))),
            body.get("source"),
            datetime.fromisoformat(body["since"]) if "since" in body else None,
        )
        whole = body["format"] == FORMAT and said == _sum(body)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not the input of a run: {error!r}") from error
    return payload, whole


def _check_shape(body: Mapping[str, Any]) -> None:
    """TypeError where it is not as its readers take it: whoever may edit a schedule may write
    anything there.
    """
    schedule, job = body["schedule"], body["schedule"]["create_job"]
    held = body.get("held") or {}
    if not (
        all(isinstance(one, Mapping) for one in (schedule, job, body["job"], body["code"], held))
        and all(isinstance(one, str) for one in (schedule["name"], job["job"]))
    ):
        raise TypeError("it has another shape")


def _sum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(body)).hexdigest()[:24]


def _text(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode("ascii")
