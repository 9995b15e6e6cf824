"""The server on a workspace, in a thread of the test's process."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from reconciler.web.serving.server import Running
from reconciler.web.settings import Site
from reconciler.web.tokens import Tokens
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.store.schedules import Publication, Store

TOKEN = "full-" + "t" * 32
READER = "read-" + "r" * 32
SUBSCRIPTION = "00000000-1111-2222-3333-444444444444"
BASE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/test-rg/providers"
    "/Microsoft.MachineLearningServices/workspaces/test-ws"
)
V1 = f"/pipelines/v1.0{BASE}"
VERSION = {"api-version": "2023-10-01"}
TRAIN: dict[str, Any] = {
    "type": "command",
    "command": "echo ${{inputs.epochs}}",
    "inputs": {"epochs": 5, "api_key": "none"},
}
SCORE: dict[str, Any] = {
    "type": "command",
    "command": "echo ${{inputs.input_data}}",
    "inputs": {"input_data": {"type": "uri_file", "optional": True}, "a": "0"},
}


PIPELINES = {"train": TRAIN, "score": SCORE}


def publish(path: Path, name: str, document: dict[str, Any]) -> str:
    """Publish a job; its version."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    publication = Publication(name, sha256(text.encode()).hexdigest(), text, f"jobs/{name}.yml")
    store = Store(path, actor="a test")
    store.publish(publication, datetime.now(UTC))
    store.close()
    return publication.version


class Server:
    """One server and its workspace; without `pipelines` it holds `train` and `score`."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], datetime] | None = None,
        pipelines: Mapping[str, dict[str, Any]] = PIPELINES,
        datastores: Mapping[str, Datastore] | None = None,
        runs: str = "workspace-runs",
        **options: Any,
    ) -> None:
        self.folder = folder
        self.path = folder / "workspace.db"
        versions = {name: publish(self.path, name, job) for name, job in pipelines.items()}
        self.version = versions.get("train", "")
        (folder / "inbox").mkdir(exist_ok=True)
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.site = Site(
            self.path,
            folder / runs,
            "local",
            "us",
            Tokens(TOKEN, READER),
            datastores=datastores or {"inbox": Datastore("inbox", folder)},
            base=folder,
            log=lambda event, **fields: self.logged.append((event, fields)),
            **options,
        )
        self.running = Running(self.site, **({"clock": clock} if clock else {}))
        self.running.__enter__()
        self.address = self.running.address

    def close(self) -> None:
        self.running.__exit__(None, None, None)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def api(self, token: str | None = TOKEN, **options: Any) -> httpx.Client:
        """A client of the APIs."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.Client(base_url=self.address, headers=headers, timeout=30, **options)

    @contextmanager
    def browser(self, right: Any = "write") -> Iterator[httpx.Client]:
        """A browser that is signed in."""
        with httpx.Client(base_url=self.address, timeout=30, follow_redirects=True) as client:
            code = self.site.tokens.new_link(time.time(), right)
            assert client.get(f"/login?code={code}").status_code == 200
            yield client

    def forget(self) -> None:
        """Take every schedule and run away."""
        with closing(sqlite3.connect(self.path)) as connection:
            for table in ("schedules", "deleted_schedules", "fires", "steps", "runs"):
                connection.execute(f"DELETE FROM {table}")
            connection.commit()
