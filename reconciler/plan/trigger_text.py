"""What a plan says of a trigger, made of the masked documents of its schedule. Pure.

A saved plan holds both. Its digests cover the documents, so whoever reads the file makes the words
of them again: a plan that was tampered with cannot say another time than it would apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.document import trigger_from_document
from reconciler.firing.words.trigger_words import describe
from reconciler.masking import mask_text
from reconciler.model import Recurrence, Trigger

Document = Mapping[str, Any]

_TIMES_A_DAY = 24 * 60


def trigger_texts(before: Document | None, after: Document | None) -> dict[str, Any]:
    """The `trigger` and the `time_zone` of a change, of what there is before and after it.

    ValueError for a trigger that is none: only a file that somebody made can have one.
    """
    (old, was), (new, becomes) = (_read(side) for side in (before, after))
    last = new or old
    return {
        "trigger": {
            "before": mask_text(was) if was is not None else None,
            "after": mask_text(becomes) if becomes is not None else None,
        },
        # UTC for one without times.
        "time_zone": getattr(last, "time_zone", "UTC"),
    }


def _read(schedule: Document | None) -> tuple[Trigger | None, str | None]:
    """The trigger, and its words."""
    if schedule is None:
        return None, None
    try:
        trigger = trigger_from_document(schedule["trigger"])
        pattern = trigger.pattern if isinstance(trigger, Recurrence) else None
        if pattern is not None and len(pattern.hours) * len(pattern.minutes) > _TIMES_A_DAY:
            raise ValueError("more times than a day has minutes")
        return trigger, describe(trigger)
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError("it is no trigger") from error
