"""What a JSON schema cannot say about one schedule -> Findings.

`lint_document` looks at a resolved document and finds errors; it takes nothing for granted about
types, so that what else is wrong with a document does not hide anything. `lint_schedule` looks at
the typed schedule and finds what will surprise. Bounds are those of Azure Logic Apps, which fire
Azure ML's schedules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from reconciler.declare.checking.trigger_lint import never_fires, surprises
from reconciler.declare.findings import Finding, Path, all_of, any_of, clip
from reconciler.declare.holds import lint_hold
from reconciler.document import as_list, time_of_day
from reconciler.firing.clock_changes import clock_effects
from reconciler.firing.clocks import zones
from reconciler.firing.rules import cron, cron_expression
from reconciler.firing.words.short_months import short_months
from reconciler.model import Cron, DatastoreChange, Job, Recurrence, Schedule, Trigger

# Units between two periods: the bounds of a Logic Apps recurrence.
MOST_UNITS = {"minute": 72_000, "hour": 12_000, "day": 500, "week": 71, "month": 16}
MOST_POLLING_MINUTES = 72_000

_RANGES = {"hours": (0, 23), "minutes": (0, 59), "month_days": (1, 31)}
_UNITS = {"hours": "an hour", "minutes": "a minute", "month_days": "a day of the month"}
_GOES_WITH = {
    "hours": ("day", "week", "month"),
    "minutes": ("day", "week", "month"),
    "time_of_day": ("day", "week", "month"),
    "week_days": ("week", "month"),
    "month_days": ("month",),
}
_DATASTORE_KEYS = (
    "datastore",
    "path_on_datastore",
    "polling_interval",
    "data_path_parameter_name",
)
_DATE_TIME = re.compile(
    r"(\d{4})-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?\Z"
)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_YEARS = range(1970, 3000)


def lint_document(document: Mapping[str, Any]) -> list[Finding]:
    """The errors of a resolved document that its schema does not know."""
    findings: list[Finding] = []
    trigger = document.get("trigger")
    if isinstance(trigger, dict):
        kind = trigger.get("type")
        kind = kind.lower() if isinstance(kind, str) else None
        if kind in ("recurrence", "cron"):
            findings += _times(trigger)
            findings += _time_zone(trigger)
            findings += _data_path(trigger, ("trigger",))
        if kind == "recurrence":
            findings += _recurrence(trigger)
        elif kind == "cron":
            findings += _cron(trigger)
        elif kind == "datastore":
            findings += _bounds(
                trigger.get("polling_interval"),
                MOST_POLLING_MINUTES,
                "minutes",
                ("trigger", "polling_interval"),
            )
            findings += _path_on_datastore(trigger.get("path_on_datastore"))
    findings += lint_hold(document)
    findings += _data_path(document, ())
    job = document.get("create_job")
    if isinstance(job, dict):
        findings += _data_path(job, ("create_job",))
    return findings


_SETTINGS = (
    *("continue_on_step_failure", "continue_run_on_failed_optional_input", "default_compute"),
    *("default_datastore", "force_rerun"),
)


def lint_settings(job: Job) -> Iterator[Finding]:
    """Settings that are sent as they stand, and that nothing is known of: warnings."""
    for key in job.settings:
        path: Path = ("create_job", "settings", key)
        if key == "identity":
            what = "identity has no effect under settings"
            yield Finding("SCH059", path, what, "it stands beside settings", "key")
        elif key not in _SETTINGS:
            what = f'the setting "{clip(key)}" is not known here'
            yield Finding("SCH074", path, what, nearest(key, list(_SETTINGS)), "key")


def _path_on_datastore(path: Any) -> Iterator[Finding]:
    if isinstance(path, str) and ".." in path.replace("\\", "/").split("/"):
        yield Finding(
            "SCH069",
            ("trigger", "path_on_datastore"),
            f'the path "{clip(path)}" leads out of the datastore',
            "name the folder from the top of the datastore on",
        )


def _data_path(mapping: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    if mapping.keys().isdisjoint(_DATASTORE_KEYS):
        return
    for key in _DATASTORE_KEYS:
        if key in mapping:
            yield Finding(
                "SCH024",
                (*path, key),
                f'"{key}" goes with a datastore trigger only',
                "a trigger that watches a datastore has type: datastore, and holds this key",
                "key",
            )


def _times(trigger: Mapping[str, Any]) -> Iterator[Finding]:
    moments: dict[str, datetime] = {}
    for key in ("start_time", "end_time"):
        text = trigger.get(key)
        if not isinstance(text, str):
            continue
        moment = _moment(text, trigger.get("time_zone"))
        if isinstance(moment, datetime):
            moments[key] = moment
            continue
        code, message, hint = moment
        yield Finding(code, ("trigger", key), f'"{key}" {message}', hint)
    if len(moments) == 2 and moments["end_time"] <= moments["start_time"]:
        yield Finding("SCH020", ("trigger", "end_time"), '"end_time" is not after "start_time"')


def _moment(text: str, zone: Any) -> datetime | tuple[str, str, str | None]:
    """The clock time, or what is wrong with it: a code, a message and a hint. `zone`: the name of
    the time zone as declared; None is UTC.
    """
    match = _DATE_TIME.match(text)
    example = 'write it like "2026-12-01T06:00:00"'
    if match is None:
        return "SCH019", "is not a date and time", example
    if int(match[1]) not in _YEARS:
        return "SCH019", f"is not between {_YEARS.start} and {_YEARS.stop - 1}", None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return "SCH019", "is a date and time that does not exist", example
    clock = moment.replace(tzinfo=None)
    if moment.tzinfo is None or moment.utcoffset() in _offsets(clock, zone):
        return clock
    return (
        "SCH018",
        f"has an offset ({match['offset']}); it is a wall-clock time in time_zone",
        "remove the offset and set time_zone; Azure would drop the offset without a word",
    )


def _offsets(clock: datetime, zone: Any) -> set[timedelta | None]:
    """Those that the zone has when its clocks show that: two, when they show it twice."""
    name = zones.resolve(zone if isinstance(zone, str) else "UTC")
    if name is None:
        return set()
    return {clock.replace(tzinfo=zones.zone(name), fold=fold).utcoffset() for fold in (0, 1)}


def _time_zone(trigger: Mapping[str, Any]) -> Iterator[Finding]:
    name = trigger.get("time_zone")
    if isinstance(name, str) and zones.resolve(name) is None:
        near = zones.nearest(name)
        hint = "did you mean " + any_of([f'"{n}"' for n in near]) + "?" if near else None
        yield Finding(
            "SCH014", ("trigger", "time_zone"), f'time zone "{clip(name)}" is not known', hint
        )


def _recurrence(trigger: Mapping[str, Any]) -> Iterator[Finding]:
    frequency = trigger.get("frequency")
    frequency = frequency.lower() if isinstance(frequency, str) else None
    if frequency in MOST_UNITS:
        yield from _bounds(
            trigger.get("interval"),
            MOST_UNITS[frequency],
            f"with the frequency {frequency}",
            ("trigger", "interval"),
        )
    pattern = trigger.get("schedule")
    if isinstance(pattern, dict):
        yield from _pattern(pattern, frequency)


def _bounds(value: Any, most: int, unit: str, path: Path) -> Iterator[Finding]:
    number = _whole(value)
    if number is not None and not 1 <= number <= most:
        message = f'"{path[-1]}" must be 1 to {most:,} {unit}, not {_shown(number)}'
        yield Finding("SCH015", path, message)


def _pattern(pattern: Mapping[str, Any], frequency: str | None) -> Iterator[Finding]:
    base: Path = ("trigger", "schedule")
    for key, frequencies in _GOES_WITH.items():
        value = pattern.get(key)
        if value is None or value == []:
            continue
        if frequency in MOST_UNITS and frequency not in frequencies:
            yield Finding(
                "SCH016",
                (*base, key),
                f'"{key}" does not go with the frequency {frequency}',
                f"it goes with {any_of(list(frequencies))}",
                "key",
            )
        if key in _RANGES:
            yield from _range(value, _RANGES[key], (*base, key))
    moment = pattern.get("time_of_day")
    if isinstance(moment, str) and time_of_day(moment) is None:
        yield Finding(
            "SCH013",
            (*base, "time_of_day"),
            f'"{clip(moment)}" is not a time of day',
            'write it like "18:30"',
        )
    if moment is not None:
        beside = [key for key in ("hours", "minutes") if pattern.get(key) not in (None, [])]
        if beside:
            yield Finding(
                "SCH017",
                (*base, "time_of_day"),
                f'"time_of_day" stands beside {" and ".join(beside)}',
                "use one or the other",
                "key",
            )


def _range(value: Any, bounds: tuple[int, int], path: Path) -> Iterator[Finding]:
    low, high = bounds
    for index, item in enumerate(as_list(value)):
        number = _whole(item)
        if number is not None and not low <= number <= high:
            where = (*path, index) if isinstance(value, list) else path
            unit = _UNITS[str(path[-1])]
            hint = "midnight is 0" if path[-1] == "hours" and number == 24 else None
            message = f"{_shown(number)} is not {unit}: {low} to {high}"
            yield Finding("SCH013", where, message, hint)


def _cron(trigger: Mapping[str, Any]) -> Iterator[Finding]:
    text = trigger.get("expression")
    if isinstance(text, str) and "${{" not in text:
        fault = cron.check(text)
        if fault is not None:
            message = f'"{clip(text)}": {fault.message}'
            yield Finding("SCH012", ("trigger", "expression"), message)


def _whole(value: Any) -> int | None:
    """A whole number, also one in quotes; None: the schema says what is wrong with it."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):  # 1e3 is a whole number to a schema
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and _INTEGER.match(text := value.strip()):
        return int(text)
    return None


def _shown(number: int) -> str:
    return str(number) if abs(number) < 10**18 else f"{number:.0e}"


# ------------------------------------------------------------------------------- typed: warnings


def lint_schedule(schedule: Schedule, now: datetime) -> list[Finding]:
    """That it never fires, and what will surprise: an end that has passed, uneven steps, months and
    times that are skipped.
    """
    trigger = schedule.trigger
    if isinstance(trigger, DatastoreChange):
        return []
    findings = list(never_fires(trigger))
    if findings or not schedule.enabled:
        return findings
    if trigger.end_time is not None:
        end = trigger.end_time.replace(tzinfo=zones.zone(trigger.time_zone))
        if end <= now:
            return [
                Finding(
                    "SCH021",
                    ("trigger", "end_time"),
                    f"the end {trigger.end_time.isoformat()} has passed: it does not fire any more",
                    "set is_enabled: false, or remove the file",
                )
            ]
    findings += surprises(trigger)
    findings += _short_months(trigger)
    findings += _clock_changes(trigger, now)
    return findings


def _short_months(trigger: Recurrence | Cron) -> Iterator[Finding]:
    """Days that some of the months it fires in do not have."""
    if isinstance(trigger, Recurrence):
        if trigger.frequency != "month":
            return
        is_listed = trigger.pattern is not None and bool(trigger.pattern.month_days)
        path: Path = ("trigger", *(("schedule", "month_days") if is_listed else ("start_time",)))
    else:
        fields = cron_expression.parse(trigger.expression)
        if fields is None or fields.either_day:  # which is SCH040
            return
        path = ("trigger", "expression")
    said = short_months(trigger)
    if said is not None:
        yield Finding(
            "SCH022", path, said, "a schedule never moves to the last day of a short month"
        )


def _clock_changes(trigger: Trigger, now: datetime) -> Iterator[Finding]:
    effects = clock_effects(trigger, now, now + timedelta(days=366))
    if not effects:
        return
    effect = effects[0]
    path: Path = ("trigger", "expression" if isinstance(trigger, Cron) else "schedule")
    if isinstance(trigger, Recurrence) and not (trigger.pattern and trigger.pattern.hours):
        path = ("trigger", "start_time")
    fires_at = effect.fires_at.astimezone(zones.zone(effect.time_zone))
    what = (
        f"does not exist: it fires at {fires_at:%H:%M} on that day"
        if effect.kind == "skipped"
        else "comes twice: it fires the first time"
    )
    yield Finding(
        "SCH023",
        path,
        f"{effect.wall:%H:%M on %Y-%m-%d} {what} ({effect.time_zone})",
        "choose a time outside the clock change, or the time zone UTC",
        "key",
    )


# ----------------------------------------------------------------------------------------- words


_LONGEST = 260
_MOST_CHOICES = 200


def nearest(name: str, choices: list[str]) -> str | None:
    """A hint that names the nearest of the choices, or lists them when they are few."""
    # Likeness costs the product of both lengths, for each choice.
    some = [choice for choice in choices if len(choice) <= _LONGEST][:_MOST_CHOICES]
    close = get_close_matches(name, some, 1, 0.6) if len(name) <= _LONGEST else []
    if close:
        return f'did you mean "{close[0]}"?'
    if choices and len(choices) <= 8:
        verb, joined = ("is", choices[0]) if len(choices) == 1 else ("are", all_of(sorted(choices)))
        return f"there {verb} {joined}"
    return None
