"""Instants and wall times as whole seconds since 1970: what the arithmetic of this package is on.

A wall time is counted as if its zone were UTC, so that `wall = instant + offset`. Fractions of a
second are cut off everywhere: nothing in a trigger is finer than a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MINUTE = 60
HOUR = 3600
DAY = 86400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WALL_EPOCH = datetime(1970, 1, 1)
EPOCH_ORDINAL = WALL_EPOCH.toordinal()
"""`date.toordinal()` of day 0. Day 0 was a Thursday, so `(day + 3) % 7` is its week day."""

FIRST = (datetime.min - WALL_EPOCH).days * DAY
LAST = (datetime.max - WALL_EPOCH).days * DAY + DAY - 1
"""The first and last second that a datetime can hold, years 1 and 9999."""
FIRST_DAY = FIRST // DAY
LAST_DAY = LAST // DAY
NEVER_DAY = 10**9
NEVER = NEVER_DAY * DAY
"""Later than anything: the answer of a search that found nothing."""


def seconds(instant: datetime) -> int:
    """The seconds of an aware datetime, in whatever zone it is. Exact, unlike `timestamp()`."""
    since = instant - EPOCH
    return since.days * DAY + since.seconds


def wall_seconds(wall: datetime) -> int:
    """The seconds of a naive wall-clock datetime."""
    since = wall - WALL_EPOCH
    return since.days * DAY + since.seconds


def moment(instant: int) -> datetime:
    """The aware UTC datetime at `instant`."""
    return EPOCH + timedelta(0, instant)


kept_moment = lru_cache(maxsize=1 << 15)(moment)
"""The same, for where many ask for the same few days: to make one takes longer than to find it."""


def wall_moment(wall: int) -> datetime:
    """The naive datetime of a wall time."""
    return WALL_EPOCH + timedelta(seconds=wall)


# ------------------------------------------------------------------------ walking along a trigger

Advance = Callable[[int], int]
"""A trigger made ready: the first fire strictly after an instant, or one after LAST: none."""


def never(_: int) -> int:
    """The walk along a trigger that does not fire."""
    return NEVER


def fires_between(advance: Advance, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every fire after `after`, up to and with `until`, in order."""
    at, stop = advance(seconds(after)), seconds(until)
    while at <= stop:
        yield moment(at)
        at = advance(at)


def fire_after(advance: Advance, after: datetime) -> datetime | None:
    """The first fire after `after`."""
    at = advance(seconds(after))
    return moment(at) if at <= LAST else None
