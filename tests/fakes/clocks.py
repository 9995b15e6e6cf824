"""Time as the service tells it: the zones of Windows, instants, and what a zone's clock shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

_LINES = (Path(__file__).parent / "zones.txt").read_text("utf-8").splitlines()
ZONES = dict(line.split(" = ") for line in _LINES if not line.startswith("#"))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?")


def local(moment: datetime, zone: str) -> datetime:
    """What the clocks of a Windows zone show, without an offset."""
    return moment.astimezone(ZoneInfo(ZONES[zone])).replace(tzinfo=None)


def instant(moment: datetime) -> str:
    """As systemData and operations write it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def parsed(text: str) -> datetime:
    """A trigger's time; ValueError for anything that is not one, or that has an offset."""
    if _MOMENT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a date and time without an offset")
    return datetime.fromisoformat(text)
