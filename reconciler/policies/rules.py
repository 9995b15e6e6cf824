"""The policies of a repository, as values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

from reconciler.model import Schedule, Severity

Per = Literal["minute", "hour", "day"]


@dataclass(frozen=True, slots=True)
class MatchesSchema:
    """Each schedule, resolved for its target, is valid by a JSON schema (draft 2020-12)."""

    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MostFires:
    """At most `count` fires in any one minute, hour or day (of UTC) of each group of schedules."""

    count: int
    per: Per
    each: str = "target"
    """What makes a group: `target`, `pipeline`, or `tags.NAME` (whoever has no such tag is in
    none)."""


@dataclass(frozen=True, slots=True)
class NoFires:
    """Nothing fires on the days of a calendar."""

    calendar: bytes = field(repr=False)
    """The file, as `calendars.py` reads it."""
    time_zone: str = "UTC"
    """Whose days they are; an IANA name."""


@dataclass(frozen=True, slots=True)
class LeastDistance:
    """Fires of two schedules that run the same pipeline are at least so far apart."""

    distance: timedelta


Rule = MatchesSchema | MostFires | NoFires | LeastDistance


@dataclass(frozen=True, slots=True)
class Policy:
    """One entry of `policies`."""

    name: str
    rule: Rule
    index: int
    """Its place among the entries, from 0."""
    severity: Severity = "error"
    targets: tuple[str, ...] = ()
    """Names of targets; none: all of them."""
    schedules: tuple[str, ...] = ()
    """Patterns of the names of schedules, such as `ingest-*`; none: all of them."""
    message: str | None = None
    """What the team wants to be said with it."""

    def concerns(self, schedule: Schedule) -> bool:
        """Whether this schedule is to obey it."""
        if self.targets and schedule.key.target not in self.targets:
            return False
        name = schedule.key.name
        return not self.schedules or any(fnmatchcase(name, one) for one in self.schedules)
