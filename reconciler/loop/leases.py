"""The leases that this process holds: one for each target, renewed while it lives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from reconciler.apply import Guard
from reconciler.errors import Halted, LeaseLost, ReconcilerError
from reconciler.state import Lease

RENEWALS = 3
"""Renewals in the time of a lease: two may fail before it is lost."""


class Leases:
    """Takes, renews and gives back; `stopping` ends whatever is guarded."""

    def __init__(
        self,
        make: Callable[[str], Lease],
        ttl: timedelta,
        clock: Callable[[], datetime],
        stopping: threading.Event,
    ) -> None:
        self._make = make
        self._ttl = ttl
        self._clock = clock
        self._stopping = stopping
        self._leases: dict[str, Lease] = {}
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> frozenset[str]:
        """The targets whose lease is ours, as far as we know."""
        with self._lock:
            return frozenset(self._held)

    def lease(self, target: str) -> Lease:
        """That of a target, held or not."""
        with self._lock:
            if target not in self._leases:
                self._leases[target] = self._make(target)
            return self._leases[target]

    def acquire(self, target: str) -> bool:
        """Whether this loop may work on a target."""
        held = self.lease(target).try_acquire(self._clock())
        self._note(target, held)
        return held

    def lost(self, target: str) -> None:
        """It was found out that another has it."""
        self._note(target, False)

    def guard(self, target: str) -> Guard:
        """What is called before each change of a target; Halted."""

        def check() -> None:
            if self._stopping.is_set():
                raise Halted("the loop was told to stop")
            try:
                self.lease(target).check(self._clock())
            except LeaseLost:
                self.lost(target)
                raise
            except ReconcilerError as error:
                # Nobody knows whose it is: nothing is changed.
                raise Halted(f"the lease cannot be checked: {error.message}") from error

        return check

    def renew(self) -> None:
        """Renew every lease that is held; what cannot be asked now is tried again."""
        for target in sorted(self.held):
            try:
                held = self.lease(target).renew(self._clock())
            except ReconcilerError:
                continue
            self._note(target, held)

    def start(self) -> None:
        """Renew in the background, however long a cycle takes."""
        self._thread = threading.Thread(target=self._renewing, name="lease", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop renewing, and give back what is held, for another to take at once."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        for target in sorted(self.held):
            try:
                self.lease(target).release()
            except ReconcilerError:
                continue  # it runs out by itself
            self._note(target, False)

    def _renewing(self) -> None:
        while not self._end.wait(self._ttl.total_seconds() / RENEWALS):
            self.renew()

    def _note(self, target: str, held: bool) -> None:
        with self._lock:
            (self._held.add if held else self._held.discard)(target)
