"""A trigger made ready once, for whoever asks for its next fire again and again.

`next_fire` has to find out each time what it was given; a timetable knows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

from reconciler.firing.clocks.instants import DAY, FIRST, fire_after, moment
from reconciler.firing.rules import cron, recurrence
from reconciler.model import Cron, Recurrence

NextFire = Callable[[datetime], datetime | None]
"""The first fire after an aware instant, in UTC; None if there is none before the year 10000."""


def prepare(trigger: Recurrence | Cron, created: datetime) -> NextFire:
    """`next_fire` of a trigger that was created then, as a function of `after` alone."""
    if isinstance(trigger, Cron):
        walk = partial(fire_after, cron.advance(trigger))
        return lambda after: walk(after if after > created else created)
    interval = recurrence.elapsed_interval(trigger)
    first, last = recurrence.bounds(trigger, created)
    if interval is None or not FIRST <= first <= last:
        return partial(fire_after, recurrence.advance(trigger, created))
    following = _every(interval, moment(first))
    return following if trigger.end_time is None else _up_to(moment(last), following)


def _every(interval: int, first: datetime) -> NextFire:
    """Elapsed time needs no zone: it is one division, of integers, for that of timedeltas takes
    as long as all the rest.
    """

    def following(after: datetime) -> datetime | None:
        since = after - first
        days = since.days
        if days < 0:
            return first
        if after.tzinfo is not UTC:
            after = after.astimezone(UTC)
        if since.microseconds:
            after = after.replace(microsecond=0)
        try:
            return after + _ahead(interval - (days * DAY + since.seconds) % interval)
        except OverflowError:
            return None

    return following


@lru_cache(maxsize=4096)
def _ahead(seconds: int) -> timedelta:
    """Kept, for to make one is slow, and who asks at a fire is always given the interval."""
    return timedelta(0, seconds)


def _up_to(last: datetime, following: NextFire) -> NextFire:
    def bounded(after: datetime) -> datetime | None:
        found = following(after)
        return found if found is not None and found <= last else None

    return bounded
