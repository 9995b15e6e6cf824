"""Runs and the workers for them, in tests: on machines that are folders, around one store."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import schedule
from providers.temporal.server import NAMESPACES, Server, connected

from reconciler.providers.temporal.connection import Background, Connection
from reconciler.providers.temporal.cursors import Cursors
from reconciler.providers.temporal.payload import WORKFLOW, Payload, Pipeline, payload_of
from reconciler.providers.temporal.store import CodeStore, Files
from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.execution.data import TargetData

if TYPE_CHECKING:
    from temporalio.client import WorkflowHandle

PATIENCE = 60.0
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


class Site:
    """A namespace, a store, and machines around it."""

    def __init__(
        self, server: Server, folder: Path, namespace: str = NAMESPACES[0], **places: str
    ) -> None:
        """`places`: the datastores that its machines know."""
        self.places = {name: Datastore(url, folder) for name, url in places.items()}
        self.assets: dict[str, DataAsset] = {}
        self.server = server
        self.folder = folder
        self.namespace = namespace
        self.opened = connected(server.address, namespace, folder / "store")
        self.files = Files(str(folder / "store"), folder)
        self.code = CodeStore(self.files)

    @property
    def connection(self) -> Connection:
        return self.opened.connection

    @contextmanager
    def machine(
        self, name: str, *computes: str, grace: float = 2.0, lost_after: float = 60.0
    ) -> Iterator[None]:
        """A worker that runs."""
        from reconciler.worker.activities import Machine
        from reconciler.worker.looking import Looker
        from reconciler.worker.run_data import known_data
        from reconciler.worker.serving import Serving, WorkerSettings

        machine = Machine(
            self.folder / name,
            self.files,
            {**ENVIRONMENT, "HERE": name},
            grace=grace,
            name=name,
            data=TargetData(self.places, self.assets, self.folder),
        )
        # A connection has one worker for a queue.
        connection = connected(self.server.address, self.namespace).connection
        looker = Looker("prod", connection, "reconciler", Cursors(self.files), self.places)
        data = known_data(self.places, self.assets)
        settings = WorkerSettings("reconciler", computes, 4, lost_after, data)
        serving = Serving(connection, machine, looker, settings)
        began = threading.Event()
        ended = threading.Thread(target=lambda: Background.run(serving.run(began.set)))
        ended.start()
        assert began.wait(PATIENCE)
        try:
            yield
        finally:
            serving.stop()
            ended.join(PATIENCE)
            assert not ended.is_alive()

    def start(self, job: Mapping[str, Any], **extra: Any) -> Run:
        """A run of a job that somebody starts by hand."""
        return self.start_payload(payload(job), **extra)

    def start_payload(self, made: Payload, **extra: Any) -> Run:
        name = f"run-{uuid.uuid4().hex[:8]}"

        async def start() -> WorkflowHandle[Any, Any]:
            client = await self.connection.client()
            return await client.start_workflow(
                WORKFLOW,
                args=[json.loads(made.to_bytes()), extra],
                id=name,
                task_queue="reconciler",
            )

        return Run(self, name, Background.run(start()))


class Run:
    """One run that was started."""

    def __init__(self, site: Site, name: str, handle: WorkflowHandle[Any, Any]) -> None:
        self.site = site
        self.name = name
        self.handle = handle

    def result(self) -> dict[str, Any]:
        """What it came to: its status, its message and its steps."""
        from temporalio.client import WorkflowFailureError
        from temporalio.exceptions import ApplicationError, CancelledError

        async def wait() -> dict[str, Any]:
            try:
                found: dict[str, Any] = await asyncio.wait_for(self.handle.result(), PATIENCE)
            except WorkflowFailureError as error:
                cause = error.cause
                if isinstance(cause, CancelledError):
                    return {"status": "Canceled", "steps": await self.handle.query("steps")}
                assert isinstance(cause, ApplicationError)
                if cause.details:
                    detail: dict[str, Any] = cause.details[0]
                    return detail
                return {"status": "Failed", "message": cause.message, "steps": []}
            return found

        return Background.run(wait())

    def ended(self) -> dict[str, tuple[str, str | None]]:
        """Of each step, its status and what is said of it, once the run has ended."""
        return {one["name"]: (one["status"], one["message"]) for one in self.result()["steps"]}

    def steps(self) -> dict[str, str]:
        """Of each step, its status now."""
        found = Background.run(self.handle.query("steps"))
        return {one["name"]: one["status"] for one in found}

    def cancel(self, reason: str = "") -> None:
        Background.run(self.handle.cancel(reason=reason))

    def log(self, step: str) -> str:
        from reconciler.worker.runs import TemporalRuns

        runs = TemporalRuns(self.site.opened.as_owner())
        return b"".join(piece for piece, _ in runs.log(self.name, step, 0)).decode()

    def history(self) -> str:
        async def fetch() -> str:
            return (await self.handle.fetch_history()).to_json()

        return Background.run(fetch())


def payload(
    job: Mapping[str, Any], code: Mapping[str, str] | None = None, **document: Any
) -> Payload:
    """What a schedule carries that runs it."""
    declared = schedule("nightly", **document)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return payload_of(declared, created, False, Pipeline(job, code or {}))


def pipeline(**steps: Mapping[str, Any]) -> dict[str, Any]:
    """A job of commands."""
    jobs = {name: {"type": "command", **step} for name, step in steps.items()}
    return {"type": "pipeline", "jobs": jobs}
