"""Threads that list folders: two for each datastore, so that one that hangs holds up no other."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

LOOKERS = 2


class Lookers:
    """Does what it is given, by datastore; one that hangs is not waited for at the end."""

    def __init__(self) -> None:
        self._jobs: dict[str, queue.SimpleQueue[tuple[str, Callable[[], None]] | None]] = {}
        self._in_hand: set[str] = set()
        self._changed = threading.Condition()
        self._last = time.monotonic()
        """When something was begun or ended."""

    @property
    def in_hand(self) -> frozenset[str]:
        """The names of what has not ended."""
        with self._changed:
            return frozenset(self._in_hand)

    def start(self, datastore: str, name: str, look: Callable[[], None]) -> None:
        """Have it done; `look` raises nothing."""
        jobs = self._jobs.get(datastore)
        if jobs is None:
            jobs = self._jobs[datastore] = queue.SimpleQueue()
            for _ in range(LOOKERS):
                threading.Thread(
                    target=self._work, args=(jobs,), name=f"look at {datastore}", daemon=True
                ).start()
        with self._changed:
            self._in_hand.add(name)
            self._last = time.monotonic()
        jobs.put((name, look))

    def wait(self, seconds: float) -> None:
        """Until one has ended, or for so long."""
        with self._changed:
            self._changed.wait(seconds)

    def hang_for(self, seconds: float) -> bool:
        """Whether all that is in hand has been so for that long."""
        with self._changed:
            return bool(self._in_hand) and time.monotonic() - self._last > seconds

    def close(self) -> None:
        """Take no more."""
        for jobs in self._jobs.values():
            for _ in range(LOOKERS):
                jobs.put(None)

    def _work(self, jobs: queue.SimpleQueue[tuple[str, Callable[[], None]] | None]) -> None:
        while (job := jobs.get()) is not None:
            name, look = job
            try:
                look()
            finally:
                with self._changed:
                    self._in_hand.discard(name)
                    self._last = time.monotonic()
                    self._changed.notify_all()
