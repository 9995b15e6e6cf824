"""Calls per second -> when the next may be made: a token bucket, shared by threads.

Azure Resource Manager refills a bucket for reads and one for writes. Staying under it costs less
than being told off, for a call made before Retry-After has passed is not processed either.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """`capacity` calls at once, then `refill` a second."""

    def __init__(
        self,
        capacity: float,
        refill: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._capacity = capacity
        self._refill = refill
        self._tokens = capacity
        self._clock = clock
        self._sleep = sleep
        self._at = clock()
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until a call may be made."""
        pause = self.reserve()
        while pause > 0:
            self._sleep(pause)
            pause = self._closed()  # somebody may have been told off meanwhile

    def reserve(self) -> float:
        """Take a token, and say how many seconds to wait before it may be used."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._refill)
            self._at = now
            self._tokens -= 1
            # A moment more, so that rounding never makes a call too early.
            owed = -self._tokens / self._refill + 0.001 if self._tokens < 0 else 0.0
            return max(owed, self._closed_until - now, 0.0)

    def _closed(self) -> float:
        with self._lock:
            return max(self._closed_until - self._clock(), 0.0)

    def told_off(self, retry_after: float) -> None:
        """The service says that there is nothing left: nobody calls for that long.

        The bucket starts again from empty, for the service's own is.
        """
        with self._lock:
            now = self._clock()
            self._closed_until = max(self._closed_until, now + retry_after)
            self._tokens = min(self._tokens, 0.0)
            self._at = now
