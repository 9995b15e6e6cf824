"""A plan's size -> the limits that it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from reconciler.model import Action

COUNTED_FROM = 10
"""Below this many live schedules of ours a share says nothing, and no limit is counted."""

_MEANT = "; if that is meant, use --ignore-limits"


class Limit(Protocol):
    """At most `percent` of the live schedules that are ours, and at most `count`."""

    @property
    def percent(self) -> float | None:
        """0 to 100; None: any share."""
        ...

    @property
    def count(self) -> int | None:
        """None: any number."""
        ...


class Limits(Protocol):
    """One Limit for each action that can do harm."""

    @property
    def disable(self) -> Limit:
        """Schedules that stop firing."""
        ...

    @property
    def update(self) -> Limit:
        """Schedules that change."""
        ...


def over_limits(counts: dict[Action, int], ours: int, limits: Limits) -> Iterator[str]:
    """One line for each limit that is exceeded. `ours`: live schedules with our owner."""
    if ours < COUNTED_FROM:
        return
    for action, limit in ((Action.DISABLE, limits.disable), (Action.UPDATE, limits.update)):
        number = counts.get(action, 0)
        word = action.name.lower()
        if limit.count is not None and number > limit.count:
            what = "1 schedule" if number == 1 else f"{number} schedules"
            yield f"it would {word} {what}, and limits.{word}.count is {limit.count}{_MEANT}"
        if limit.percent is not None and number * 100 > limit.percent * ours:
            share = number * 100 / ours
            yield (
                f"it would {word} {number} of {ours} schedules ({share:.3g} %), "
                f"and limits.{word}.percent is {limit.percent:g}{_MEANT}"
            )
