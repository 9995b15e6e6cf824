"""Schedules -> few bytes, and back, within a process."""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from reconciler.model import (
    Cron,
    DatastoreChange,
    Hold,
    Job,
    Key,
    Pattern,
    Recurrence,
    Schedule,
    Source,
)


def _reducer(kind: type[Any]) -> Callable[[Any], tuple[type[Any], tuple[Any, ...]]]:
    values = attrgetter(*(one.name for one in fields(kind)))
    return lambda value: (kind, values(value))


# What pickle makes of a frozen class by itself looks up its fields for each value.
_TABLE = {
    kind: _reducer(kind)
    for kind in (Key, Source, Pattern, Recurrence, Cron, DatastoreChange, Hold, Job, Schedule)
}


def pack(schedules: Sequence[Schedule]) -> bytes:
    """Bytes that `unpack` makes equal schedules of, in this process; never from elsewhere."""
    written = io.BytesIO()
    pickler = pickle.Pickler(written, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _TABLE  # type: ignore[assignment]
    pickler.dump(tuple(schedules))
    return zlib.compress(written.getbuffer(), 1)


def unpack(packed: bytes) -> tuple[Schedule, ...]:
    """What was packed."""
    found: tuple[Schedule, ...] = pickle.loads(zlib.decompress(packed))
    return found
