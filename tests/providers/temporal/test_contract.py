"""The contract of providers, on both of Temporal's engines of schedules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from helpers import CRON
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from providers.contract import DAILY, INBOX, SCHEDULES, Contract
from providers.temporal.server import (
    ENGINES,
    NAMESPACES,
    OpenedNamespace,
    Server,
    connected,
    needed,
    served,
)
from reconciler.firing import next_fire
from reconciler.model import DatastoreChange, Schedule

WEEKLY = {
    "type": "recurrence",
    "frequency": "week",
    "interval": 2,
    "schedule": {"week_days": ["sunday", "monday"], "hours": [18, 2], "minutes": [30, 0]},
    "start_time": "2026-01-05T00:00:00",
    "time_zone": "Europe/Lisbon",
}
LAW = settings(
    deadline=None,
    phases=[Phase.generate],  # to make an example smaller takes minutes
    suppress_health_check=[
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


def is_taken(schedules: list[Schedule]) -> bool:
    """What never fires any more need not be there: test_provider.py has it."""
    now = datetime.now(UTC)
    return all(
        isinstance(one.trigger, DatastoreChange) or next_fire(one.trigger, now, now) is not None
        for one in schedules
    )


class OnAServer(Contract):
    triggers = (CRON, DAILY, WEEKLY, INBOX)
    examples = SCHEDULES.filter(is_taken)
    engine: ClassVar[str]
    server: ClassVar[Server]
    free: ClassVar[list[OpenedNamespace]]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def a_server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        folder: Path = tmp_path_factory.mktemp("temporal")
        with served(folder, *ENGINES[cls.engine]) as server:
            cls.server = server
            cls.free = [connected(server.address, name, folder / name) for name in NAMESPACES]
            yield

    @contextmanager
    def open(self) -> Iterator[OpenedNamespace]:
        opened = self.free.pop()
        try:
            yield opened
        finally:
            opened.empty()
            self.free.append(opened)

    @settings(LAW, max_examples=2)
    @given(data=st.data())
    def test_the_first_law(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)

    @pytest.mark.torture
    @settings(LAW, max_examples=300)
    @given(data=st.data())
    def test_the_first_law_long(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)


@needed
class TestWorkflows(OnAServer):
    engine = "workflows"


@needed
@pytest.mark.torture
class TestChasm(OnAServer):
    """What differs there is in test_provider.py, on both."""

    engine = "chasm"
