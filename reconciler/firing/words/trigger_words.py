"""A trigger in words: one line for people.

Whoever reads it can write the trigger down again, or one that always fires at the same moments:
nothing is counted that is not listed too, and what depends on the moment of creation says so.
`from`: that moment counts; `after`: it matches, and yet is left out; `until`: it counts.
"""

from __future__ import annotations

import json
import re
from datetime import datetime

from reconciler.firing.clocks.instants import HOUR, MINUTE
from reconciler.firing.rules.cron_expression import parse
from reconciler.firing.rules.recurrence import effective_pattern
from reconciler.firing.words.cron_words import cron_in_words
from reconciler.firing.words.phrases import at_times, clock_time, every, named
from reconciler.firing.words.recurrence_words import counted_from, days_in_words
from reconciler.model import Cron, DatastoreChange, Pattern, Recurrence, Trigger

_PLAIN = re.compile(r'[^\s,"]+')
_AT_CREATION = {
    "day": "at that time of day",
    "week": "on that weekday and at that time",
    "month": "on that day of the month and at that time",
}


def describe(trigger: Trigger) -> str:
    """When it fires, such as "every 2 weeks on Monday and Wednesday at 18:30, Europe/Lisbon"."""
    if isinstance(trigger, DatastoreChange):
        return _datastore(trigger)
    return _cron(trigger) if isinstance(trigger, Cron) else _recurrence(trigger)


def _datastore(trigger: DatastoreChange) -> str:
    path, parameter = trigger.path_on_datastore.strip("/"), trigger.data_path_parameter_name
    store = _name(trigger.datastore, is_plain="/" not in trigger.datastore)
    place = f"{store}/{_name(path)}" if path else store
    polled = every(trigger.polling_interval, "minute")
    given = f"; its path is passed as {_name(parameter)}" if parameter else ""
    return f"when a file in {place} is new or changed, polled {polled}{given}"


def _name(text: str, is_plain: bool = True) -> str:
    """As it is, or in quotes where it could be taken for words beside it."""
    return text if is_plain and _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _cron(cron: Cron) -> str:
    expression = " ".join(cron.expression.split())
    words = cron_in_words(expression)
    if words is None:
        return f"cron {expression}, {cron.time_zone}{_bounds(cron, matches=False)}"
    fields, start = parse(expression), cron.start_time
    matches = (
        fields is not None
        and start is not None
        and (start.second, start.minute in fields.minutes, start.hour in fields.hours)
        == (0, True, True)
    )
    return f"{words}, {cron.time_zone}{_bounds(cron, matches)} (cron {expression})"


def _bounds(trigger: Recurrence | Cron, matches: bool, counted: str = "") -> str:
    """`matches`: whether the start is one of the times of day, and is left out."""
    start, end = trigger.start_time, trigger.end_time
    said = f", {'after' if matches else 'from'} {_moment(start)}" if start else ""
    if counted:
        said += f" and {counted}" if start else f", {counted}"
    return said + (f", until {_moment(end)}" if end else "")


def _moment(wall: datetime) -> str:
    return wall.isoformat(" ", "seconds" if wall.second else "minutes")


def _recurrence(recurrence: Recurrence) -> str:
    if recurrence.frequency in ("minute", "hour"):
        return _elapsed(recurrence)
    pattern, start = effective_pattern(recurrence), recurrence.start_time
    if pattern is None and start is None:
        period = every(recurrence.interval, recurrence.frequency)
        words = f"{period} from its creation, {_AT_CREATION[recurrence.frequency]}"
    else:
        words = f"{days_in_words(recurrence, pattern)} {_times(recurrence, pattern)}"
    counted = "" if pattern is None else counted_from(recurrence)
    bounds = _bounds(recurrence, _is_left_out(pattern, start), counted)
    return f"{words}, {recurrence.time_zone}{bounds}"


def _elapsed(recurrence: Recurrence) -> str:
    """Minutes and hours, of which a zone means nothing, but that start and end are told in it."""
    start, end = recurrence.start_time, recurrence.end_time
    since = _moment(start) if start else "its creation"
    zone = f", {recurrence.time_zone}" if start or end else ""
    until = f", until {_moment(end)}" if end else ""
    return f"{every(recurrence.interval, recurrence.frequency)} counted from {since}{zone}{until}"


def _is_left_out(pattern: Pattern | None, start: datetime | None) -> bool:
    """Whether a start is a time of day of its pattern: what fires is strictly after it."""
    if pattern is None or start is None or start.second:
        return False
    hours, minutes = pattern.hours or (start.hour,), pattern.minutes or (start.minute,)
    return start.hour in hours and start.minute in minutes


def _times(recurrence: Recurrence, pattern: Pattern | None) -> str:
    start = recurrence.start_time
    if pattern is None:
        assert start is not None
        return f"at {clock_time(start.hour * HOUR + start.minute * MINUTE + start.second)}"
    hours = pattern.hours or ((start.hour,) if start else ())
    minutes = pattern.minutes or ((start.minute,) if start else ())
    if hours and minutes:
        return at_times(hours, minutes)
    if hours:
        return f"at the minute of its creation in {named('hour', hours)}"
    if minutes:
        return f"at {named('minute', minutes)} of the hour of its creation"
    return "at the hour and minute of its creation"
