"""The provider `azureml` on this server: what it wants of Azure, it gets here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from helpers import CRON, OWNER, TARGET, schedule
from hypothesis import given, settings
from hypothesis import strategies as st
from providers.azureml.opened import VirtualClock
from providers.contract import DAILY, Contract, Opened
from providers.test_azureml import (
    COMMON,
    CRONS,
    DATA,
    DOCUMENTS,
    LAW,
    LITERAL,
    NAMES,
    RECURRENCES,
    WEEKLY,
)

from reconciler.document import schedule_from_document
from reconciler.model import Key, Schedule
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.credentials import fixed_token
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.provider import AzureMLProvider
from web.opened import SUBSCRIPTION, TOKEN, Server


class OpenedServer(Opened):
    def __init__(self, server: Server) -> None:
        self.server = server
        self.clients: list[Client] = []

    def as_owner(self, owner: str | None = OWNER) -> AzureMLProvider:
        place = Workspace(SUBSCRIPTION, "test-rg", "test-ws", self.server.address)
        time = VirtualClock()
        client = Client(
            place, fixed_token(TOKEN), target=TARGET, clock=time.clock, sleep=time.sleep
        )
        self.clients.append(client)
        return AzureMLProvider(TARGET, client, owner=owner, revision="0123abc")


JOBS = st.fixed_dictionaries(
    # Only what is published runs here, with the inputs that it has.
    {"job": st.just("azureml:train")},
    optional={
        **COMMON,
        "inputs": st.dictionaries(
            st.sampled_from(["epochs", "api_key"]), LITERAL | st.none() | DATA
        ),
    },
)


@st.composite
def schedules(draw: st.DrawFn) -> list[Schedule]:
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    made = []
    for name in names:
        document = {"name": name} | draw(DOCUMENTS)
        document |= {"trigger": draw(RECURRENCES | CRONS), "create_job": draw(JOBS)}
        made.append(schedule_from_document(document, Key(TARGET, name)))
    return made


_idle: list[Server] = []
_folders: list[Path] = []


@pytest.fixture(autouse=True, scope="module")
def _servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers are kept for the next test, and emptied in between."""
    _folders.append(tmp_path_factory.mktemp("workspaces"))
    yield
    while _idle:
        _idle.pop().close()
    _folders.clear()


class TestServer(Contract):
    triggers = (CRON, DAILY, WEEKLY)
    fills_in_start = True
    examples = schedules()

    @contextmanager
    def open(self) -> Iterator[OpenedServer]:
        server = _idle.pop() if _idle else Server(Path(mkdtemp(dir=_folders[0])))
        opened = OpenedServer(server)
        try:
            yield opened
        finally:
            for client in opened.clients:
                client.close()
            server.forget()
            _idle.append(server)
        assert not [fields for event, fields in server.logged if event == "http_failed"]

    def declare(self, name: str, **document: Any) -> Schedule:
        return schedule(name, **document)

    @settings(LAW, max_examples=12)
    @given(data=st.data())
    def test_the_first_law(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)

    @pytest.mark.torture
    @settings(LAW, max_examples=500)
    @given(data=st.data())
    def test_the_first_law_at_length(self, data: st.DataObject) -> None:
        self.check_the_first_law(data)
