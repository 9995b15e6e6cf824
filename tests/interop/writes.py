"""What a deployer wrote to the stand-in for one schedule, in a form that can be compared.

Names of code are made up by whoever puts it, and the versions of components follow from them: both
are put in terms of contents. `_source` says by which way of the client a thing came.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fakes.messages import Call

from reconciler.providers.azureml.rules import normalize


@dataclass(slots=True)
class Writes:
    """By their versions, what was put; and the schedule."""

    environments: dict[str, Any] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    """By the hash of the content."""
    components: dict[str, Any] = field(default_factory=dict)
    schedule: Any = None
    versions: set[str] = field(default_factory=set)
    """Of components that run no code: these are the client's own."""


def writes(calls: Iterable[Call], known: dict[str, Any]) -> Writes:
    """Of calls in their order; `known`: all code of the workspace, by path."""
    found, names, bodies = Writes(), {}, []
    for path, code in known.items():
        names[path.split("/")[1]] = code["properties"]["hash_sha256"]
    for call in calls:
        if call.method != "PUT" or call.status not in (200, 201):
            continue
        segments = call.segments
        if call.route == "environment":
            environment = plain(call.json["properties"])
            if "build" in environment:
                # The host of the storage is not the client's business.
                uri = environment["build"]["contextUri"]
                environment["build"]["contextUri"] = uri[uri.index("/container/") :]
            found.environments[segments[-1]] = environment
        elif call.route == "code":
            found.codes.add(names[segments[-3]])
        elif call.route == "component":
            bodies.append((segments[-1], plain(call.json["properties"])))
        elif call.route == "schedule":
            found.schedule = plain(call.json["properties"])
    renamed = dict(names)
    for version, body in bodies:
        text = _renamed(body, renamed)
        if "/codes/" not in text and not any(name in text for name in renamed.values()):
            found.versions.add(version)
        spec = json.loads(text)
        text = json.dumps(spec, sort_keys=True)
        renamed[version] = f"component-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        found.components[renamed[version]] = spec
    found.schedule = json.loads(_renamed(found.schedule, renamed))
    return found


def _renamed(body: Any, names: dict[str, str]) -> str:
    text = json.dumps(body)
    for name, content in names.items():
        text = text.replace(name, content)
    return text


def plain(value: Any) -> Any:
    """Without how it came about, and how the service's work on it stands."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in ("_source", "provisioningState")}
    return [plain(item) for item in value] if isinstance(value, list) else value


def differences(theirs: Writes, ours: Writes) -> list[str]:
    """What is not equal, each in one line; empty: everything is."""
    found = compared("environments", theirs.environments, ours.environments)
    if theirs.codes != ours.codes:
        found.append(f"codes: {sorted(theirs.codes)} and {sorted(ours.codes)}")
    if theirs.versions != ours.versions:
        found.append(f"versions: {sorted(theirs.versions)} and {sorted(ours.versions)}")
    jobs = [_identified(one["action"]["jobDefinition"]) for one in (theirs.schedule, ours.schedule)]
    found += compared("jobDefinition", *jobs)
    if set(theirs.components) != set(ours.components):
        pairs = zip(theirs.components.values(), ours.components.values(), strict=False)
        for number, (one, other) in enumerate(pairs):
            found += compared(f"components[{number}]", one, other)
        found.append(f"components: {len(theirs.components)} and {len(ours.components)}")
    found += compared("schedule", *map(_said, (theirs.schedule, ours.schedule)))
    # When it fires, by the table of what means the same: it is not the job's matter.
    triggers = [normalize({"trigger": one["trigger"]}) for one in (theirs.schedule, ours.schedule)]
    return found + compared("trigger", *triggers)


def _said(schedule: dict[str, Any]) -> dict[str, Any]:
    """What it says of itself; what is null, empty or a mark of ours is as nothing. What says not
    whether it is enabled is: the client does not, and true is the default of the specification.
    """
    said: dict[str, Any] = {
        key: schedule.get(key) or None for key in ("displayName", "description")
    }
    said["isEnabled"] = schedule.get("isEnabled") is not False
    for key in ("tags", "properties"):
        given = (schedule.get(key) or {}).items()
        said[key] = {name: value for name, value in given if not name.startswith("reconciler-")}
    return said


def _identified(job: dict[str, Any]) -> dict[str, Any]:
    """With the id of the job that it refers to, which the specification asks for; the client sends
    a short name as it stands.
    """
    source = job.get("sourceJobId")
    return job if source is None else job | {"sourceJobId": source.rpartition("/")[2]}


def compared(path: str, one: Any, other: Any) -> list[str]:
    """Where two JSON values differ, each in one line."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = []
        for key in sorted(one.keys() | other.keys()):
            if key not in other:
                found.append(f"{path}.{key}: not sent, {_short(one[key])}")
            elif key not in one:
                found.append(f"{path}.{key}: only ours, {_short(other[key])}")
            else:
                found += compared(f"{path}.{key}", one[key], other[key])
        return found
    same = type(one) is type(other) and one == other
    return [] if same else [f"{path}: {_short(one)} and ours {_short(other)}"]


def _short(value: Any) -> str:
    return re.sub(r"/subscriptions/\S+?/workspaces/[^/]+", "{ws}", json.dumps(value))[:160]
