"""The loop itself: when each target has its cycle, and what is kept of it.

A target that does not answer is left alone for longer and longer and holds no other up. A wake-up
(SIGHUP, a webhook) makes every target due. The lease of a target is taken before the source is
asked, so that whoever takes over never goes back to a revision that it saw before.
"""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from reconciler.errors import Halted, LeaseLost, ReconcilerError, SourceError
from reconciler.handover import OfRuns
from reconciler.loop.active_revision import EVERY, ActiveRevision
from reconciler.loop.backoff import delay, spread
from reconciler.loop.conclusion import conditions_after
from reconciler.loop.cycle import Cycle, CycleContext, CycleRequest, run_cycle
from reconciler.loop.leases import Leases
from reconciler.loop.provider_pool import OpenTarget, ProviderPool
from reconciler.loop.reader.direct import Reader
from reconciler.loop.source import Revision, Source
from reconciler.loop.target_status import Health, Settings, TargetStatus
from reconciler.state import Lease, State
from reconciler.state.records import Cause, CycleRecord
from reconciler.state.standings import Standing

Log = Callable[..., None]
OnCycle = Callable[[CycleRecord], None]
_ASKED_SECONDS = 2.0
"""How often the state is asked whether somebody asks for a cycle."""
_LOOKS = 10
"""Looks at another's lease in the time of a lease."""
_STUCK = timedelta(minutes=10)
_NOT_READY = {"starting", "state_unavailable"}


class Loop:
    """Keeps the targets of one source as it says. Nothing runs until `run` or `cycle`."""

    def __init__(
        self,
        source: Source,
        state: State,
        open_target: OpenTarget,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        log: Log,
        on_cycle: OnCycle | None = None,
        rng: random.Random | None = None,
        reader: Reader | None = None,
        patience: float | None = None,
    ) -> None:
        self.source = source
        self.state = state
        self.settings = settings
        self._clock = clock
        self._log = log
        self._on_cycle = on_cycle
        self._rng = rng or random.Random()
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._lock = threading.RLock()
        self._forced: Cause | None = "start"
        self._active = ActiveRevision(
            source, state, reader, patience=patience, ready=lambda: self.wake("interval")
        )
        self._pool = ProviderPool(open_target)
        self._leases = Leases(self._lease, settings.lease, clock, self._stopping)
        self._status: dict[str, TargetStatus] = {}
        self._revision: Revision | None = None
        self._trouble: SourceError | None = None
        self._source_failures = 0
        self._source_at: datetime | None = None
        self._period_end = clock()
        self._turned_at = clock()
        self._threads: ThreadPoolExecutor | None = None

    # ----------------------------------------------------------------------------- from elsewhere

    def wake(self, cause: Cause = "webhook") -> None:
        """Start a cycle of every target at once. From any thread."""
        self._forced = cause
        self._woken.set()

    def stop(self) -> None:
        """End after the changes in hand. From any thread; a signal's handler starts one."""
        self._stopping.set()
        self._woken.set()
        self._active.close()

    def health(self, now: datetime) -> Health:
        """How it is, without asking anybody."""
        with self._lock:
            standing = dict(self._status)
        targets = {name: _how(one) for name, one in standing.items()}
        alive = now - self._turned_at <= self.settings.interval * 3 + _STUCK
        ready = bool(targets) and not _NOT_READY.intersection(targets.values())
        return Health(alive, alive and ready, targets)

    # ------------------------------------------------------------------------------------ running

    def run(self) -> None:
        """Cycle after cycle until it is told to stop."""
        self._leases.start()
        self._threads = ThreadPoolExecutor(thread_name_prefix="target", max_workers=32)
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                self.turn()
                self._wait()
        finally:
            self._stopping.set()
            self._threads.shutdown(wait=True)
            self._threads = None
            self.close()

    def close(self) -> None:
        """Give back the leases and what was opened."""
        self._active.close()
        self._leases.close()
        self._pool.close()

    def _wait(self) -> None:
        """Until something is due, somebody wakes the loop, or asks for a cycle in the state."""
        left = self.seconds_to_wait()
        while left > 0 and not self._woken.wait(min(left, _ASKED_SECONDS)):
            if self._take_asked():
                return
            left -= _ASKED_SECONDS

    def _take_asked(self) -> bool:
        """Make the targets due for which a cycle was asked, and none began since; whether there
        are any.
        """
        try:
            asked = self.state.standings.asked()
        except ReconcilerError:
            return False  # the next cycle says so
        now = self._clock()
        with self._lock:
            due = [
                self._status[name]
                for name, at in asked.items()
                if name in self._status and _is_to_come(self._status[name], at)
            ]
            for one in due:
                one.next_at, one.again = now, one.again or one.in_hand
        return bool(due)

    def seconds_to_wait(self) -> float:
        """Until something is due."""
        now = self._clock()
        with self._lock:
            times = [one.next_at for one in self._status.values() if not one.in_hand]
        # What is in hand wakes the loop at its end.
        next_at = min(times, default=now + self.settings.interval)
        return max(0.0, min(next_at - now, self.settings.interval).total_seconds())

    def turn(self) -> dict[str, CycleRecord | None]:
        """Start the cycles that are due. Without `run`, they are made here, one after the other.

        The record of each that was made here; None: another holds the lease.
        """
        now = self._clock()
        if now < self._turned_at:
            self._set_back(self._turned_at - now)
        self._turned_at = now
        forced, self._forced = self._forced, None
        if now >= self._period_end:
            self._period_end = now + spread(self.settings.interval, self._rng)
        asked = not self._status
        if asked:
            self._ask_source(now, forced)
            self._find_targets(now)
        made: dict[str, CycleRecord | None] = {}
        due = self._take_due(now, forced, made)
        if not due:
            return made
        began = now
        if not asked or self._trouble is None:  # again: what was seen before the lease is too old
            self._ask_source(now, forced)
            self._find_targets(now)
        seconds = (self._clock() - began).total_seconds()
        for name in due:
            one = self._status[name]
            cause, one.cause = forced or one.cause or "interval", None
            wanted = CycleRequest(self._revision, self._trouble, cause, seconds)
            if self._threads is None:
                made[name] = self._one(name, wanted)
            else:
                self._threads.submit(self._one, name, wanted).add_done_callback(self._ended)
        return made

    def _set_back(self, by: timedelta) -> None:
        """The machine's clock was: what was due in a minute is not to be due in an hour."""
        self._period_end -= by
        if self._source_at is not None:
            self._source_at -= by
        with self._lock:
            for one in self._status.values():
                one.next_at -= by

    # -------------------------------------------------------------------------------------- steps

    def _take_due(
        self, now: datetime, forced: Cause | None, made: dict[str, CycleRecord | None]
    ) -> list[str]:
        """The targets that are due and ours. What another holds is looked at again soon."""
        due: list[str] = []
        for name, one in sorted(self._status.items()):
            with self._lock:  # it may end meanwhile
                if one.in_hand:
                    if forced is not None:
                        one.again, one.cause = True, forced
                    continue
            if forced is None and one.next_at > now:
                continue
            try:
                ours = self._leases.acquire(name)
            except ReconcilerError as error:
                self._no_state(name, one, error)
                one.next_at = now + delay(one.failures, self.settings.interval, self._rng)
                continue
            if one.stateless:
                self._log("state_available", target=name)
                one.stateless = False
            if ours:
                if one.standby:
                    self._log("leading", target=name)
                one.standby, one.in_hand, one.began_at = False, True, now
                due.append(name)
            else:
                if not one.standby:
                    self._log("standby", target=name)
                one.standby = True
                one.next_at = now + self.settings.lease / _LOOKS
                made[name] = None
        return due

    def _ask_source(self, now: datetime, forced: Cause | None) -> None:
        if self._source_at is not None and now < self._source_at and forced is None:
            return
        try:
            with self._active.lock:
                revision = self.source.fetch()
        except SourceError as error:
            self._source_failures += 1
            wait = delay(self._source_failures, self.settings.interval, self._rng)
            self._source_at = now + wait
            if self._trouble is None or self._trouble.message != error.message:
                self._log("source_unavailable", source=self.source.name, error=error.message)
            self._trouble = error
            return
        if self._trouble is not None:
            self._log("source_available", source=self.source.name)
        self._trouble, self._source_failures, self._source_at = None, 0, None
        if self._revision is None or self._revision.id != revision.id:
            self._log("revision", source=self.source.name, revision=revision.name)
            self._revision = revision
            self._prune(revision)

    def _prune(self, revision: Revision) -> None:
        wanted = {revision.id}
        try:
            for name in (*self._status, EVERY):
                good = self.state.good_revision(name)
                wanted |= {good} if good is not None else set()
        except ReconcilerError:
            return  # nothing is removed that may be in force
        with self._active.lock:
            self.source.prune(wanted)

    def _find_targets(self, now: datetime) -> None:
        """The targets by the newest reconciler.yaml; those that are gone are let go."""
        try:
            names = self._active.target_names(self._revision, self.settings.target)
        except ReconcilerError as error:
            if not self._status:
                trouble = self._trouble or error
                self._log("no_targets", error=trouble.message)
            return
        with self._lock:
            for name in names:
                self._status.setdefault(name, TargetStatus(next_at=now))
            for name in set(self._status).difference(names):
                if not self._status[name].in_hand:
                    del self._status[name]
                    self._active.forget(name)
                    with suppress(ReconcilerError):  # a page shows it for longer
                        self.state.standings.forget(name)
                    self._log("target_gone", target=name)

    def _one(self, name: str, wanted: CycleRequest) -> CycleRecord | None:
        """A cycle of one target, and what is kept of it."""
        one = self._status[name]
        lease = self._leases.lease(name)
        means = CycleContext(
            active_revision=self._active,
            open=self._pool.provider,
            good=lambda key, revision: self._remember(key, revision, lease),
            guard=self._leases.guard(name),
            clock=self._clock,
            actor=self.settings.actor,
            suspended=lambda now: self.state.suspensions.get(name, now),
            beside=self._pool.beside,
            tell=partial(self._tell_runs, name, one),
            contention=one.contention,
            parallelism=self.settings.parallelism,
        )
        try:
            cycle = run_cycle(name, wanted, means)
            self._keep(name, one, wanted, cycle, lease)
            return cycle.record
        except LeaseLost as lost:
            self._leases.lost(name)
            self._log("lease_lost", target=name, error=lost.message)
        except Halted as halted:
            self._log("halted", target=name, error=halted.message)
        except ReconcilerError as error:  # the state cannot be written now
            self._no_state(name, one, error)
        finally:
            now = self._clock()
            with self._lock:
                one.in_hand = False
                one.next_at = now if one.again else one.planned or self._next_at(one, now)
                one.again, one.planned = False, None
            self._woken.set()
        return None

    def _tell_runs(self, name: str, one: TargetStatus, said: Sequence[OfRuns]) -> None:
        """What became of runs that were to be brought along; what stays so, once."""
        for new in said:
            if not (new.stays and new in one.runs_said):
                self._log("runs", target=name, message=new.words)
        one.runs_said = tuple(said)

    def _next_at(self, one: TargetStatus, now: datetime) -> datetime:
        if one.failures:
            return now + delay(one.failures, self.settings.interval, self._rng)
        return max(self._period_end, now)

    def _no_state(self, name: str, one: TargetStatus, error: ReconcilerError) -> None:
        one.failures += 1
        one.stateless = True
        self._log("state_unavailable", target=name, error=error.message)

    def _keep(
        self, name: str, one: TargetStatus, wanted: CycleRequest, cycle: Cycle, lease: Lease
    ) -> None:
        record = cycle.record
        one.failures = one.failures + 1 if cycle.retry else 0
        one.outcome = record.outcome
        self._say(name, one, cycle)
        self.state.history.record(record, lease)
        before = self.state.conditions.get(name)
        attempted = wanted.revision.name if wanted.revision else record.revision
        after = conditions_after(
            before, record, attempted=attempted, applied=cycle.applied, now=record.ended_at
        )
        self.state.conditions.set(name, after, lease)
        one.planned = self._next_at(one, self._clock())
        standing = _standing(cycle, one.planned)
        self.state.standings.set(standing, cycle.rows, lease, began_at=one.began_at)
        if self._on_cycle is not None:
            try:
                self._on_cycle(record)
            except Exception:
                self._log("bug", target=name, traceback=traceback.format_exc(limit=-5))

    def _say(self, name: str, one: TargetStatus, cycle: Cycle) -> None:
        """Log a cycle that changed something, or that says another thing than the one before."""
        record = cycle.record
        said = (record.outcome, record.message, record.revision)
        if one.said == said and not record.changed:
            return
        one.said = said
        self._log(
            "cycle",
            target=name,
            outcome=record.outcome,
            reason=record.reason,
            message=record.message,
            revision=record.revision,
            cause=record.cause,
            seconds=round(sum(record.durations.values()), 3),
        )
        for result in record.results:
            if result.outcome != "waiting":
                self._log("change", target=name, **_fields(result))
        if cycle.bug is not None:
            lines = traceback.format_exception(cycle.bug, limit=-5)
            self._log("bug", target=name, traceback="".join(lines))

    def _remember(self, key: str, revision: str, lease: Lease) -> None:
        if self.state.good_revision(key) != revision:
            self.state.set_good_revision(key, revision, lease)

    def _lease(self, name: str) -> Lease:
        return self.state.lease(f"target/{name}", self.settings.holder, self.settings.lease)

    def _ended(self, future: Future[CycleRecord | None]) -> None:
        error = future.exception()
        if error is not None:
            lines = "".join(traceback.format_exception(error, limit=-5))
            self._log("bug", traceback=lines)


def _is_to_come(one: TargetStatus, asked_at: datetime) -> bool:
    """Whether no cycle of ours has begun since one was asked for."""
    return not one.standby and (one.began_at is None or one.began_at <= asked_at)


def _standing(cycle: Cycle, next_at: datetime) -> Standing:
    """What pages show of a target after a cycle."""
    record, revision = cycle.record, cycle.revision
    return Standing(
        record.target,
        record.ended_at,
        record.outcome,
        record.reason,
        next_at,
        record.revision,
        record.author,
        revision.subject if revision is not None else None,
        revision.committed_at if revision is not None else None,
        record.wanted,
        record.wanted_at if record.wanted is not None else None,
        cycle.counts,
    )


def _how(one: TargetStatus) -> str:
    """As probes show it."""
    if one.stateless:
        return "state_unavailable"
    if one.standby:
        return "standby"
    return one.outcome or "starting"


def _fields(result: Any) -> dict[str, Any]:
    return {
        "name": result.name,
        "action": result.action,
        "outcome": result.outcome,
        "error": result.error,
    }
