"""ARM's limits: a bucket of tokens for reads, one for writes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable


class Bucket:
    """`capacity` calls at once, and `refill` a second after that."""

    def __init__(self, capacity: float, refill: float, clock: Callable[[], float]) -> None:
        self._capacity = capacity
        self._refill = refill
        self._clock = clock
        self._tokens = capacity
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> tuple[int, int]:
        """(0, calls left), or (whole seconds to wait, 0): then nothing was taken."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._refill)
            self._at = now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0, int(self._tokens)
            wait = (1 - self._tokens) / self._refill if self._refill else 3600.0
            return max(1, math.ceil(wait)), 0
