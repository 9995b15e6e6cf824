"""The ids of v1: GUIDs, made from names, so that nothing has to remember them. Pure.

A name does as well wherever an id is asked for. A run's id is its name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Kind = Literal["schedule", "pipeline", "version", "graph", "experiment", "datatype"]
_SPACE = uuid.UUID("6f0a2b1e-5a0d-4c8f-9b0e-1d2c3b4a5968")


@lru_cache(maxsize=100_000)
def guid(kind: Kind, name: str) -> str:
    """The id of a thing."""
    return str(uuid.uuid5(_SPACE, f"{kind}:{name}"))


def find(kind: Kind, identifier: str, names: Iterable[str]) -> str | None:
    """The name, among `names`, that an id stands for; None: there is none."""
    wanted = identifier.lower()
    return next((n for n in names if n == identifier or guid(kind, n) == wanted), None)
