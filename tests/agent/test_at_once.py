"""Very many files land at once: their jobs come in order, under the bucket of Azure's writes.

Time passes when the bucket or a turn waits, so that an hour of it takes as long as its calls. What
is killed is the agent, at a call: before it is made, or after it was answered and before that is
written down, the two moments that matter. Its follower has a client and a bucket of its own.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fakes.arm import StandIn
from helpers import OWNER, TARGET
from providers.azureml.opened import VirtualClock, workspace

from agent.working import Working, follows
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.credentials import fixed_token
from reconciler.providers.azureml.deploy.deployments import DeployOptions
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.state import Lease, State, open_state

WRITES, REFILL = 200.0, 10.0
"""At once, and a second: Azure's limits of one subscription, in the stand-in and by our buckets."""


class Killed(BaseException):
    """As a process that is no more: nothing handles it."""


class Mortal(AzureMLProvider):
    """Its process may die at a call."""

    def __init__(self, *args: Any, dies: Callable[[], bool], **options: Any) -> None:
        super().__init__(*args, **options)
        self._dies = dies

    def _put_job(self, *given: Any) -> None:
        if self._dies():
            raise Killed
        super()._put_job(*given)
        if self._dies():
            raise Killed


class Hurried(Working):
    """Its clock is that of the buckets."""

    def __init__(self, folder: Path, arm: StandIn, time: VirtualClock, kills: int, files: int):
        self.began, self.time, self.left = datetime.now(UTC), time, kills
        self.chance, self.rate = random.Random(5), kills / max(files, 1)
        self.held: Lease | None = None
        super().__init__(folder, arm)

    @property
    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.time.now - 1000)

    @now.setter
    def now(self, at: datetime) -> None:
        self.time.now = max(self.time.now, 1000 + (at - self.began).total_seconds())

    def lease(self, state: State, holder: str) -> Lease:
        """What the one before it held has run out by now."""
        if self.held is not None:
            self.held.release()
        self.held = state.lease(f"data/{TARGET}", holder, timedelta(hours=1))
        return self.held

    def _dies(self) -> bool:
        dies = self.left > 0 and self.chance.random() < self.rate
        self.left -= dies
        return dies

    def provider(self, owner: str = OWNER) -> AzureMLProvider:
        made = Mortal(
            TARGET,
            Client(
                workspace(self.arm), fixed_token(self.arm.settings.token), target=TARGET,
                clock=self.time.clock, sleep=self.time.sleep,
            ),
            owner=owner,
            now=lambda: self.now,
            options=DeployOptions(data_changes=True),
            datastores=dict(self.datastores),
            dies=self._dies,
        )  # fmt: skip
        self.opened.append(made)
        return made


def story(tmp_path: Path, address: str | None, *, files: int, kills: int) -> None:
    time = VirtualClock()
    limits = {"reads": (250.0, 25.0), "writes": (WRITES, REFILL), "monotonic": time.clock}
    with StandIn(jobs={"train"}, **limits) as arm:
        at = Hurried(tmp_path, arm, time, kills, files)
        if address is not None:
            at.state.close()
            at.state = open_state(address, tmp_path)
        at.apply(follows("claims"))
        agent = at.agent()
        at.turn(agent)
        names = [f"in/{number:05}.csv" for number in range(files)]
        random.Random(1).shuffle(names)  # the order is that of their times, not of their names
        landed = at.now + timedelta(seconds=1)
        for number, name in enumerate(names):
            at.land(name, at=landed + timedelta(milliseconds=number * 7))
        started, turns, died = at.now, 0, 0
        pending = 1
        while pending:
            turns += 1
            try:
                turn = at.turn(agent)
                pending = turn.pending + (turn.submitted.total() == 0 and turns < 3)
                assert turn.refused == turn.failing == {}
            except Killed:
                died += 1
                agent.close()
                agent = at.agent(holder="one")
        agent.close()
        assert at.submitted() == names  # each once, and the oldest first
        assert died == kills
        # A bucket that is new is full, and the service's is not: it may be told off, once each.
        assert arm.throttled <= kills
        calls = arm.counts["PUT job"]
        assert files <= calls <= files + 2 * kills
        took = (at.now - started).total_seconds()
        sys.stdout.write(f"{files} files, {kills} kills: {calls} puts, {took / 60:.0f} minutes\n")
        at.close()
        assert arm.violations == []


def test_many_files_at_once(tmp_path: Path) -> None:
    story(tmp_path, None, files=300, kills=3)


@pytest.mark.torture
def test_ten_thousand_files_at_once(tmp_path: Path) -> None:
    story(tmp_path, None, files=10_000, kills=50)


@pytest.mark.torture
def test_with_its_state_in_postgresql(tmp_path: Path, fresh_database: Callable[[], str]) -> None:
    story(tmp_path, fresh_database(), files=1_000, kills=30)


def test_a_folder_of_azurite_that_azure_tells_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The datastore is found through ARM; who signs in is the agent's environment."""
    pytest.importorskip("adlfs", reason="adlfs is not installed: pip install '.[dev]'")
    from azure.storage.blob import BlobServiceClient
    from workspace.datastores.test_azurite import ACCOUNT, Server
    from workspace.engine.engines import wait_for

    (tmp_path / "azurite").mkdir()
    server = Server(tmp_path / "azurite")
    server.start()
    try:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", server.connection)
        service = BlobServiceClient.from_connection_string(server.connection)
        with (
            service,
            service.create_container("landing") as container,
            StandIn(jobs={"train"}) as arm,
        ):
            container.upload_blob("in/before.csv", b"x")
            dated = container.get_blob_client("in/before.csv").get_blob_properties().last_modified
            # A blob is dated to the second: in the next one, it was there before.
            wait_for(lambda: datetime.now(UTC) - dated >= timedelta(seconds=1))
            at = Working(tmp_path, arm)
            place = f"http://127.0.0.1:{server.port}/{ACCOUNT}/landing"
            arm.assets.storage, arm.assets.public = (place, place), {"claims"}
            at.datastores = {}
            at.apply(follows("claims"))
            agent = at.agent()
            at.turn(agent)
            assert at.submitted() == []
            container.upload_blob("in/one.csv", b"x")
            container.upload_blob("in/below/two.csv", b"x")  # sub-folders do not count
            at.turn(agent)
            container.upload_blob("in/one.csv", b"y", overwrite=True)
            at.turn(agent)
            at.turn(agent)
            assert at.submitted() == ["in/one.csv", "in/one.csv"]
            agent.close()
            at.close()
            assert arm.violations == []
    finally:
        server.stop()
