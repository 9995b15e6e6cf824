"""When a cron trigger fires, and what is wrong with an expression that cannot.

The search is not cronsim's, which steps through datetimes, but the one that all triggers share.
It gives the same instants, except on the day of a clock change if the hours are restricted:

- Hours restricted in any way (`2`, `9-17`, `*/2`) are times of day. The rule for those is Azure's
  (see `offsets.py`). One that is skipped runs as late after the change as it would have been, 02:30
  at 03:30 (cronsim: at 03:00); one that is repeated runs the first time only.
- Every hour (`*`, `0-23`) is no time of day. It fires whenever the clock on the wall matches: in
  both passes of a repeated hour, not in a skipped one. So `*/15 * * * *` stays every 15 minutes of
  elapsed time, and where clocks change by whole hours `30 * * * *` every hour: none is lost or
  doubled.

A cron fires only on matches, and like a pattern strictly after start_time: Azure makes both
into the same kind of recurrence, of hours, minutes and week days. end_time is inclusive.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from reconciler.firing.clocks.instants import (
    FIRST,
    LAST,
    NEVER,
    Advance,
    fire_after,
    fires_between,
    never,
    wall_seconds,
)
from reconciler.firing.clocks.offsets import clock
from reconciler.firing.rules.cron_dialect import FIELD_NAMES
from reconciler.firing.rules.cron_expression import LONGEST, parse, read
from reconciler.model import Cron


def advance(cron: Cron) -> Advance:
    """The walk along a cron trigger. An expression with a fault never fires: see `check`."""
    fields = parse(cron.expression)
    if fields is None:
        return never
    zone, next_wall = clock(cron.time_zone), fields.next_wall
    search = zone.next_elapsed if fields.is_hourly else zone.next
    first, last = FIRST, LAST
    if cron.start_time is not None:
        first = zone.instant(wall_seconds(cron.start_time))
    if cron.end_time is not None:
        last = min(last, zone.instant(wall_seconds(cron.end_time)))

    def step(instant: int) -> int:
        found = search(instant if instant > first else first, next_wall)
        return found if found <= last else NEVER

    return step


def fires(cron: Cron, after: datetime, until: datetime) -> Iterator[datetime]:
    """The fires after `after`, up to and with `until`."""
    return fires_between(advance(cron), after, until)


def next_fire(cron: Cron, after: datetime) -> datetime | None:
    """The first fire after `after`."""
    return fire_after(advance(cron), after)


# ----------------------------------------------------------------------------------------- faults


@dataclass(frozen=True, slots=True)
class CronFault:
    """What is wrong with an expression. `message` is made to follow the expression and a colon."""

    message: str
    field: int | None
    """Which of the five fields, from 0; None: the expression as a whole."""


_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIVE = "five are needed: minutes, hours, days of the month, months, days of the week"
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


_NEVER_FIRES = CronFault("never fires: no month has such a day", 2)


@lru_cache(maxsize=16384)
def check(expression: str) -> CronFault | None:
    """What is wrong with an expression, or None. Never raises."""
    if parse(expression) is not None:
        return None
    texts = expression.split()
    if len(expression) > LONGEST:
        return CronFault(f"is longer than {LONGEST} characters", None)
    if texts and texts[0].startswith("@"):
        return CronFault(_macro_message(texts[0]), None)
    if len(texts) != 5:
        return CronFault(_count_message(len(texts)), None)
    for index, text in enumerate(texts):
        for term in text.split(","):
            if not _can_read(index, term):
                return CronFault(_term_message(index, term.upper()), index)
    return _NEVER_FIRES


def can_read(expression: str) -> bool:
    """Whether each field can be read, even if the days that they name never come together."""
    return check(expression) in (None, _NEVER_FIRES)


def _macro_message(macro: str) -> str:
    instead = _MACROS.get(macro.lower())
    return f"{_quote(macro)} is not supported; " + (f'write "{instead}"' if instead else _FIVE)


def _count_message(count: int) -> str:
    if count == 0:
        return f"is empty; {_FIVE}"
    if count == 6:
        return "has 6 fields; seconds are not supported"
    return f"has {count} {'field' if count == 1 else 'fields'}; {_FIVE}"


def _can_read(index: int, text: str) -> bool:
    fields = ["*"] * 5
    fields[index] = text
    return read(" ".join(fields)) is not None


def _term_message(index: int, term: str) -> str:
    """Why cronsim refuses one item of a list."""
    name, (low, high) = FIELD_NAMES[index], _BOUNDS[index]
    span, slash, step = term.partition("/")
    if term == "":
        return f"there is an empty item in the {name}"
    if term == "?":
        return f'"?" is not supported for the {name}; write "*"'
    if slash and not _is_number(step):
        return f"the step of the {name} must be a number, not {_quote(step)}"
    ends = span.split("-")
    for end in ends:
        if _is_number(end) and not low <= int(end) <= high:
            sunday = " (0 and 7 are Sunday)" if high == 7 else ""
            return f"{name} must be {low} to {high}{sunday}, not {_shorten(end)}"
    if len(ends) == 2 and ends[0] == "7":
        return f'{_quote(span)} of the {name} runs backwards; write "0-{ends[1]}"'
    return f"{_quote(term)} cannot be read as {name}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _quote(text: str) -> str:
    return f'"{_shorten(text)}"'


def _shorten(text: str) -> str:
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= 20 else shown[:17] + "..."
