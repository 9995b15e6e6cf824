"""Runs that somebody asks for, as the commands about runs see them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from helpers import OWNER
from providers.contract import declare, find
from providers.temporal.server import NAMESPACES, OpenedNamespace, Server, connected, needed, served

from reconciler.providers.capabilities import PastFire
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


def test_a_past_instant_has_one_run(target: OpenedNamespace) -> None:
    """As of `backfill`, under the name that its schedule would have given it; audits know it."""
    from reconciler.worker.runs import TemporalRuns

    reconcile([declare("past")], target.as_owner(), owner=OWNER)
    live = find(target, "past")
    runs = TemporalRuns(target.as_owner())
    fire = PastFire(datetime(2026, 11, 27, 2, tzinfo=UTC))
    name = "past-20261127T020000Z"
    assert not runs.has_run(live, fire)
    assert runs.backfill(live, fire, datetime.now(UTC)) == name
    assert runs.backfill(live, fire, datetime.now(UTC)) is None
    assert runs.has_run(live, fire)
    since, deadline = fire.due_at - timedelta(hours=1), time.monotonic() + 60
    while not (found := TemporalRuns(target.as_owner()).runs_of("past", since)):
        assert time.monotonic() < deadline  # what is listed follows a little later
    assert [(one.name, one.due_at, one.cause) for one in found] == [(name, fire.due_at, "backfill")]
