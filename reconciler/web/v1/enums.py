"""The enums of v1: numbers on the way out; on the way in numbers, also as text, or names. Pure."""

from __future__ import annotations

from typing import Any

from reconciler.web.v1.errors import bad

ENTITY_STATUS = ("Active", "Deprecated", "Disabled")
PROVISIONING_STATUS = ("Completed", "Provisioning", "Failed")
SCHEDULE_TYPE = ("Recurrence", "DataStore")
FREQUENCY = ("Month", "Week", "Day", "Hour", "Minute")
WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
RUN_TYPE = ("HTTP", "SDK", "Schedule", "Portal")
STATUS_CODE = ("NotStarted", "Running", "Failed", "Finished", "Canceled")


def read_enum(values: tuple[str, ...], given: Any, name: str) -> str:
    """The name that is meant; V1Error for any other."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < len(values):
        return values[given]
    if isinstance(given, str):
        if given.isascii() and given.isdigit() and len(given) < 4 and int(given) < len(values):
            return values[int(given)]
        for value in values:
            if value.lower() == given.lower():
                return value
    raise bad(f"{given!r} is not a {name}: use one of {', '.join(values)}")
