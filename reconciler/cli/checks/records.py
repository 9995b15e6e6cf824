"""What was looked at, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How it is."""

    WELL = "well"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """`found`: what is so, in words; `to_do`: what to do about it, where there is something."""

    about: str
    verdict: Verdict
    found: str
    to_do: str | None = None
