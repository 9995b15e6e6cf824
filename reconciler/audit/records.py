"""What an audit takes and gives, as values. Every instant is aware, and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Literal, NamedTuple

from reconciler.model import Key, Schedule

RunStatus = Literal["NotStarted", "Running", "Completed", "Failed", "Canceled", "Forgotten"]
"""`Forgotten`: there was a run, and the target keeps no more of it."""
RunCause = Literal["time", "data", "manual", "backfill"]


class RunRecord(NamedTuple):
    """A run of a schedule, whatever the target."""

    name: str
    schedule: str
    status: RunStatus
    began_at: datetime
    """When its first step began; where it has not begun or that is not known, when it was made."""
    due_at: datetime | None = None
    """The instant that it is the run of; None: the target does not keep it."""
    cause: RunCause = "time"


@dataclass(frozen=True, slots=True)
class Period:
    """What a schedule was from `since` (exclusive) to `until` (inclusive)."""

    since: datetime
    until: datetime
    schedule: Schedule | None
    """None: it was not there, or nobody knows (`known`)."""
    created: datetime
    """What a trigger without a start is counted from."""
    known: bool = True


class Verdict(Enum):
    """What became of one fire; the mark that stands for it in a line of text."""

    ON_TIME = "."
    LATE = "l"
    MISSING = "M"
    DOUBLED = "2"
    FAILED = "F"
    CANCELED = "c"
    RAN = "r"
    """There was a run; when it began and what became of it is not kept."""
    WAITING = "w"
    """Its time has hardly passed, or its run has not begun, and is not late as yet."""
    BY_HAND = "+"
    """A run that somebody asked for."""
    UNEXPECTED = "?"
    """A run of the schedule at a time that is none of its fires."""

    @property
    def words(self) -> str:
        """As it is written in lists and in JSON."""
        return self.name.lower().replace("_", " ")


WRONG = frozenset((Verdict.MISSING, Verdict.DOUBLED))
"""What makes an audit find fault with a schedule."""


class Judged(NamedTuple):
    """One fire, or one run that is the run of none, and what is to be said of it."""

    at: datetime
    """The instant that was due; of a run of none, when it began."""
    verdict: Verdict
    runs: tuple[str, ...] = ()
    late_by: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ScheduleAudit:
    """What is to be said of one schedule, in order of time."""

    key: Key
    marks: str
    """The mark of each verdict, one for each fire and for each run that is the run of none."""
    judged: tuple[Judged, ...]
    """Those that were not simply on time."""
    unknown: tuple[tuple[datetime, datetime], ...] = ()
    """Spans of which nobody knows what it was: nothing is expected of them, and nothing missed."""
    foretold: bool = True
    """False: its fires cannot be foretold (it follows files), so that only its runs are judged."""

    @property
    def counts(self) -> dict[Verdict, int]:
        """How often each verdict was given; those that were."""
        return {each: self.marks.count(each.value) for each in Verdict if each.value in self.marks}

    @property
    def is_wrong(self) -> bool:
        """Whether a run is missing or doubled."""
        return any(each.value in self.marks for each in WRONG)
