"""`policies` of reconciler.yaml -> Policies, and what its schema cannot say about them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from reconciler.declare.checking.json_schema import is_part_valid
from reconciler.declare.checking.lint import nearest
from reconciler.declare.findings import Finding, clip
from reconciler.declare.reading.files import File, FileError, check_inside, read_file
from reconciler.declare.reading.yaml_loader import parse
from reconciler.firing.clocks import zones
from reconciler.plan.windows_config import read_duration
from reconciler.policies.calendars import CalendarError, read_calendar
from reconciler.policies.rules import (
    LeastDistance,
    MatchesSchema,
    MostFires,
    NoFires,
    Policy,
    Rule,
)
from reconciler.policies.schema_rule import SchemaError, check_schema

LONGEST_DISTANCE = timedelta(days=1)
_RULES = ("schema", "max_fires", "no_fires", "min_distance")
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class _Wrong(Exception):
    def __init__(self, path: tuple[str | int, ...], message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.path, self.message, self.hint = path, message, hint


def read_policies(
    entries: Any, targets: Collection[str], folder: Path, root: Path
) -> tuple[tuple[Policy, ...], list[Finding]]:
    """The policies of `entries`, and what is wrong with them beyond their schema.

    `folder` is what paths of schemas and calendars are relative to, `root` what they may not
    leave. An entry against which the schema has something is left out.
    """
    policies: list[Policy] = []
    findings: list[Finding] = []
    names: set[str] = set()
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not is_part_valid(entry, "config", "policy"):
            continue  # what is wrong with it was said
        at = ("policies", index)
        name = entry["name"]
        if name in names:
            message = f'there are two policies "{clip(name)}"'
            findings.append(Finding("CFG001", (*at, "name"), message))
        names.add(name)
        findings += _unknown_targets(entry, at, targets)
        given = [key for key in _RULES if key in entry]
        if len(given) != 1:
            what = "a policy has one of schema, max_fires, no_fires and min_distance"
            findings.append(Finding("CFG001", at, what))
            continue
        try:
            policies.append(_policy(entry, index, given[0], folder, root))
        except _Wrong as wrong:
            path = (*at, given[0], *wrong.path)
            findings.append(Finding("CFG001", path, wrong.message, wrong.hint))
    return tuple(policies), findings


def _unknown_targets(
    entry: Mapping[str, Any], at: tuple[str | int, ...], targets: Collection[str]
) -> Iterator[Finding]:
    for index, name in enumerate(entry.get("targets", ())):
        if name not in targets:
            message = f'there is no target "{clip(name)}"'
            yield Finding("CFG001", (*at, "targets", index), message, nearest(name, list(targets)))


def _policy(entry: Mapping[str, Any], index: int, key: str, folder: Path, root: Path) -> Policy:
    return Policy(
        name=entry["name"],
        rule=_RULE_OF[key](entry[key], folder, root),
        index=index,
        severity=entry.get("severity", "error"),
        targets=tuple(entry.get("targets") or ()),
        schedules=tuple(entry.get("schedules") or ()),
        message=entry.get("message"),
    )


def _schema(value: Any, folder: Path, root: Path) -> Rule:
    if isinstance(value, str):
        documents, faults = parse(_read(value, (), folder, root))
        if faults or len(documents) != 1 or not isinstance(documents[0].data, dict):
            why = faults[0].message if faults else "one mapping is expected in it"
            raise _Wrong((), f"{clip(value)} is no JSON schema: {why}")
        value = documents[0].data
    try:
        check_schema(value)
    except SchemaError as error:
        raise _Wrong((), str(error)) from error
    return MatchesSchema(value)


def _most(value: Mapping[str, Any], folder: Path, root: Path) -> Rule:
    return MostFires(value["count"], value["per"], value.get("each", "target"))


def _none(value: Any, folder: Path, root: Path) -> Rule:
    document = {"calendar": value} if isinstance(value, str) else value
    path: tuple[str, ...] = () if isinstance(value, str) else ("calendar",)
    named = document.get("time_zone", "UTC")
    zone = zones.resolve(named)
    if zone is None:
        raise _Wrong(("time_zone",), f'there is no time zone "{clip(str(named))}"')
    data = _read(document["calendar"], path, folder, root)
    try:
        read_calendar(data, ZoneInfo(zone), _SOME_TIME, _SOME_TIME + timedelta(days=1))
    except CalendarError as error:
        raise _Wrong(path, f"{clip(document['calendar'])}: {error}") from error
    return NoFires(data, zone)


def _apart(value: str, folder: Path, root: Path) -> Rule:
    distance = read_duration(value)
    if distance is None or not timedelta(0) < distance <= LONGEST_DISTANCE:
        raise _Wrong((), "it must be 1 minute to 1 day")
    return LeastDistance(distance)


_RULE_OF = {"schema": _schema, "max_fires": _most, "no_fires": _none, "min_distance": _apart}


def _read(name: str, path: tuple[str, ...], folder: Path, root: Path) -> bytes:
    try:
        full = os.path.normpath(folder / name)
        file = File(full, name, os.path.realpath(full))
        if not os.path.exists(full):
            raise _Wrong(path, f"there is no file {clip(name)}")
        check_inside(full, file.real, root)
        return read_file(file, root)
    except (FileError, ValueError) as error:
        raise _Wrong(path, f"{clip(name)}: {error}") from error
