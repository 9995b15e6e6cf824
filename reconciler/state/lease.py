"""Who works on a target: one process at a time, until a moment that it moves on while it lives.

A lease that ran out may be taken by another, and then has a larger token. Everything that a holder
writes to the state names its token, and is refused in the same transaction once there is a larger
one: a holder that was stopped and wakes up writes nothing (`fence`).

Clocks jump. A lease is taken over when its time is up by the clock, or when it was not renewed
for its whole length by the waiting process' own steady clock, whatever the other one says: a
clock that was set back keeps no dead holder in office. A holder asks both clocks too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from reconciler.errors import LeaseLost
from reconciler.state.database import Database, Transaction

_MICROSECONDS = 1_000_000
_EMPTY = "INSERT INTO leases VALUES (?, 0, NULL, 0, 0, 0) ON CONFLICT (name) DO NOTHING"


class Lease:
    """One name, for one holder. Any thread may use it."""

    def __init__(
        self,
        database: Database,
        name: str,
        holder: str,
        ttl: timedelta,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`holder` is for people, `ttl` how long it is held without being renewed."""
        self.name = name
        self.holder = holder
        self.token: int | None = None
        """None: it is not ours."""
        self._database = database
        self._ttl = ttl
        self._steady = steady
        self._renewed = 0.0
        self._seen: tuple[tuple[int, int], float] | None = None
        self._lock = threading.Lock()

    def try_acquire(self, now: datetime) -> bool:
        """Take it, or renew it if it is ours; False while another holds it. StateError."""
        if self.renew(now):
            return True
        with self._lock, self._database.writing() as transaction:
            transaction.execute(_EMPTY, (self.name,))
            clock, locking = self._database.clock(now), self._database.locking
            ((token, holder, renewed_at, left),) = transaction.execute(
                f"SELECT token, holder, renewed_at, ends_at - {clock} FROM leases"
                f" WHERE name = ?{locking}",
                (self.name,),
            )
            if holder is not None and left > 0 and not self._is_silent(token, renewed_at):
                return False
            began = self._steady()
            transaction.execute(
                f"UPDATE leases SET token = token + 1, holder = ?, acquired_at = {clock},"
                f" renewed_at = {clock}, ends_at = {clock} + ? WHERE name = ?",
                (self.holder, self._micros, self.name),
            )
        self.token, self._renewed, self._seen = token + 1, began, None
        return True

    def renew(self, now: datetime) -> bool:
        """Move its end on; False if it is not ours any more. StateError."""
        with self._lock:
            if self.token is None:
                return False
            began = self._steady()
            clock = self._database.clock(now)
            with self._database.writing() as transaction:
                # Also after its time, as long as nobody took it.
                found = transaction.execute(
                    f"UPDATE leases SET renewed_at = {clock}, ends_at = {clock} + ?"
                    " WHERE name = ? AND token = ? AND holder = ? RETURNING token",
                    (self._micros, self.name, self.token, self.holder),
                )
            if found:
                self._renewed = began
            else:
                self.token = None
            return bool(found)

    def release(self) -> None:
        """Let another have it at once; nothing if it is not ours. StateError."""
        with self._lock:
            token, self.token = self.token, None
            if token is None:
                return
            with self._database.writing() as transaction:
                transaction.execute(
                    "UPDATE leases SET holder = NULL WHERE name = ? AND token = ? AND holder = ?",
                    (self.name, token, self.holder),
                )

    def check(self, now: datetime) -> None:
        """LeaseLost when it is not ours any more, or its time is up. Asks the database."""
        token = self.token
        clock = self._database.clock(now)
        rows = self._database.read(
            f"SELECT token, holder, ends_at - {clock} FROM leases WHERE name = ?", (self.name,)
        )
        if not rows or token is None or tuple(rows[0][:2]) != (token, self.holder):
            raise self._lost("another holds it")
        if rows[0][2] <= 0 or self._steady() - self._renewed >= self._ttl.total_seconds():
            raise self._lost("it was not renewed in time")

    def fence(self, transaction: Transaction) -> None:
        """LeaseLost, which undoes the transaction, unless it is ours; and it stays ours until
        the transaction ends.
        """
        rows = transaction.execute(
            f"SELECT token, holder FROM leases WHERE name = ?{self._database.locking}",
            (self.name,),
        )
        # The holder too: in a database that was made anew, or restored, tokens come again.
        if not rows or self.token is None or tuple(rows[0]) != (self.token, self.holder):
            raise self._lost("another holds it")

    def _is_silent(self, token: int, renewed_at: int) -> bool:
        """Whether its holder has not renewed it for as long as it lasts, since we look on."""
        now = self._steady()
        if self._seen is None or self._seen[0] != (token, renewed_at):
            self._seen = ((token, renewed_at), now)
            return False
        return now - self._seen[1] >= self._ttl.total_seconds()

    @property
    def _micros(self) -> int:
        return int(self._ttl.total_seconds() * _MICROSECONDS)

    def _lost(self, why: str) -> LeaseLost:
        return LeaseLost(f"the lease {self.name} is lost: {why}")
