"""A hold -> JSON."""

from __future__ import annotations

from typing import Any

from reconciler.declare.holds import hold_words, zone_of
from reconciler.masking import mask_text
from reconciler.model import Schedule


def hold_document(schedule: Schedule) -> dict[str, Any] | None:
    """The hold that is in force, and how it is said; None where there is none."""
    hold = schedule.hold
    if hold is None:
        return None
    return {
        "until": hold.until.isoformat(),
        "reason": hold.reason and mask_text(hold.reason),
        "by": hold.by,
        "suspended": hold.suspended,
        "words": hold_words(hold, zone_of(schedule)),
    }
