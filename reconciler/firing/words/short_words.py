"""A trigger in a few words, for a list: "Mon–Fri at 07:00", "every 15 min". Pure.

The whole of it, with its zone, its bounds and what it is counted from, is in `trigger_words`; this
is for the eye, and cannot be written back.
"""

from __future__ import annotations

import re

from reconciler.firing.words.trigger_words import describe
from reconciler.model import Cron, DatastoreChange, Trigger

LONGEST = 40
"""Characters; a cron of more words is shown as its expression."""
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: tuple[str, ...] = (
    "January",
    "February",
    "March",
    "April",
    "June",
    "July",
    "August",
    "September",
)
_MONTHS += ("October", "November", "December")
_NAME = re.compile(rf"\b({'|'.join((*_DAYS, *_MONTHS))})\b")
_RANGE = re.compile(rf"\b({'|'.join(day[:3] for day in _DAYS)}) to (?=[A-Z])")
_ON_DAYS = re.compile(r"^at ([^,]*) on ((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[^,]*)$")


def describe_shortly(trigger: Trigger) -> str:
    """A few words for when it fires, on its own clock."""
    if isinstance(trigger, DatastoreChange):
        path = trigger.path_on_datastore.strip("/")
        return f"file in {trigger.datastore}{f'/{path}' if path else ''}"
    words = describe(trigger).split(" counted from ")[0].split(f", {trigger.time_zone}")[0]
    words = _NAME.sub(lambda found: found[0][:3], words)
    words = _RANGE.sub(r"\1–", words).replace(" minutes", " min")
    words = _ON_DAYS.sub(r"\2 at \1", words).removeprefix("every week on ")
    if isinstance(trigger, Cron) and len(words) > LONGEST:
        return " ".join(trigger.expression.split())
    return words
