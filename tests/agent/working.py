"""An agent over a stand-in of Azure, real folders and a real state."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes.arm import StandIn
from helpers import OWNER, TARGET, schedule
from providers.azureml.opened import client

from reconciler.agent.agent import Agent, Turn
from reconciler.model import Schedule
from reconciler.providers.azureml.deploy.deployments import DeployOptions
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.reconcile import reconcile
from reconciler.state import Lease, State, open_state
from reconciler.workspace.datastores.datastore import Datastore

PARAMETER = "claim_file"


def follows(name: str, folder: str = "in", **more: Any) -> Schedule:
    """A schedule that follows a folder of the datastore `claims`."""
    trigger = {
        "type": "datastore",
        "datastore": "claims",
        "path_on_datastore": folder,
        "polling_interval": 5,
        "data_path_parameter_name": PARAMETER,
    }
    return schedule(name, trigger=trigger, **more)


class Working:
    """One target, `TARGET`, with a clock that is moved by hand."""

    def __init__(self, folder: Path, arm: StandIn) -> None:
        self.folder = folder / "claims"
        (self.folder / "in").mkdir(parents=True)
        self.arm = arm
        self.now = datetime.now(UTC)
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.state_folder = folder
        self.datastores = {"claims": Datastore("claims", folder)}
        self.state: State = open_state(None, folder)
        self.opened: list[AzureMLProvider] = []

    def close(self) -> None:
        self.state.close()
        for one in self.opened:
            one._client.close()

    def provider(self, owner: str = OWNER) -> AzureMLProvider:
        made = AzureMLProvider(
            TARGET,
            client(self.arm),
            owner=owner,
            now=lambda: self.now,
            options=DeployOptions(data_changes=True),
            datastores=dict(self.datastores),
        )
        self.opened.append(made)
        return made

    def apply(self, *declared: Schedule) -> None:
        reconcile(list(declared), self.provider(), owner=OWNER)

    def lease(self, state: State, holder: str) -> Lease:
        return state.lease(f"data/{TARGET}", holder, timedelta(seconds=30))

    def agent(self, state: State | None = None, holder: str = "one") -> Agent:
        state = state or self.state
        lease = self.lease(state, holder)
        assert lease.try_acquire(datetime.now(UTC))
        return Agent(
            TARGET,
            self.provider(),
            state.data_cursors,
            lease,
            clock=lambda: self.now,
            log=lambda event, **fields: self.logged.append((event, fields)),
        )

    def turn(self, agent: Agent, after: timedelta = timedelta(minutes=5)) -> Turn:
        """One, after some time."""
        self.now += after
        return agent.turn()

    def land(self, name: str, content: str = "x", *, at: datetime | None = None) -> None:
        """A file, that came a while ago as the folder's clock says."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        if at is not None:
            os.utime(path, (at.timestamp(), at.timestamp()))

    def submitted(self) -> list[str]:
        """The paths that jobs were given, in the order in which these were made."""
        return [
            job["properties"]["inputs"][PARAMETER]["uri"].partition("/paths/")[2]
            for job in self.arm.jobs.made.values()
        ]


Make = Callable[[], Working]
