"""The agents of several targets: each has a thread and a lease of its own, and turn after turn."""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.agent.agent import Agent, Log, Turn
from reconciler.errors import LeaseLost, ReconcilerError
from reconciler.loop.backoff import delay
from reconciler.loop.leases import Leases
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import FollowsFolders
from reconciler.state import Lease, State

Open = Callable[[], Provider]
_LOOKS = 10
"""Looks at another's lease in the time of a lease."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How agents work, but for what they work on."""

    holder: str
    """For people: which process."""
    interval: timedelta
    """From one turn to the next: how soon a schedule that is made or switched is heard of."""
    lease: timedelta


@dataclass(slots=True)
class _Followed:
    open: Open
    agent: Agent | None = None
    changed: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    said: object = None
    dropped: bool = False
    thread: threading.Thread | None = None


class Agents:
    """Starts an agent for each target that it is told of. Any thread may use it."""

    def __init__(
        self,
        state: State,
        settings: AgentSettings,
        *,
        clock: Callable[[], datetime],
        log: Log,
        on_turn: Callable[[str, Turn], None] | None = None,
        is_wanted: Callable[[str], bool] = lambda target: True,
    ) -> None:
        """`is_wanted`: asked before each turn; a target that is not any more is let go."""
        self._state = state
        self._settings = settings
        self._clock = clock
        self._log = log
        self._on_turn = on_turn
        self._is_wanted = is_wanted
        self._stopping = threading.Event()
        self._leases = Leases(self._lease, settings.lease, clock, self._stopping)
        self._leases.start()
        self._followed: dict[str, _Followed] = {}
        self._lock = threading.Lock()
        self._rng = random.Random()

    def _lease(self, target: str) -> Lease:
        return self._state.lease(f"data/{target}", self._settings.holder, self._settings.lease)

    def follow(self, target: str, opened: Open) -> None:
        """Work on a target from now on, opened so; again: opened so from the next turn on."""
        with self._lock:
            one = self._followed.get(target)
            if one is not None:
                one.open, one.dropped = opened, False
                one.changed.set()
                return
            one = self._followed[target] = _Followed(opened)
            one.thread = threading.Thread(
                target=self._run, args=(target, one), name=f"data of {target}", daemon=True
            )
            one.thread.start()

    def drop(self, target: str) -> None:
        """Work on a target no more; nothing if it is not followed."""
        with self._lock:
            one = self._followed.get(target)
            if one is not None:
                one.dropped = True
                one.changed.set()

    def once(self, target: str, opened: Open) -> Turn | None:
        """One turn here, until nothing is to be done; None: another has the lease."""
        if not self._leases.acquire(target):
            return None
        agent = self._agent(target, _Followed(opened))
        try:
            return agent.turn(patience=timedelta(days=1))
        finally:
            agent.close()

    def stop(self) -> None:
        """End after the call in hand. From any thread."""
        self._stopping.set()
        with self._lock:
            for one in self._followed.values():
                one.changed.set()

    def close(self) -> None:
        """Stop, and give back the leases."""
        self.stop()
        for one in list(self._followed.values()):
            if one.thread is not None:
                one.thread.join()
        self._leases.close()

    # ------------------------------------------------------------------------------ in its thread

    def _run(self, target: str, one: _Followed) -> None:
        try:
            while not self._stopping.is_set() and not one.dropped and self._is_wanted(target):
                pause = self._one(target, one)
                if not one.changed.wait(pause.total_seconds()):
                    continue
                one.changed.clear()
                if one.agent is not None:
                    one.agent.close()
                    one.agent = None
        finally:
            with self._lock:
                if self._followed.get(target) is one:
                    del self._followed[target]
            if one.agent is not None:
                one.agent.close()

    def _one(self, target: str, one: _Followed) -> timedelta:
        """A turn, if it is ours to make; how long to wait for the next."""
        settings = self._settings
        try:
            if not self._leases.acquire(target):
                self._say(one, "data_standby", target=target)
                return settings.lease / _LOOKS
            if one.agent is None:
                one.agent = self._agent(target, one)
            turn = one.agent.turn()
        except LeaseLost as lost:
            self._leases.lost(target)
            self._log("data_lease_lost", target=target, error=lost.message)
            return settings.lease / _LOOKS
        except ReconcilerError as error:
            one.failures += 1
            self._say(one, "data_unavailable", target=target, error=error.message)
            return delay(one.failures, settings.interval, self._rng)
        except Exception:  # of one target; the next turn may be spared it
            one.failures += 1
            self._log("bug", target=target, traceback=traceback.format_exc(limit=-5))
            return delay(one.failures, settings.interval, self._rng)
        one.failures = one.failures + 1 if turn.trouble is not None else 0
        if turn.trouble is None:
            stand = {"disabled": turn.disabled, "failing": len(turn.failing)}
            self._say(one, "data_watched", target=target, schedules=turn.watches, **stand)
        if self._on_turn is not None:
            self._on_turn(target, turn)
        if one.failures:
            return delay(one.failures, settings.interval, self._rng)
        return timedelta() if turn.pending and turn.submitted else settings.interval

    def _agent(self, target: str, one: _Followed) -> Agent:
        provider = one.open()
        if not isinstance(provider, FollowsFolders):
            raise ReconcilerError(f"{target} has triggers of its own for changes in a datastore")
        return Agent(
            target,
            provider,
            self._state.data_cursors,
            self._leases.lease(target),
            clock=self._clock,
            log=self._log,
            stopping=self._stopping,
        )

    def _say(self, one: _Followed, event: str, **fields: object) -> None:
        """What is as it was is said once."""
        said = (event, fields)
        if one.said != said:
            one.said = said
            self._log(event, **fields)
