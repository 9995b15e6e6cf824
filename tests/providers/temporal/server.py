"""A server of Temporal in a folder of its own, for as long as tests need it; namespaces of it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers import OWNER, ROOT, TARGET

from providers.contract import Opened
from reconciler.providers.temporal.access import TemporalAccess
from reconciler.providers.temporal.connection import Background, Connection
from reconciler.providers.temporal.provider import TemporalProvider
from reconciler.providers.temporal.store import CodeStore, Files
from reconciler.workspace.datastores.datastore import Datastore

BINARY = Path(
    os.environ.get("RECONCILER_TEMPORAL", ROOT / ".cache" / "temporal" / "venv/bin/temporal")
)
"""Installed by `make temporal`."""
ENGINES: dict[str, list[str]] = {
    "workflows": [],
    "chasm": [
        "history.enableChasm=true",
        "history.enableCHASMSchedulerCreation=true",
        "history.chasmSchedulerCreationRolloutPercent=100",
    ],
}
"""Temporal has two engines of schedules behind one API, which differ; settings of the server."""
PROMPT = [
    f'history.{queue}ProcessorUpdateAckInterval="100ms"' for queue in ("visibility", "transfer")
]
"""A run that is deleted is listed until the server notes how far its queues are: else each 10 s."""
NAMESPACES = ("one", "two", "three")
PATIENCE = 60.0

needed = pytest.mark.skipif(
    not BINARY.exists(), reason="the server of Temporal is not installed (make temporal)"
)


class Server:
    """One that runs; `kill` and `start` it again as often as there is need."""

    def __init__(self, folder: Path, *settings: str, survives: bool = False) -> None:
        """`settings`: of the server's dynamic configuration, as NAME=VALUE. `survives`: what it
        holds, being killed.
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.folder = folder
        self.address = f"127.0.0.1:{self.port}"
        settings = (*PROMPT, *settings)
        self._settings = [part for one in settings for part in ("--dynamic-config-value", one)]
        self._file = ["--db-filename", str(folder / "temporal.db")] if survives else []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it on its file, and wait until it serves its namespaces."""
        options = [part for name in NAMESPACES for part in ("--namespace", name)]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(BINARY, "server", "start-dev", "--headless", "--ip", "127.0.0.1"),
                    *("--port", str(self.port), "--log-level", "error"),
                    *(*self._file, *options, *self._settings),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            )
        deadline = time.monotonic() + PATIENCE
        while not self._serves():
            assert self._process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, (self.folder / "server.log").read_text()
            time.sleep(0.05)

    def _serves(self) -> bool:
        from reconciler.errors import ProviderError

        try:
            for name in NAMESPACES:
                connected(self.address, name).provider().list()
        except ProviderError:
            return False
        return True

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)


@contextmanager
def served(folder: Path, *settings: str, survives: bool = False) -> Iterator[Server]:
    """A server; killed at the end, for asked to end, it takes 3 s for nothing."""
    pytest.importorskip("temporalio")
    server = Server(folder, *settings, survives=survives)
    try:
        server.start()
        yield server
    finally:
        server.kill()


class OpenedNamespace(Opened):
    """One namespace, and the store beside it."""

    def __init__(self, connection: Connection, store: Path) -> None:
        self.connection = connection
        self.store = store

    def as_owner(self, owner: str | None = OWNER) -> TemporalProvider:
        return self.provider(owner)

    def provider(self, owner: str | None = OWNER, **options: Any) -> TemporalProvider:
        return TemporalProvider(
            TARGET,
            self.connection,
            owner=owner,
            task_queue="reconciler",
            store=CodeStore(Files(str(self.store), Path())),
            **{"datastores": self.datastores(), **options},
        )

    def datastores(self) -> dict[str, Datastore]:
        """Folders beside the store."""
        return {
            name: Datastore(str(self.store.parent / name), Path()) for name in ("inbox", "outbox")
        }

    def call(self, name: str, request: Any) -> Any:
        """One call of Temporal's own API."""
        return Background.run(self.connection.call(name, request))

    def empty(self) -> None:
        """Remove all schedules, as only tests do, and wait until none is listed."""
        Background.run(self._empty())

    async def _empty(self) -> None:
        from temporalio.api.workflowservice.v1 import DeleteScheduleRequest

        from reconciler.errors import Rejected
        from reconciler.providers.temporal import calls
        from reconciler.providers.temporal.patience import patience

        async for more in patience(PATIENCE):
            found = await calls.entries(self.connection)
            if not found:
                return
            assert more, [one.schedule_id for one in found]
            for one in found:
                request = DeleteScheduleRequest(
                    namespace=self.connection.namespace, schedule_id=one.schedule_id
                )
                try:
                    await self.connection.call("delete_schedule", request)
                except Rejected:  # it is gone, and still listed
                    await asyncio.sleep(0)


def connected(address: str, namespace: str, store: Path = Path("/nonexistent")) -> OpenedNamespace:
    """A namespace of a server on this machine."""
    connection = Connection(TARGET, address, namespace, TemporalAccess())
    return OpenedNamespace(connection, store)
