"""What may be asked for when a plan is made. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

HORIZON = timedelta(days=14)
"""How far ahead a plan tells what will fire, where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What shapes a plan beside the declarations. The horizon decides nothing that is done."""

    adopt: tuple[str, ...] = ()
    """Live schedules of others, by name or by `target/name`, that are taken over."""
    allow_empty: bool = False
    """No schedule may be declared for a target."""
    ignore_limits: bool = False
    """It may be over the limits."""
    strict: bool = False
    """What a target would rewrite or approximate is refused as well."""
    preflight: bool = False
    """The target is asked whether what the changes need is there."""
    names: tuple[str, ...] = ()
    """Schedules that it is about, by name, `target/name` or pattern; none: all."""
    horizon: timedelta = HORIZON
    """How far ahead it tells what will fire; it changes nothing that is done."""


DEFAULTS = PlanOptions()
