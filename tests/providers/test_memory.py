from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from helpers import OWNER, TARGET

from providers.contract import Contract, Opened
from reconciler.providers.memory import MemoryProvider


class OpenedMemory(Opened):
    def __init__(self) -> None:
        self.provider = MemoryProvider(TARGET, owner=OWNER)

    def as_owner(self, owner: str | None = OWNER) -> MemoryProvider:
        provider = copy.copy(self.provider)  # the same schedules
        provider.owner = owner
        return provider


class TestMemory(Contract):
    refuses_to_enable = False
    keeps_what_was_applied = False

    @contextmanager
    def open(self) -> Iterator[OpenedMemory]:
        yield OpenedMemory()
