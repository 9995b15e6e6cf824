"""Requests and responses, between the sockets and the routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

ASSETS = ("environments", "codes", "components", "data", "models", "datastores", "computes")
_WORKSPACE = 8
"""Segments of a workspace's id."""


@dataclass(slots=True)
class Call:
    """One request; the log keeps them all."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    route: str = "other"
    """list, schedule, operation, result, jobs, job, cancel, workspace, blob, environment, code,
    component, data, model, datastore, compute or other."""
    name: str = ""
    """Of the schedule, the job or the operation; of an asset or a blob, the path."""
    status: int = 0
    """What was answered; 0: the connection was dropped."""

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body) if self.body else None

    @property
    def segments(self) -> list[str]:
        return [unquote(part) for part in self.path.strip("/").split("/")]


def call(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """A Call, with the route it takes."""
    address = urlsplit(target)
    made = Call(method, address.path, dict(parse_qsl(address.query)), headers, body)
    made.route, made.name = _route(made.segments)
    return made


def _route(segments: list[str]) -> tuple[str, str]:
    lower = [segment.lower() for segment in segments]
    if lower[0] == "account":
        return "blob", "/".join(segments[1:])
    if lower[0] != "subscriptions":
        return "other", ""
    if lower[2:3] == ["providers"] and len(lower) == 8 and lower[4] == "locations":
        kinds = {"mfeoperationsstatus": "operation", "mfeoperationresults": "result"}
        return kinds.get(lower[6], "other"), segments[7]
    if lower[6:7] != ["workspaces"] or len(lower) < _WORKSPACE:
        return "other", ""
    match lower[_WORKSPACE:]:
        case []:
            return "workspace", segments[7]
        case ["schedules"]:
            return "list", ""
        case ["schedules", _]:
            return "schedule", segments[9]
        case ["jobs"]:
            return "jobs", ""
        case ["jobs", _]:
            return "job", segments[9]
        case ["jobs", _, "cancel"]:
            return "cancel", segments[9]
        case [kind, *_] if kind in ASSETS:
            return kind.removesuffix("s"), "/".join(segments[_WORKSPACE:])
    return "other", ""


@dataclass(slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    broken: str = ""
    """drop: nothing is sent; truncate: half of the body is. Then the connection is closed."""


def answer(status: int, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """An Answer with a body of JSON; a None is none."""
    content = b"" if body is None else json.dumps(body).encode()
    return Answer(status, content, headers or {})
