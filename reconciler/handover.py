"""Schedules that one run takes from one target to another: what was seen goes along.

The old target's half of a plan is carried out first. Before a schedule begins in its new target, it
is made sure that it ended in the old one, and how far it had followed its folder is put there. Each
step can be done again, and nothing is remembered elsewhere: a run that was killed is called again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from reconciler.declare.suspensions import in_force, suspension_words
from reconciler.errors import ReconcilerError, Rejected
from reconciler.model import Action, Change, DatastoreChange, Key, LiveSchedule, Plan, Schedule
from reconciler.plan.moving.handovers import was_let_go
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import BringsAlong, FollowsFolders, KeepsCursors, TakesRuns
from reconciler.render.plain_text import counted

Made = tuple[Plan, Provider]

_BEFORE = timedelta(seconds=60)
"""A fire may have been this late when its schedule was ended."""
_ONE_RUN = timedelta(hours=1)
"""What was off in its new target, and was switched on later than this after it had ended in the old
one: that was not the same run, and it was off in between because somebody wanted it so.
"""
_GOES_ON = timedelta(days=1)
"""What ended longer ago was not left by a run that was stopped: it was off, and begins anew."""


class OfRuns(NamedTuple):
    """What became of runs that were to be brought along."""

    words: str
    stays: bool = False
    """It is so until somebody does something: the next time says it again."""


class Handovers:
    """Those of one run. Used by many threads."""

    def __init__(self, made: Sequence[Made]) -> None:
        self._made = {plan.target: (plan, provider) for plan, provider in made}
        self._arrives: dict[Key, list[tuple[BringsAlong, Schedule]]] = {}
        for plan, provider in made:
            if not isinstance(provider, BringsAlong):
                continue
            for change in plan.changes:
                after = change.after
                if change.action in _BEGINS and after is not None and after.handover is not None:
                    old = Key(after.handover.source, after.key.name)
                    self._arrives.setdefault(old, []).append((provider, after))
        self._left = {
            change.key: change.before
            for plan, _ in made
            for change in plan.changes
            if change.action is Action.NOOP and change.before is not None and change.after is None
        }
        """What was disabled already in each target."""
        self._live: dict[str, Mapping[str, LiveSchedule]] = {}
        self._lock = threading.Lock()
        self.ended: dict[tuple[str, str, str], datetime] = {}
        """By old target, new target and name: from when on fires of what was handed over may be in
        neither of the two.
        """
        self.anew: list[str] = []
        """Of what has been off for too long to go on from there: since when, in words."""

    def receive(self, change: Change) -> None:
        """What has to be done before a change; ProviderError where it may not be made."""
        if change.action is Action.DISABLE:
            self._bring(change.key)
        after = change.after
        if after is None or after.handover is None or change.action not in _BEGINS:
            return
        if change.before is not None and change.before.schedule.enabled:
            return  # it is here already
        source = after.handover.source
        found = self._made.get(source)
        if found is None:
            raise Rejected(change.key, "take over", f"{source} is not planned in this run")
        plan, leaves = found
        live = self._of(source, leaves).get(after.key.name)
        if live is None or live.owner != plan.owner or not after.enabled:
            return
        if live.schedule.enabled:
            raise Rejected(change.key, "take over", f"it has not ended in {source}: apply again")
        stopped = in_force(live, datetime.now(UTC))
        if stopped is not None:
            words = suspension_words(stopped)
            raise Rejected(change.key, "take over", f"in {source} it is {words}; resume it first")
        ended = live.modified_at
        if not was_let_go(live) or _was_here_since(change.before, ended):
            return  # it was off before, or came long ago: it begins anew
        if ended is not None and ended < datetime.now(UTC) - _GOES_ON:
            self._note_anew(change.key, source, ended)
        elif isinstance(after.trigger, DatastoreChange):
            self._carry(change, live, leaves)
        elif ended is not None:
            with self._lock:
                self.ended[source, after.key.target, after.key.name] = _since(live, ended)

    def between(self) -> dict[tuple[str, str, str], datetime]:
        """`ended`, with what a run before this one had begun in its new target, and may have been
        stopped before it looked for the fires between the two.
        """
        found = dict(self.ended)
        for plan, _ in self._made.values():
            for change in plan.changes:
                after, here = change.after, change.before
                if after is None or after.handover is None or here is None:
                    continue
                source = after.handover.source
                left = self._left.get(Key(source, after.key.name))
                if change.action is Action.NOOP and left is not None and here.schedule.enabled:
                    since = _begun_since(left, here)
                    if since is not None:
                        found.setdefault((source, plan.target, after.key.name), since)
        return found

    def _bring(self, leaves: Key) -> None:
        """Before one ends in its old target: all that its new one needs is there. What fails then
        fails while it still fires.
        """
        for provider, after in self._arrives.get(leaves, ()):
            provider.bring(after)

    def _note_anew(self, key: Key, source: str, ended: datetime) -> None:
        what = f"{key} begins anew, for it has been off in {source} since {ended:%Y-%m-%d %H:%M}"
        with self._lock:
            self.anew.append(f"{what} UTC: `reconciler backfill` runs what was due since then")

    def _carry(self, change: Change, live: LiveSchedule, leaves: Provider) -> None:
        assert change.after is not None
        plan, arrives = self._made[change.key.target]
        if not isinstance(leaves, KeepsCursors) or not isinstance(arrives, KeepsCursors):
            raise Rejected(change.key, "take over", _cannot_carry(leaves, arrives))
        cursor = leaves.data_cursor(live)
        if cursor is not None:
            arrives.put_data_cursor(LiveSchedule(change.after, plan.owner, ""), cursor)

    def _of(self, target: str, provider: Provider) -> Mapping[str, LiveSchedule]:
        """What is live there, read once: after its own half was carried out."""
        with self._lock:
            if target not in self._live:
                self._live[target] = {live.key.name: live for live in provider.list()}
            return self._live[target]


_BEGINS = (Action.CREATE, Action.UPDATE)


def _since(left: LiveSchedule, ended: datetime) -> datetime:
    """From when on its fires may be in neither. Before it was made nothing of it was due."""
    return max(ended - _BEFORE, left.created_at or ended - _BEFORE)


def _begun_since(left: LiveSchedule, here: LiveSchedule) -> datetime | None:
    """The same of one that is in its new target; None: no run that was stopped can have left it so,
    or all of that is too long ago.
    """
    ended, trigger = left.modified_at, left.schedule.trigger
    if ended is None or isinstance(trigger, DatastoreChange) or not was_let_go(left):
        return None
    if ended < datetime.now(UTC) - _GOES_ON:
        return None
    created, changed = here.created_at, here.modified_at
    is_new = created is not None and created > ended
    if is_new or (changed is not None and changed < ended + _ONE_RUN):
        return _since(left, ended)
    return None


def _was_here_since(before: LiveSchedule | None, ended: datetime | None) -> bool:
    """Whether it was in its new target, and was disabled there, after it had ended in the old."""
    at = before.modified_at if before is not None else None
    return at is not None and ended is not None and at > ended


def bring_runs(made: Sequence[Made], open_target: Callable[[str], Provider]) -> Iterator[OfRuns]:
    """Have the targets of `made` show the runs that what `moved_from` took there had where it was:
    what has ended by now, and is not there yet. What came of it. `open_target`: opens one
    that is not among them, by its name; ReconcilerError.

    Each run may do this again, as long as `moved_from` stands: what had not ended comes then.
    """
    providers = {plan.target: provider for plan, provider in made}
    for plan, arrives in made:
        if not isinstance(arrives, TakesRuns):
            continue
        for source, names in sorted(_came_from(plan).items()):
            try:
                leaves = providers.get(source) or open_target(source)
                brought = arrives.take_runs(leaves, names)
            except ReconcilerError as error:
                yield OfRuns(f"the runs of before stay in {source}: {error.message}", stays=True)
                continue
            if brought is not None and brought.runs:
                what = f"brought {counted(brought.runs, 'run')} from {source} to {plan.target}"
                yield OfRuns(f"{what}: logs and outputs stay where they ran")
            if brought is not None and brought.open:
                what = f"not ended in {source}: {counted(brought.open, 'run')}"
                words = f"{what}; an apply to {plan.target} after that brings what is left"
                yield OfRuns(words, stays=True)


def _came_from(plan: Plan) -> Mapping[str, Sequence[str]]:
    """By the target that they left, the names of schedules that `moved_from` brings, or brought."""
    found: dict[str, list[str]] = {}
    for change in plan.changes:
        if change.after is not None and change.after.came_from is not None:
            found.setdefault(change.after.came_from, []).append(change.key.name)
    return found


def refusals(made: Sequence[Made], places: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Handovers of folders that cannot be: `places` are the addresses of each target's datastores,
    by name.
    """
    providers = {plan.target: provider for plan, provider in made}
    for plan, arrives in made:
        for change in plan.changes:
            after = change.after
            if change.action not in _BEGINS or after is None or after.handover is None:
                continue
            trigger, source = after.trigger, after.handover.source
            if not isinstance(trigger, DatastoreChange) or source not in providers:
                continue
            if change.before is not None and change.before.schedule.enabled:
                continue
            leaves = providers[source]
            if not isinstance(leaves, KeepsCursors) or not isinstance(arrives, KeepsCursors):
                yield f"{change.key}: {_cannot_carry(leaves, arrives)}"
                continue
            addresses = [places.get(name, {}).get(trigger.datastore) for name in _ends(change)]
            if addresses[0] != addresses[1]:
                what = f"the datastore {trigger.datastore} is another place in {source}"
                yield f"{change.key}: {what}, and what was seen there says nothing of it"


def _ends(change: Change) -> tuple[str, str]:
    assert change.after is not None
    assert change.after.handover is not None
    return change.after.handover.source, change.key.target


def _cannot_carry(leaves: Provider, arrives: Provider) -> str:
    one = arrives if isinstance(leaves, KeepsCursors) else leaves
    why = "an agent keeps it, in the state" if isinstance(one, FollowsFolders) else "it keeps none"
    return f"what was seen of its folder cannot be carried to or from {one.name}: {why}"


def handed_over(plans: Sequence[Plan]) -> Mapping[tuple[str, str], int]:
    """How many schedules go from one of the targets to another, by both."""
    left = {
        change.key for plan in plans for change in plan.changes if change.action is Action.DISABLE
    }
    return Counter(
        _ends(change)
        for plan in plans
        for change in plan.changes
        if change.action in _BEGINS
        and change.after is not None
        and change.after.handover is not None
        and Key(change.after.handover.source, change.key.name) in left
    )


def in_order(made: Sequence[Made]) -> list[Made]:
    """Targets that are left before those that are gone to; as they are where that is a circle."""
    left = list(made)
    ordered: list[Made] = []
    while left:
        waiting = {plan.target for plan, _ in left}
        free = [one for one in left if not (_sources(one[0]) & (waiting - {one[0].target}))]
        ordered += free or left
        left = [one for one in left if one not in free] if free else []
    return ordered


def _sources(plan: Plan) -> set[str]:
    return {
        change.after.handover.source
        for change in plan.changes
        if change.action in _BEGINS and change.after is not None and change.after.handover
    }
