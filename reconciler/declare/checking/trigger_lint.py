"""When a trigger fires, and what of it will surprise -> Findings.

That it never does is an error. The others are warnings: steps that do not go round evenly, days of
the month beside days of the week, and what of a cron is read in another way than it looks
(`firing/rules/cron_dialect.py` has the rules).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

from reconciler.declare.findings import Finding, Path, any_of
from reconciler.firing import next_fire
from reconciler.firing.clocks import zones
from reconciler.firing.rules import cron_expression
from reconciler.firing.rules.cron_dialect import (
    FIELD_NAMES,
    HIGH,
    LOW,
    Term,
    names_like,
    read_term,
    terms,
)
from reconciler.firing.rules.recurrence import effective_pattern
from reconciler.model import Cron, Pattern, Recurrence

_EXPRESSION: Path = ("trigger", "expression")
_UNITS = ("minutes", "hours", "days", "months", "days")
_MONTH_DAYS = 2
_NO_PATTERN = Pattern()


def never_fires(trigger: Recurrence | Cron) -> Iterator[Finding]:
    """An error, if not one fire is to come of it from its start to its end.

    One without a start counts from its creation, of which nothing is known here.
    """
    if trigger.start_time is None:
        return
    if _surely_fires(trigger):
        return
    start = trigger.start_time.replace(tzinfo=zones.zone(trigger.time_zone))
    before = start - timedelta(seconds=1)
    if next_fire(trigger, before, start) is not None:
        return
    first = next_fire(replace(trigger, end_time=None), before, start)
    if first is not None:
        local = first.astimezone(zones.zone(trigger.time_zone))
        message = f"never fires: the first time would be {local:%Y-%m-%d %H:%M}, after the end"
        yield Finding("SCH038", ("trigger", "end_time"), message)
    elif isinstance(trigger, Recurrence):
        message = "never fires: no month that it comes to has such a day"
        hint = "with this interval it always comes to the same months, counted from start_time"
        yield Finding("SCH038", ("trigger", "schedule", "month_days"), message, hint)


_SURE_INTERVAL = 1000
"""Of any unit, twice: long before the year 10000, from any start that a declaration may have."""
_IN_EVERY_MONTH = 28


def _surely_fires(trigger: Recurrence | Cron) -> bool:
    """Whether it is seen without a search that some fire comes: most have no end, and no days that
    months may not have.
    """
    if trigger.end_time is not None:
        return False
    if isinstance(trigger, Cron):  # one that is read has a day that matches
        return cron_expression.parse(trigger.expression) is not None
    pattern = effective_pattern(trigger) or _NO_PATTERN
    if trigger.interval > _SURE_INTERVAL:
        return False
    if trigger.frequency in ("minute", "hour"):
        return True
    listed = pattern.month_days
    if trigger.frequency == "month":
        return min(listed) <= _IN_EVERY_MONTH if listed else bool(pattern.week_days)
    return not listed and (trigger.frequency == "week" or not pattern.week_days)


def surprises(trigger: Recurrence | Cron) -> Iterator[Finding]:
    """The warnings."""
    if isinstance(trigger, Recurrence):
        yield from _both_days_of_recurrence(trigger)
        return
    fields = cron_expression.parse(trigger.expression)
    if fields is None:
        return
    if fields.either_day:
        message = "days of the month and of the week stand together: either is enough, not both"
        hint = "write * for one of them; `1#1` is the first Monday of a month"
        yield Finding("SCH040", _EXPRESSION, message, hint)
    for field, text in enumerate(trigger.expression.split()):
        term = read_term(field, text)
        if term is not None:
            yield from _uneven_once(term)
    for term in terms(trigger.expression):
        yield from _odd_once(term)


@lru_cache(maxsize=4096)
def _uneven_once(term: Term) -> tuple[Finding, ...]:
    """Expressions are many, and their items few."""
    return tuple(_uneven(term))


@lru_cache(maxsize=4096)
def _odd_once(term: Term) -> tuple[Finding, ...]:
    return tuple(_not_as_it_looks(term))


def _both_days_of_recurrence(trigger: Recurrence) -> Iterator[Finding]:
    pattern = effective_pattern(trigger)
    if pattern is not None and pattern.week_days and pattern.month_days:
        message = (
            "week_days and month_days stand together: in an embedded workspace either is enough,"
            " and what Azure does with both is not documented"
        )
        hint = "use one of them, or two schedules"
        yield Finding("SCH040", ("trigger", "schedule", "week_days"), message, hint, "key")


# ------------------------------------------------------------------------------------ cron's steps


def _uneven(term: Term) -> Iterator[Finding]:
    """A step through all of a field that does not come round where it began."""
    step, field = term.step or 1, term.field
    low, high = LOW[field], HIGH[field]
    if step < 2 or (term.last is not None and {term.first, term.last} != {low, high}):
        return
    name, unit, values = FIELD_NAMES[field], _UNITS[field], term.values()
    first, last = values[0], values[-1]
    gap = high - low + 1 - (last - first)
    if len(values) == 1:
        message = f'"{term.text}" of the {name} is {first} alone: the next would be {first + step}'
    elif field == _MONTH_DAYS:
        message = (
            f'"{term.text}" of the {name} is not every {step} days: each month begins anew at'
            f" {first}"
        )
    elif gap != step:
        unit = unit.removesuffix("s") if gap == 1 else unit
        message = (
            f'"{term.text}" of the {name} is not every {step} {_UNITS[field]}: after {last} comes'
            f" {first}, {gap} {unit} later"
        )
    else:
        return
    hint = "list what is meant"
    if field < _MONTH_DAYS:
        unit = unit.removesuffix("s")
        hint = f"steps that divide {high + 1} are even; so is a recurrence with frequency: {unit}"
    elif field == _MONTH_DAYS:
        hint = "a recurrence with frequency: day is even"
    yield Finding("SCH039", _EXPRESSION, message, hint)


# ----------------------------------------------------------------------------- cron's finer points


def _not_as_it_looks(term: Term) -> Iterator[Finding]:
    name = FIELD_NAMES[term.field]
    if term.runs_backwards:
        first, last = term.text.split("/")[0].split("-")
        message = (
            f'"{term.text}" of the {name} runs backwards: its ends are swapped, as Azure does it'
        )
        swapped = f'write "{last}-{first}" if that is meant'
        around = f', or "{_around(term, first, last)}"' if term.step is None else ""
        hint = swapped + around
        yield Finding("SCH041", _EXPRESSION, message, hint)
    if term.step is not None and term.step < 1:
        message = f'the step of "{term.text}" of the {name} is taken for 1, as Azure does it'
        yield Finding(
            "SCH041", _EXPRESSION, message, "leave the step out, or give one of 1 or more"
        )
    for text in re.findall(r"[A-Z]+", term.text):
        taken, *others = names_like(term.field, text)
        if others:
            said = any_of([other.capitalize() for other in others])
            message = f'"{text}" of the {name} is {taken.capitalize()}, and could be {said}'
            yield Finding("SCH041", _EXPRESSION, message, f'write "{taken[:3]}"')


def _around(term: Term, first: str, last: str) -> str:
    """What a range that runs backwards would be, if it went on over the end of its field."""
    names = names_like(term.field, "")
    low, high = str(LOW[term.field]), str(HIGH[term.field])
    if names and not first.isdigit():
        low, high = names[0][:3], names[-1][:3]
    upper = first if term.first == HIGH[term.field] else f"{first}-{high}"
    lower = last if term.last == LOW[term.field] else f"{low}-{last}"
    return f"{upper},{lower}"
