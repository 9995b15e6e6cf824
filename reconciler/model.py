"""The values that every stage passes on: frozen, without I/O, without a clock.

Times of day are wall-clock times in `time_zone`; `start_time` and `end_time` are naive
wall-clock datetimes in it, as in Azure. Instants are aware UTC datetimes. `time_zone` is an IANA
name. Mappings inside a value are never changed after it was made, and hold their keys sorted, so
that the same declaration gives the same bytes every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal

Severity = Literal["error", "warning"]
Frequency = Literal["minute", "hour", "day", "week", "month"]
FREQUENCIES: tuple[Frequency, ...] = ("minute", "hour", "day", "week", "month")
WEEK_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What identifies a schedule: the target it lives in and its name there."""

    target: str
    name: str

    def __str__(self) -> str:
        return f"{self.target}/{self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a schedule is declared. `path` is relative to the repository, `line` counts from 1."""

    path: str
    line: int
    document: int = 0
    """Which `---` document of the file, from 0."""
    root: str = field(default="", compare=False, repr=False)
    """Where the repository is on this machine; empty: it is not at hand."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


# ---------------------------------------------------------------------------------------- triggers


@dataclass(frozen=True, slots=True)
class Pattern:
    """When in its period a recurrence fires: every hour with every minute, on the days given.

    An empty tuple means "not restricted": hours and minutes are then those of the start.
    All are sorted and without repeats; `week_days` are full lower-case English names, Monday first.
    """

    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_days: tuple[str, ...] = ()
    month_days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Every `interval` units of `frequency`, at `pattern` within it if there is one."""

    frequency: Frequency
    interval: int
    pattern: Pattern | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Cron:
    """A five-field cron expression, read in `time_zone`."""

    expression: str
    start_time: datetime | None = None
    end_time: datetime | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class DatastoreChange:
    """One run for each file that is new or changed directly in `path_on_datastore`."""

    datastore: str
    path_on_datastore: str = ""
    polling_interval: int = 5
    """Minutes."""
    data_path_parameter_name: str | None = None
    """The pipeline input that receives the path of the file."""


Trigger = Recurrence | Cron | DatastoreChange


def data_path_of(trigger: Trigger) -> str | None:
    """The job's input that the trigger fills, if it is one that does."""
    return trigger.data_path_parameter_name if isinstance(trigger, DatastoreChange) else None


# --------------------------------------------------------------------------------------- schedules


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of a snapshot. Text is taken with LF for CR LF, so that it is one on every machine."""

    path: str
    """Relative to the folder, with `/`."""
    size: int
    """Bytes."""
    digest: str
    """SHA-256 of its content, in hex."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip file that is made of a folder: its members by their names in it, sorted, and where
    they lie on this machine.
    """

    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder of code, or a single file of it, as it was read. `files` are sorted by path."""

    digest: str
    """Of the paths and digests of its files, in hex."""
    files: tuple[CodeFile, ...]
    path: str = ""
    """Relative to the repository, for people."""
    folder: str = ""
    """What the paths of its files are relative to, on this machine: who publishes reads there."""
    is_file: bool = False
    """Whether it is a single file, and `path` its own."""
    places: Mapping[str, str | Archive] = field(default_factory=dict, compare=False, hash=False)
    """Of files that lie elsewhere on this machine, added by `additional_includes`: where."""

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Component:
    """A component file that a job refers to: the canonical JSON text of its YAML."""

    document: str
    path: str
    """Relative to the repository."""


@dataclass(frozen=True, slots=True)
class JobDefinition:
    """The content of a job file: what a provider publishes, or sends along.

    `document` is the canonical JSON text of the file's YAML; `digest` the SHA-256, in hex, of it
    and of all that the job brings along.
    """

    name: str
    digest: str
    document: str
    path: str
    """Relative to the repository."""
    components: Mapping[str, Component] = field(default_factory=dict, hash=False)
    """The component files that it leads to, by their path relative to the repository."""
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict, hash=False)
    """The code that it and its components run, by its path relative to the repository."""
    root: str = field(compare=False, default="")
    """Where the repository is on this machine."""
    registered: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Of components that are named as registered ones, the path of the file among `components`
    that they are in a target that has none registered.
    """


@dataclass(frozen=True, slots=True)
class Job:
    """What runs. `reference` is `azureml:NAME[:VERSION]`, or the path of a job file as written.

    `definition` is the content of that file, and is no part of what is compared: a provider's
    `canonical` turns it into the reference of what it publishes.
    """

    reference: str
    experiment_name: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    continue_on_step_failure: bool | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What else `settings` holds: default_compute, force_rerun and the like."""
    display_name: str | None = None
    description: str | None = None
    compute: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of the job that only some targets know: identity, limits, resources ..."""
    definition: JobDefinition | None = field(default=None, compare=False, repr=False)
    own_experiment: bool = field(default=False, compare=False, repr=False)
    """No experiment is named, and none is to be filled in: the declaration is `azureml:NAME` alone,
    as text, or its `experiment_name` is empty."""


Mode = Literal["heal", "observe", "off"]
"""What the loop does about differences: applies them, reports them, or looks away."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A pause that the repository asks for: live, but disabled, until `until`."""

    until: datetime
    """The instant at which it ends, in UTC."""
    reason: str | None = None
    by: str | None = None
    """Who asked for it."""
    suspended: bool = False
    """It is none of the repository: somebody suspended the schedule where it lives."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A stop that somebody asked for without a commit: of a live schedule, kept with it; or of
    all changes of a target, kept in the state. It ends by itself.
    """

    until: datetime
    """The instant at which it ends, in UTC."""
    by: str
    since: datetime
    """When it was asked for, in UTC."""
    reason: str | None = None
    was_enabled: bool = True
    """Whether the schedule was enabled before."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A schedule goes from one target to others in one run that has all of them."""

    source: str
    """The target that it leaves."""
    targets: tuple[str, ...]
    """Those that it goes to, sorted."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule as it should be, or as it is."""

    key: Key
    trigger: Trigger
    job: Job
    enabled: bool = True
    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str | None] = field(default_factory=dict)
    source: Source | None = field(default=None, compare=False)
    hold: Hold | None = field(default=None, compare=False)
    """A hold that is in force; `enabled` is False then."""
    ended: Hold | None = field(default=None, compare=False)
    """A hold that stands in its file, and is over."""
    mode: Mode = field(default="heal", compare=False)
    renamed_from: str | None = field(default=None, compare=False)
    """The name that it had: what is live under that becomes this."""
    adopt: str | None = field(default=None, compare=False)
    """Whose live schedule of its name it takes over: an owner; empty: one made by hand."""
    moved: str | None = field(default=None, compare=False)
    """What `moved_from` does in its target, in words, until that is over."""
    handover: Handover | None = field(default=None, compare=False)
    """It is declared with a `moved_from` that has no moment; in the target that it leaves, too."""
    came_from: str | None = field(default=None, compare=False)
    """The target that its `moved_from` names, in those that it goes to, as long as that stands."""


@dataclass(frozen=True, slots=True)
class LiveSchedule:
    """A schedule as a provider reports it."""

    schedule: Schedule
    owner: str | None
    """Who manages it; None: it was made by hand."""
    fingerprint: str
    """Changes whenever the live schedule changes."""
    modified_by: str | None = None
    modified_at: datetime | None = None
    created_at: datetime | None = None
    applied: str | None = None
    """The digest of what was last applied to it, where the target keeps it."""
    digest: str | None = None
    """The digest of what it is now, to compare with `applied`; None: that is `schedule_digest`."""
    suspended: Suspension | None = None
    """The last one asked for; it may be over."""
    repository: str | None = None
    """The identity of the repository that it was last applied from; None: not known."""

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.schedule.key


# ---------------------------------------------------------------------------------------- findings


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding: a value, never an exception. Lines and columns count from 1."""

    code: str
    severity: Severity
    path: str
    message: str
    line: int = 1
    column: int = 1
    end_column: int | None = None
    """The column after the last one to underline, on the same line."""
    json_path: str = ""
    """Such as `trigger.schedule.hours[1]`; empty for the whole document or file."""
    hint: str | None = None
    excerpt: str | None = None
    """The line itself, with secret values masked."""

    @property
    def order(self) -> tuple[str, int, int, str, str]:
        """Sorts problems by place."""
        return (self.path, self.line, self.column, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a file that a schedule leads to: its job file, or one of a component."""

    path: str
    """Of the file, relative to the repository."""
    keys: tuple[str | int, ...] = ()
    """From the root of its document; empty for all of it."""


NoteKind = Literal["rewritten", "approximated", "refused", "deployed", "unchecked", "waiting"]


@dataclass(frozen=True, slots=True)
class Note:
    """What a target makes of a schedule: rewritten or approximated (how), refused (why); what will
    be deployed with it; what it needs that could not be looked at, or that it waits for.
    """

    kind: NoteKind
    path: str
    """The field, in the words of a declaration: `trigger.expression`."""
    message: str
    hint: str | None = None
    at: Place | None = None
    """Where it is, if not in the declaration."""


@dataclass(frozen=True, slots=True)
class ContentChange:
    """What is another in the job that a schedule runs: its code, its steps, its components."""

    what: str
    """Such as `code of train`."""
    kind: str
    """What the names are of: file, step, key."""
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    diff: tuple[str, ...] = field(default=(), compare=False)
    """Lines of it that differ, masked: what is gone after `- `, what came after `+ `, what stays
    after two spaces, and `@@ NAME @@` above those of a file. None where they are not at hand.
    """


@dataclass(frozen=True, slots=True)
class Canonical:
    """A schedule as its target would report it once applied."""

    schedule: Schedule
    notes: tuple[Note, ...] = ()
    digest: str | None = None
    """To compare with LiveSchedule.applied; None: that is `schedule_digest`."""
    contents: tuple[ContentChange, ...] = ()
    """How its job differs from the one that the live schedule runs, as far as that is known."""
    over: bool = False
    """It never fires any more, and its target keeps nothing of what does not: that it is absent is
    as it should be.
    """


# -------------------------------------------------------------------------------------------- plan


class Action(Enum):
    """What a plan does with one schedule. The value is the symbol that stands before it."""

    CREATE = "+"
    UPDATE = "~"
    DISABLE = "-"
    SKIP = "!"
    NOOP = " "


class Outcome(Enum):
    """What became of a change."""

    CREATED = "created"
    UPDATED = "updated"
    DISABLED = "disabled"
    SKIPPED = "skipped"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, in the words of a declaration. None: the field is not set."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def name(self) -> str:
        """The path as people write it: `trigger.schedule.hours`."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something fires while it lasts: `count` times a `unit`, in each of them."""

    count: float
    unit: Literal["day", "week", "month", "year"]
    months: tuple[int, ...] = ()
    """Only in these, January 1, and the rate is theirs; empty: all the year."""
    is_mean: bool = False
    """No such unit need have as many: it is the mean of all."""


@dataclass(frozen=True, slots=True)
class Fires:
    """The fires of one schedule within the horizon of a plan, as its target will really fire it.

    None of them for a schedule that is absent or disabled.
    """

    count: int = 0
    first: datetime | None = None
    """The first after the apply, in UTC; it may lie behind the horizon."""
    per_day: float = 0.0
    """In the mean of its rule, while it lasts: the horizon may be no more than a weekend."""
    per_week: float = 0.0
    rate: Rate | None = None
    """What people are told of that; None: it never fires."""
    listed: tuple[datetime, ...] = ()
    """The first of them, in UTC, as many as a picture can show."""


@dataclass(frozen=True, slots=True)
class MovedFire:
    """One fire that a change moves, adds (`before` None) or takes away (`after` None); UTC."""

    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class FireWarning:
    """What a reviewer should know about when a changed schedule will fire."""

    kind: Literal[
        "skips",
        "repeats",
        "clock_skips",
        "clock_repeats",
        "clock_differs",
        "short_months",
        "ended",
        "immediate",
    ]
    """`skips`, `repeats`: what changing it now does; `clock_`: what a clock change will do."""
    message: str


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change does to the fires of its schedule."""

    before: Fires | None
    """None: it fires when a file changes, which cannot be foretold."""
    after: Fires | None
    added: int = 0
    removed: int = 0
    moved: int = 0
    moved_by: timedelta | None = None
    """By how much each is moved, where it is the same for all; later is positive. On the clock on
    the wall, where both sides have one.
    """
    examples: tuple[MovedFire, ...] = ()
    """The first fires that differ, in the order of time; of those behind the horizon, where none
    does within it. None: all is as before.
    """
    warnings: tuple[FireWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class BusyMinute:
    """A minute in which much fires, before or after."""

    at: datetime
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PlanImpact:
    """When everything that is ours fires, before and after a plan, from `start` on."""

    start: datetime
    """The moment that the plan was made for: an apply at once. UTC."""
    horizon: timedelta
    per_day_before: float
    per_day_after: float
    busiest: tuple[BusyMinute, ...]
    heat_before: tuple[tuple[int, ...], ...]
    """Fires by day and hour, in UTC: a row of 24 for each day from that of `start` on."""
    heat_after: tuple[tuple[int, ...], ...]


Cause = Literal["new", "removed", "repository", "over", "live", "both", "unknown"]
"""Where a difference comes from: not live yet, not in the repository any more, changed there, a
hold or suspension that is over, changed live, changed in both; `unknown`: the target does not say
what was last applied to it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of one schedule.

    CREATE and a NOOP of what is over have only `after`; DISABLE and a NOOP of something removed
    have only `before`; UPDATE, SKIP and other NOOPs have both. An UPDATE whose `before` has another
    name is a renaming.
    """

    action: Action
    key: Key
    before: LiveSchedule | None
    after: Schedule | None
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    """For people only; nothing is decided by it."""
    notes: tuple[Note, ...] = ()
    impact: Impact | None = None
    """None: nothing about its fires changes, or nobody asked."""
    cause: Cause | None = None
    """Who made the difference; None: there is none, or it is not ours."""
    contents: tuple[ContentChange, ...] = ()
    """What is another in the job that it runs; its digest is one of the `fields`."""
    waits: bool = False
    """Of a SKIP that is ours: it is left until a run has all targets of its handover."""
    over: bool = False
    """Of a DISABLE: it never fires any more, and no limit counts it."""

    @property
    def renamed(self) -> bool:
        """Whether the live schedule has another name."""
        return self.before is not None and self.before.key != self.key

    @property
    def source(self) -> Source | None:
        """Where it is, or was, declared."""
        if self.after is not None:
            return self.after.source
        return self.before.schedule.source if self.before is not None else None


@dataclass(frozen=True, slots=True)
class Plan:
    """Every change that brings one target to its declarations, sorted by name."""

    target: str
    owner: str
    changes: tuple[Change, ...]
    unmanaged: int = 0
    """How many live schedules are neither declared nor ours."""
    refusals: tuple[str, ...] = ()
    """Limits that the plan is over; it is applied only if there are none."""
    impact: PlanImpact | None = None
    """None: nobody asked."""
    others: tuple[str, ...] = ()
    """The first of the unmanaged by name, for people to read."""

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that an apply would make."""
        wanted = (Action.CREATE, Action.UPDATE, Action.DISABLE)
        return tuple(change for change in self.changes if change.action in wanted)

    @property
    def not_ours(self) -> tuple[Change, ...]:
        """What is declared and is not applied, for it is somebody else's: nothing an apply brings
        in sync, and so nothing that is in sync.
        """
        return tuple(change for change in self.changes if change.action is Action.SKIP)

    def count(self, action: Action) -> int:
        """How many changes have that action."""
        return sum(change.action is action for change in self.changes)


StaleKind = Literal[
    "file",
    "size",
    "json",
    "format",
    "edited",
    "shape",
    "shown",
    "age",
    "owner",
    "target",
    "options",
    "commit",
    "declarations",
    "unplanned",
    "declared",
    "live",
]
"""What a saved plan is checked for; docs/saved-plans.md says what each means."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One way in which a saved plan is not the plan any more."""

    kind: StaleKind
    message: str
    key: Key | None = None
    """The schedule that it is about; None: the whole file."""
    differences: tuple[FieldChange, ...] = ()
    """What was planned (before) and what is (after), with secret values masked."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of `change`; `error` is a line for the user when it failed."""

    change: Change
    outcome: Outcome
    error: str | None = None
