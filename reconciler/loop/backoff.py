"""When to try again. Pure: randomness is passed in."""

from __future__ import annotations

from datetime import timedelta
from random import Random

LONGEST = timedelta(minutes=15)
_SPREAD = 0.1


def spread(interval: timedelta, rng: Random) -> timedelta:
    """`interval`, up to a tenth shorter or longer, so that many loops do not ask at once."""
    return interval * rng.uniform(1 - _SPREAD, 1 + _SPREAD)


def delay(failures: int, interval: timedelta, rng: Random) -> timedelta:
    """How long to wait after so many failures in a row: twice as long each time, to a cap."""
    longest = max(LONGEST, interval)
    doublings = min(max(failures - 1, 0), 30)
    return spread(min(interval * 2**doublings, longest), rng)
