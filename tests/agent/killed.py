"""An agent as a process that is killed: an hour of its clock passes in a minute.

python -m agent.killed FOLDER ADDRESS HOLDER TOKEN SUBSCRIPTION [STATE]
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers import OWNER, TARGET

from reconciler.agent.agent import Agent
from reconciler.errors import ReconcilerError
from reconciler.loop.leases import Leases
from reconciler.providers.azureml.client import Client
from reconciler.providers.azureml.credentials import fixed_token
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.provider import AzureMLProvider
from reconciler.state import Lease, open_state
from reconciler.workspace.datastores.datastore import Datastore

TTL = timedelta(seconds=1)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def fast() -> datetime:
    """Sixty seconds for one, and never before what files are stamped with."""
    now = datetime.now(UTC)
    return now + (now - EPOCH) * 59


def main(
    folder: Path, address: str, holder: str, token: str, subscription: str, place: str = ""
) -> None:
    state = open_state(place or None, folder)

    def make(target: str) -> Lease:
        return state.lease(f"data/{target}", holder, TTL)

    leases = Leases(make, TTL, lambda: datetime.now(UTC), threading.Event())
    leases.start()
    client = Client(
        Workspace(subscription, "test-rg", "test-ws", address), fixed_token(token), target=TARGET
    )
    provider = AzureMLProvider(
        TARGET, client, owner=OWNER, datastores={"claims": Datastore("claims", folder)}
    )
    agent = Agent(
        TARGET, provider, state.data_cursors, leases.lease(TARGET), clock=fast,
        log=lambda event, **fields: None,
    )  # fmt: skip
    while True:
        try:
            if leases.acquire(TARGET):
                agent.turn()
        except ReconcilerError:
            pass  # the lease is another's, or the state is written by it: again
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
