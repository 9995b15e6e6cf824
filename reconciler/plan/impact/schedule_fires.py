"""One schedule as it was, or as it shall be, and its fires within a span."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from reconciler.firing import next_fire
from reconciler.firing.clocks.instants import MINUTE, kept_moment, moment
from reconciler.firing.counting.bitsets import FEW, Raster, Span, minutes_of
from reconciler.firing.counting.count import raster
from reconciler.firing.counting.rates import fires_a_day
from reconciler.firing.counting.steady_rates import rate_of
from reconciler.model import DatastoreChange, Fires, Schedule, Trigger

Firing = Callable[[Schedule], Trigger | None]
"""The trigger by which a target really fires a schedule; None: that cannot be told."""


class Side(NamedTuple):
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
    start = span.base + side.fires.second
    few = side.fires.first
    minutes = few[: max(listed, 1)] if listed <= FEW else minutes_of(side.fires.bits, listed)
    names = tuple([kept_moment(start + MINUTE * minute) for minute in minutes])
    first = names[0] if names else next_fire(trigger, moment(span.until), side.created)
    if first is None:
        return Fires()
    per_day = fires_a_day(trigger, side.created)
    rate = rate_of(trigger, side.created, per_day)
    return Fires(side.fires.count, first, per_day, per_day * 7, rate, names[:listed])
