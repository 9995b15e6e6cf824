"""What was looked at, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.errors import ConfigError, ReconcilerError


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


def words_of(error: ReconcilerError) -> str:
    """What an error says, with each problem of the configuration that it is about."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    told = "; ".join(f"{one.path}:{one.line}: {one.message}" for one in problems)
    return told or error.message
