"""`windows` of reconciler.yaml -> Windows, and what a schema cannot say about them. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.declare.checking.lint import lint_document, nearest
from reconciler.declare.checking.trigger_lint import surprises
from reconciler.declare.findings import Finding
from reconciler.firing.clocks import zones
from reconciler.model import Cron
from reconciler.plan.windows import LONGEST, Window

_DURATION = re.compile(r"(?=\d)(?:(\d{1,3})d)?(?:(\d{1,3})h)?(?:(\d{1,5})m)?", re.ASCII)
_FROM_TRIGGER = {"expression": "schedule", "time_zone": "time_zone"}


def read_windows(entries: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Windows of sound entries."""
    return tuple(
        Window(
            entry["kind"],
            entry["schedule"],
            read_duration(entry["duration"]) or LONGEST,
            zones.resolve(entry.get("time_zone", "UTC")) or "UTC",
            tuple(entry.get("targets") or ()),
        )
        for entry in entries
    )


def read_duration(text: str) -> timedelta | None:
    """`90m`, `2h`, `1h30m`, `2d`; None where it is none of these."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def window_findings(entries: Any, targets: Collection[str]) -> Iterator[Finding]:
    """What is wrong with `windows`; what its schema knows is not said again."""
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            for finding in _of_one(entry, targets):
                yield replace(finding, code="CFG001", path=("windows", index, *finding.path))


def _of_one(entry: Mapping[str, Any], targets: Collection[str]) -> Iterator[Finding]:
    schedule = entry.get("schedule")
    if isinstance(schedule, str):
        trigger = {"type": "cron", "expression": schedule}
        if isinstance(entry.get("time_zone"), str):
            trigger["time_zone"] = entry["time_zone"]
        for finding in lint_document({"trigger": trigger}):
            yield replace(finding, path=(_FROM_TRIGGER[str(finding.path[-1])],))
        # Where a loop may write is not left to what looks like something else.
        for finding in surprises(Cron(schedule)):
            if finding.code in ("SCH040", "SCH041"):
                yield replace(finding, path=("schedule",))
    duration = entry.get("duration")
    length = read_duration(duration) if isinstance(duration, str) else None
    if length is not None and not timedelta(0) < length <= LONGEST:
        yield Finding("CFG001", ("duration",), "it must last 1 minute to 31 days")
    named = entry.get("targets")
    for index, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in targets:
            hint = nearest(name, list(targets))
            yield Finding("CFG001", ("targets", index), f'there is no target "{name[:60]}"', hint)
