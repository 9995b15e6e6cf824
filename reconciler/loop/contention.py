"""The same change undone again and again: somebody else works against the loop.

A change that was made three times, and is to be made once more, was undone three times. It is then
left for longer and longer, and said: another repository or program, or a person, wants something
else, and neither gives way. What is remembered is of one target and one process; a loop that begins
anew finds it out anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from reconciler.document import schedule_digest
from reconciler.model import Action, Change, Outcome, Result
from reconciler.plan.filter import Filtered, Waiting

UNDONE = 3
"""How often a change is made before it is left."""
FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=4)
FORGOTTEN = timedelta(days=1)
"""What stays as it was made for that long is no contention."""
_TOUCHING = (Action.CREATE, Action.UPDATE, Action.DISABLE)
_DONE = (Outcome.CREATED, Outcome.UPDATED, Outcome.DISABLED)


@dataclass(frozen=True, slots=True)
class _Made:
    """A change, by what it makes of its schedule; how often, since when, when last.

    There is one for everything that was changed within a day, so that it is small.
    """

    digest: bytes
    times: int
    since: datetime
    last: datetime


class Contention:
    """What was changed lately in one target."""

    def __init__(self) -> None:
        self._made: dict[str, _Made] = {}

    def left(self, filtered: Filtered, now: datetime) -> tuple[Filtered, tuple[Waiting, ...]]:
        """`filtered` without the changes that are left for now, which wait; and those that were
        undone, be they left or tried once more.
        """
        kept: list[Change] = []
        contended: list[Waiting] = []
        waiting: list[Waiting] = []
        for change in filtered.plan.changes:
            made = self._made.get(change.key.name)
            if (
                change.action not in _TOUCHING
                or _ends_suspension(change)
                or made is None
                or made.digest != _digest(change)
                or made.times < UNDONE
                or now - made.last > FORGOTTEN
            ):
                kept.append(change)
                continue
            again = made.last + _pause(made.times)
            one = Waiting(change, _words(change, made, again))
            contended.append(one)
            if again > now:
                waiting.append(one)
            else:
                kept.append(change)
        if not contended:
            return filtered, ()
        everything = sorted((*filtered.waiting, *waiting), key=lambda one: one.change.key)
        plan = replace(filtered.plan, changes=tuple(kept))
        return replace(filtered, plan=plan, waiting=tuple(everything)), tuple(contended)

    def note(self, results: Iterable[Result], now: datetime) -> None:
        """Remember what was done."""
        for result in results:
            if result.outcome not in _DONE or _ends_suspension(result.change):
                continue
            digest, before = _digest(result.change), self._made.get(result.change.key.name)
            if before is None or before.digest != digest or now - before.last > FORGOTTEN:
                before = _Made(digest, 0, now, now)
            self._made[result.change.key.name] = replace(before, times=before.times + 1, last=now)
        over = [name for name, made in self._made.items() if now - made.last > FORGOTTEN]
        for name in over:
            del self._made[name]


def _ends_suspension(change: Change) -> bool:
    """Whoever suspends a schedule for a time works with the loop, however often."""
    before, after = change.before, change.after
    stopped = before is not None and before.suspended is not None and not before.schedule.enabled
    return stopped and after is not None and after.enabled


def _digest(change: Change) -> bytes:
    after = "" if change.after is None else schedule_digest(change.after)
    return blake2b(f"{change.action.name} {after}".encode(), digest_size=8).digest()


def _pause(times: int) -> timedelta:
    return min(FIRST_PAUSE * 2.0 ** min(times - UNDONE, 16), LONGEST_PAUSE)


def _words(change: Change, made: _Made, again: datetime) -> str:
    live = change.before
    by = f" by {live.modified_by}" if live is not None and live.modified_by else ""
    return (
        f"{change.key}: the same change was undone {made.times} times{by}"
        f" since {made.since:%Y-%m-%d %H:%M} UTC; it is tried again at {again:%H:%M}"
    )
