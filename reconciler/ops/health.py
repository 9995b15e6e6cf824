"""How the loop is, for probes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """`alive`: no restart would help. `ready`: every target is looked after."""

    alive: bool
    ready: bool
    reasons: tuple[str, ...] = ()
    """Why it is not one of them, or what stands badly."""
