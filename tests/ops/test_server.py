from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from reconciler.errors import ReconcilerError
from reconciler.ops.app import LARGEST_BODY, Operations
from reconciler.ops.health import Health
from reconciler.ops.metrics import Metrics
from reconciler.ops.server import OpsServer
from reconciler.ops.webhooks import Hooks

from .test_webhooks import SECRET, SECRETS, github, push


class Port:
    """A server, and what it did."""

    def __init__(self) -> None:
        self.woken = 0
        self.lines: list[dict[str, Any]] = []
        self.health = Health(True, True)
        self.metrics = Metrics()
        self.server = OpsServer(
            Operations(
                self.metrics,
                lambda: self.health,
                self.wake,
                lambda event, **fields: self.lines.append({"event": event, **fields}),
                Hooks(SECRETS, "main"),
                frozenset(["mine.example"]),
            ),
            "127.0.0.1",
            0,
        )

    def wake(self) -> None:
        self.woken += 1

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return httpx.post(self.server.address + path, content=body, headers=headers)


@pytest.fixture
def port() -> Iterator[Port]:
    made = Port()
    yield made
    made.server.close()


def test_probes(port: Port) -> None:
    for path, word in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = httpx.get(port.server.address + path)
        assert (answer.status_code, answer.json()[word]) == (200, True)
    port.health = Health(True, False, ("prod: starting",))
    assert httpx.get(port.server.address + "/healthz").status_code == 200
    answer = httpx.get(port.server.address + "/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["prod: starting"])
    port.health = Health(False, False, ("the loop stands still",))
    assert httpx.get(port.server.address + "/healthz").status_code == 503


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_names_that_it_answers_to(port: Port, path: str) -> None:
    number = port.server.address.rpartition(":")[2]
    for name in ("127.0.0.1", "[::1]", "10.2.3.4", "localhost", "reconciler", "mine.example"):
        answer = httpx.get(port.server.address + path, headers={"Host": f"{name}:{number}"})
        assert answer.status_code == 200, name
    for name in ("evil.com", "127.0.0.1.nip.io", "a.localhost.evil.com"):
        answer = httpx.get(port.server.address + path, headers={"Host": name})
        assert answer.status_code == 421, name


def test_metrics(port: Port) -> None:
    port.metrics.on_call("prod", "GET")
    answer = httpx.get(port.server.address + "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'reconciler_api_calls_total{method="GET",target="prod"} 1.0' in answer.text


def test_a_signed_push_starts_a_cycle(port: Port) -> None:
    body = push()
    assert port.post("/hooks/github", body, github(body)).status_code == 202
    assert port.woken == 1
    assert port.post("/hooks/github", body, github(body)).status_code == 200  # came before
    assert port.post("/hooks/gitlab", body, {"X-Gitlab-Token": SECRET}).status_code == 202
    assert port.woken == 2
    assert port.post("/hooks/github", body, github(body, "ping", "9")).status_code == 200
    assert port.woken == 2


def test_what_is_forged_or_not_set_up_is_refused(port: Port) -> None:
    body = push()
    assert port.post("/hooks/github", body, {}).status_code == 401
    assert port.post("/hooks/github", body, github(body, key="guess")).status_code == 401
    assert port.post("/hooks/gitlab", body, {"X-Gitlab-Token": "guess"}).status_code == 401
    assert port.post("/hooks/azuredevops", body, {}).status_code == 401
    assert port.post("/hooks/bitbucket", body, {}).status_code == 404
    assert port.post("/hooks/github", b"[]", github(b"[]")).status_code == 400
    assert httpx.get(port.server.address + "/hooks/github").status_code == 405
    assert port.woken == 0
    assert SECRET not in repr(port.lines)
    assert "guess" not in repr(port.lines)


def test_bodies_are_bounded(port: Port) -> None:
    body = b"x" * (LARGEST_BODY + 1)
    assert port.post("/hooks/github", body, github(body)).status_code == 413

    def pieces() -> Iterator[bytes]:  # of a length that is not said before
        for _ in range(6):
            yield b"x" * (1024 * 1024)

    answer = httpx.post(port.server.address + "/hooks/github", content=pieces())
    assert answer.status_code == 413


def test_nobody_is_listened_to_without_secrets() -> None:
    server = OpsServer(
        Operations(Metrics(), lambda: Health(True, True), lambda: None, lambda *_, **__: None),
        "127.0.0.1",
        0,
    )
    try:
        answer = httpx.post(server.address + "/hooks/github", content=b"{}")
        assert answer.status_code == 404
    finally:
        server.close()


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        operations = Operations(
            Metrics(), lambda: Health(True, True), lambda: None, lambda *_, **__: None
        )
        with pytest.raises(ReconcilerError, match="operations port"):
            OpsServer(operations, "127.0.0.1", taken.getsockname()[1])
