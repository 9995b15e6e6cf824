"""A file of days on which nothing may fire -> spans of time.

Either plain text, a day or two in each line (`2026-12-25 Christmas`, `2026-12-24/2026-12-26`, both
included), or an iCalendar file (RFC 5545), whose rules of recurrence are followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MOST_SPANS = 10_000
"""Of one calendar within the time that is looked at."""
LARGEST = 256 << 10
"""Bytes of an iCalendar file."""
MOST_RULES = 100
"""Rules of recurrence in an iCalendar file."""
_FOLD = re.compile(r"\n[ \t]")
_RULE = re.compile(r"(?im)^(?:rrule|exrule)\b(.*)")
_FREQUENCY = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)\b")
_OF_DAY = re.compile(r"BY(?:HOUR|MINUTE|SECOND)\b|FREQ=(?:HOUR|MINUTE|SECOND)LY")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d)(?:/(\d{4}-\d\d-\d\d))?(?:[ \t](.*))?", re.ASCII)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Closed:
    """A span of time in UTC, `start` inclusive and `end` exclusive, and what it is called."""

    start: datetime
    end: datetime
    label: str = ""


class CalendarError(Exception):
    """A calendar that cannot be read: a sentence with the line, where there is one."""


def read_calendar(
    data: bytes, zone: ZoneInfo, start: datetime, end: datetime
) -> tuple[Closed, ...]:
    """The spans that touch the time from `start` to `end`, ordered; CalendarError.

    A day is a day of `zone`; so is a time of an iCalendar file that names no zone of its own.
    """
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").upper().startswith(b"BEGIN:VCALENDAR"):
        spans: Iterable[Closed] = _icalendar(data, zone, start, end)
    else:
        spans = _lines(data, zone)
    try:
        touching = {span for span in spans if span.start < end and span.end > start}
    except OverflowError as error:
        raise CalendarError("it has a day that no clock can show") from error
    found = sorted(touching, key=lambda span: (span.start, span.end, span.label))
    if len(found) > MOST_SPANS:
        raise CalendarError(f"it has more than {MOST_SPANS:,} entries")
    return tuple(found)


def _lines(data: bytes, zone: ZoneInfo) -> Iterator[Closed]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CalendarError("it is not UTF-8") from error
    for number, line in enumerate(text.splitlines(), 1):
        written = line.partition("#")[0].strip()
        if not written:
            continue
        match = _LINE.fullmatch(written)
        if match is None:
            raise CalendarError(
                f"line {number}: a day such as 2026-12-25 is expected, or two with / between them"
            )
        try:
            first = date.fromisoformat(match[1])
            last = date.fromisoformat(match[2] or match[1])
        except ValueError as error:
            raise CalendarError(f"line {number}: there is no such day") from error
        if last < first:
            raise CalendarError(f"line {number}: the last day is before the first")
        yield _days(first, last + _DAY, zone, (match[3] or "").strip())


def _days(first: date, end: date, zone: ZoneInfo, label: str) -> Closed:
    at = [datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, end)]
    return Closed(at[0], at[1], label)


def _icalendar(data: bytes, zone: ZoneInfo, start: datetime, end: datetime) -> list[Closed]:
    try:
        import icalendar
        import recurring_ical_events  # type: ignore[import-untyped]
    except ImportError as error:
        raise CalendarError(
            "iCalendar files need packages: pip install 'schedule-reconciler[calendars]'"
        ) from error
    _check_rules(data)
    try:
        calendar = icalendar.Calendar.from_ical(data)
        events = recurring_ical_events.of(calendar).between(start - _DAY, end + _DAY)
        return [_span(event, zone) for event in events]
    # These packages raise whatever comes of text that is no calendar.
    except Exception as error:
        raise CalendarError(f"it is not an iCalendar file: {error}") from error


def _check_rules(data: bytes) -> None:
    """CalendarError where following the rules of recurrence could take long: they are counted out
    from their beginning, be that a second at a time, and each is text of others.
    """
    if len(data) > LARGEST:
        raise CalendarError(f"it has more than {LARGEST >> 10} KiB")
    lines = "\n".join(line for line in data.decode("utf-8", "replace").splitlines() if line)
    rules = [rule.upper() for rule in _RULE.findall(_FOLD.sub("", lines))]
    if len(rules) > MOST_RULES:
        raise CalendarError(f"it has more than {MOST_RULES} rules of recurrence")
    for rule in rules:
        frequency = _FREQUENCY.search(rule)
        if frequency is None or _OF_DAY.search(rule):
            raise CalendarError(
                "a rule of recurrence is daily, weekly, monthly or yearly, without times of day"
            )


def _span(event: Any, zone: ZoneInfo) -> Closed:
    label = str(event.get("SUMMARY", "")).strip()
    first, last = event["DTSTART"].dt, event["DTEND"].dt
    if isinstance(first, datetime):
        return Closed(_instant(first, zone), _instant(last, zone), label)
    return _days(first, max(last, first + _DAY), zone, label)


def _instant(value: Any, zone: ZoneInfo) -> datetime:
    aware: datetime = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return aware.astimezone(UTC)
