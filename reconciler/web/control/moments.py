"""Moments and spans as people write them into a form: 4h, 2d, 2026-12-01T08:00. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from reconciler.declare.holds import read_until

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN = re.compile(r"(\d{1,4})([mhd])", re.ASCII)


def read_moment(text: str, now: datetime) -> datetime | None:
    """The moment in UTC, after `now`; None: it says none, or one that is past."""
    text = text.strip()
    span = _SPAN.fullmatch(text)
    if span is not None:
        moment = now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    else:
        found = read_until(text)
        if found is None:
            return None
        moment = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    return moment if moment > now else None
