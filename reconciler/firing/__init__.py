"""When triggers fire: pure arithmetic, without I/O and without a clock.

`rules/` says when each kind of trigger fires, `clocks/` knows time zones and their clock changes,
`counting/` counts fires within a span, `words/` puts triggers into words. `clock_changes.py` is
what a clock change does to a trigger, `compiled.py` a trigger that is asked again and again.

Ranges are open below and closed above: strictly after `after`, up to and with `until`. Instants
are aware datetimes, and UTC when returned. `created` is when the schedule was made: a recurrence
without a start_time is counted from it, and a cron does not fire up to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler.firing.rules import cron, recurrence
from reconciler.model import Cron, Recurrence, Trigger

__all__ = ["next_fire", "next_fires"]


def next_fires(
    trigger: Trigger, after: datetime, until: datetime, created: datetime
) -> Iterator[datetime]:
    """The fires after `after`, up to and with `until`; none for a DatastoreChange."""
    if isinstance(trigger, Recurrence):
        return recurrence.fires(trigger, after, until, created)
    if isinstance(trigger, Cron):
        return cron.fires(trigger, max(after, created), until)
    return iter(())


def next_fire(trigger: Trigger, after: datetime, created: datetime) -> datetime | None:
    """The first fire after `after`; None if there is none before the year 10000."""
    if isinstance(trigger, Recurrence):
        return recurrence.next_fire(trigger, after, created)
    if isinstance(trigger, Cron):
        return cron.next_fire(trigger, after if after > created else created)
    return None
