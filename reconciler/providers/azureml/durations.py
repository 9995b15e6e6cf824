"""Seconds <-> ISO 8601 durations, as Azure's client writes them: 900 is PT15M. Pure."""

from __future__ import annotations

import re
from typing import Any

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)(?:\.0*)?S)?)?"
)
_UNITS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def iso_duration(seconds: Any) -> Any:
    """Whole seconds as a duration, none for 0; what is no number is left as it is."""
    try:
        left = int(seconds)
    except (TypeError, ValueError):
        return seconds
    if left <= 0:
        return None
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3600)
    minutes, left = divmod(left, 60)
    date = f"{days}D" if days else ""
    parts = ((hours, "H"), (minutes, "M"), (left, "S"))
    time = "".join(f"{number}{unit}" for number, unit in parts if number)
    return f"P{date}{'T' if time else ''}{time}"


def duration_seconds(duration: Any) -> Any:
    """The seconds of a duration; what is none is left as it is."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None or not any(found.groups()):
        return duration
    return sum(int(found[name] or 0) * unit for name, unit in _UNITS.items())
