"""Apply windows: when the loop may change a target. Pure; the rules are Argo CD's sync windows.

A window begins at each fire of its cron, read in its zone, and lasts `duration` of elapsed time.
While a deny window lasts nothing may be changed. Where there are allow windows, something may be
changed only while one of them lasts. Where there are none, it may be at any other time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from reconciler.firing.rules import cron
from reconciler.model import Cron

LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Window:
    """One entry of `windows`. `targets` empty: it holds for every target."""

    kind: Literal["allow", "deny"]
    schedule: str
    """A five-field cron expression: when it begins."""
    duration: timedelta
    time_zone: str = "UTC"
    targets: tuple[str, ...] = ()

    @property
    def trigger(self) -> Cron:
        """When it begins, as a trigger."""
        return Cron(self.schedule, time_zone=self.time_zone)

    def __str__(self) -> str:
        hours, minutes = divmod(int(self.duration.total_seconds()) // 60, 60)
        length = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
        return f'the {self.kind} window "{self.schedule}" ({length}, {self.time_zone})'


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a target may be changed; if not, why, and from when on (UTC; None: not known)."""

    is_open: bool
    reason: str = ""
    opens_at: datetime | None = None


def opening(windows: Sequence[Window], target: str, now: datetime) -> Opening:
    """Whether `target` may be changed at `now`, an aware instant."""
    mine = [window for window in windows if not window.targets or target in window.targets]
    if not mine:
        return Opening(True)
    closed = _why_closed(mine, now)
    return Opening(True) if closed is None else Opening(False, closed, _opens_at(mine, now))


def is_active(window: Window, now: datetime) -> bool:
    """Whether it lasts at `now`: from its beginning on, and not at its end any more."""
    return _end(window, now) is not None


def _why_closed(windows: Sequence[Window], now: datetime) -> str | None:
    for window in windows:
        if window.kind == "deny" and is_active(window, now):
            return f"{window} lasts"
    allowing = [window for window in windows if window.kind == "allow"]
    if not allowing or any(is_active(window, now) for window in allowing):
        return None
    return f"outside {allowing[0]}" if len(allowing) == 1 else "outside every allow window"


def _end(window: Window, now: datetime) -> datetime | None:
    """When it ends, if it lasts at `now`."""
    begun = list(cron.fires(window.trigger, now - window.duration, now))
    return begun[-1] + window.duration if begun else None


def _opens_at(windows: Sequence[Window], now: datetime) -> datetime | None:
    """The first instant after `now`, of those at which a window begins or ends, that is open."""
    for at in sorted(_changes(windows, now)):
        if _why_closed(windows, at) is None:
            return at
    return None


_LOOK_AHEAD = 64
"""Beginnings of each window that are looked at: windows that shut each other out for longer than
that have no next opening that is worth a sentence.
"""


def _changes(windows: Sequence[Window], now: datetime) -> Iterator[datetime]:
    for window in windows:
        lasting = _end(window, now)
        if lasting is not None:
            yield lasting
        at: datetime | None = now
        for _ in range(_LOOK_AHEAD):
            at = cron.next_fire(window.trigger, at) if at is not None else None
            if at is None:
                break
            yield at
            yield at + window.duration
