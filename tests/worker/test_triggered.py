"""Runs that somebody asks for, as the commands about runs see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from helpers import OWNER
from providers.contract import declare, find
from providers.temporal.server import NAMESPACES, OpenedNamespace, Server, connected, needed, served

from reconciler.reconcile import reconcile

pytestmark = needed


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("temporal")) as server:
        yield server


@pytest.fixture
def target(server: Server) -> OpenedNamespace:
    return connected(server.address, NAMESPACES[0], server.folder / "store")


def test_runs_of_the_same_second_are_numbered(target: OpenedNamespace) -> None:
    """As in the workspace; one that has ended keeps its name."""
    from reconciler.providers.temporal.connection import Background
    from reconciler.worker.runs import TemporalRuns

    reconcile([declare("a")], target.as_owner(), owner=OWNER)
    live, now = find(target, "a"), datetime(2026, 11, 28, 12, tzinfo=UTC)
    runs = TemporalRuns(target.as_owner())
    first = runs.trigger(live, {}, now)

    async def end() -> None:
        client = await target.connection.client()
        await client.get_workflow_handle(first).terminate()

    Background.run(end())
    names = [first, runs.trigger(live, {}, now), runs.trigger(live, {}, now)]
    stem = "a-20261128T120000Z"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]
    for name in names:
        row = runs.get(name)
        assert row is not None
        assert (row.name, row.schedule) == (name, "a")
