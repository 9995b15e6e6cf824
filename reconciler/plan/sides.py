"""One schedule as it was, or as it shall be, and its fires within a span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from reconciler.firing import next_fire, next_fires
from reconciler.firing.count import Raster, Span, instants, raster
from reconciler.firing.instants import DAY, moment
from reconciler.model import DatastoreChange, Fires, Schedule, Trigger

Firing = Callable[[Schedule], Trigger | None]
"""The trigger by which a target really fires a schedule; None: that cannot be told."""

_YEAR = 364
"""Days: whole weeks."""


@dataclass(frozen=True, slots=True)
class Side:
    """A schedule before or after; without a trigger it is absent, disabled, or not foretold."""

    trigger: Trigger | None
    created: datetime
    """What a trigger without a start is counted from."""
    fires: Raster
    is_foretold: bool = True

    @property
    def time_zone(self) -> str:
        """Of its trigger; UTC where there is none."""
        return getattr(self.trigger, "time_zone", "UTC")


def _in_a_year(side: Side, span: Span) -> int:
    """How often it fires in a year: walked through, unless that is often."""
    assert side.trigger is not None
    stop = span.after + _YEAR * DAY
    walk = next_fires(side.trigger, moment(span.after), moment(stop), side.created)
    walked = sum(1 for _ in islice(walk, _YEAR))
    if walked < _YEAR:
        return walked
    return raster(side.trigger, Span(span.after, stop, span.base), side.created).count


def side_of(schedule: Schedule | None, created: datetime, firing: Firing, span: Span) -> Side:
    """A schedule that was created then; None: there is none."""
    if schedule is None or not schedule.enabled:
        return Side(None, created, Raster())
    trigger = firing(schedule)
    if trigger is None or isinstance(trigger, DatastoreChange):
        return Side(None, created, Raster(), is_foretold=False)
    return Side(trigger, created, raster(trigger, span, created))


def fires_of(side: Side, span: Span, listed: int) -> Fires | None:
    """Its fires, the first `listed` of them by name; None where they cannot be foretold."""
    if not side.is_foretold:
        return None
    trigger = side.trigger
    if trigger is None:
        return Fires()
    found, count, length = side.fires, side.fires.count, (span.until - span.after) / DAY
    # Of what fires seldom the horizon is too short to tell how seldom.
    per_day = _in_a_year(side, span) / _YEAR if count < length / 7 else count / length
    names = list(islice(instants(found, span), max(listed, 1)))
    first = names[0] if names else next_fire(trigger, moment(span.until), side.created)
    return Fires(count, first, per_day, per_day * 7, tuple(names[:listed]))
