"""A server that closes its connections, as each does after some minutes; one at its limit; none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from providers.contract import declare
from providers.temporal.server import connected, needed, served
from reconciler.errors import ProviderUnavailable
from reconciler.providers.temporal import patience

pytest.importorskip("temporalio")
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError
from temporalio.service import RPCStatusCode as Status

pytestmark = needed
CLOSES = (
    'frontend.keepAliveMaxConnectionAge="300ms"',
    'frontend.keepAliveMaxConnectionAgeGrace="60s"',
    "frontend.rps=100000",
    "frontend.namespaceRPS=100000",
    "frontend.namespaceRPS.visibility=100000",
)
LIMITED = ("frontend.namespaceRPS.visibility=10", "frontend.namespaceBurstRatio.visibility=1")


def at_once(what: Callable[[int], object], count: int) -> int:
    """How many were done, eight at a time."""
    with ThreadPoolExecutor(8) as threads:
        return len(list(threads.map(what, range(count))))


def test_a_request_comes_through_where_connections_are_closed(tmp_path: Path) -> None:
    asked = DescribeNamespaceRequest(namespace="one")
    with served(tmp_path, *CLOSES) as server:
        opened = connected(server.address, "one", tmp_path / "store")
        provider = opened.as_owner()
        at_once(lambda n: provider.create(declare(f"s{n}")), 8)
        assert at_once(lambda _: opened.call("describe_namespace", asked), 1_000) == 1_000
        assert len(provider.list()) == 8


def test_a_namespace_at_its_limit_is_waited_for(tmp_path: Path) -> None:
    with served(tmp_path, *LIMITED) as server:
        provider = connected(server.address, "one", tmp_path / "store").as_owner()
        assert at_once(lambda _: provider.list(), 40) == 40


def test_what_a_busy_server_left_unanswered_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it may be done twice: of any other nobody knows whether it was done."""

    async def asked(unanswered: int, *, repeatable: bool) -> int:
        calls = 0

        async def method(request: object) -> int:
            nonlocal calls
            calls += 1
            if calls <= unanswered:
                raise RPCError("context deadline exceeded", Status.DEADLINE_EXCEEDED, b"")
            return calls

        return int(await patience.Retries().call(method, None, repeatable=repeatable))

    assert asyncio.run(asked(3, repeatable=True)) == 4
    with pytest.raises(RPCError):
        asyncio.run(asked(1, repeatable=False))
    monkeypatch.setattr(patience, "_BUSY_SECONDS", 0.05)
    with pytest.raises(RPCError):
        asyncio.run(asked(1_000, repeatable=True))


def test_a_server_that_went_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "_BROKEN_SECONDS", 1.0)
    with served(tmp_path) as server:
        provider = connected(server.address, "one", tmp_path / "store").as_owner()
        provider.list()
    began = time.process_time()
    for _ in range(50):
        with pytest.raises(ProviderUnavailable):
            provider.list()
    assert time.process_time() - began < 5
