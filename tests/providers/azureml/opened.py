"""The provider, opened on a stand-in."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fakes.arm import StandIn
from helpers import OWNER, TARGET

from reconciler.providers.azureml.client import Client, Limits
from reconciler.providers.azureml.credentials import TokenSource, fixed_token
from reconciler.providers.azureml.deploy.deployments import DeployOptions
from reconciler.providers.azureml.ids import Workspace
from reconciler.providers.azureml.provider import AzureMLProvider


class VirtualClock:
    """Seconds that pass only when somebody sleeps.

    Each thread sleeps on from the time that it last read, so that threads that sleep at once do
    not add up.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self._read = threading.local()
        self._lock = threading.Lock()

    def clock(self) -> float:
        with self._lock:
            self._read.at = self.now
            return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now = max(self.now, getattr(self._read, "at", self.now) + seconds)


def workspace(arm: StandIn) -> Workspace:
    settings = arm.settings
    return Workspace(settings.subscription, settings.group, settings.workspace, arm.address)


def config_of(arm: StandIn) -> str:
    """A reconciler.yaml with the stand-in as its only target, `prod`."""
    return f"""\
owner: us
schedules: [schedules]
targets:
  prod:
    provider: azureml
    subscription_id: {arm.settings.subscription}
    resource_group: {arm.settings.group}
    workspace: {arm.settings.workspace}
    endpoint: {arm.address}
"""


def client(
    arm: StandIn,
    *,
    token: TokenSource | None = None,
    limits: Limits | None = None,
    time: VirtualClock | None = None,
) -> Client:
    time = time or VirtualClock()
    return Client(
        workspace(arm),
        token or fixed_token(arm.settings.token),
        target=TARGET,
        limits=limits,
        clock=time.clock,
        sleep=time.sleep,
    )


def provider(
    arm: StandIn,
    owner: str | None = OWNER,
    *,
    revision: str | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    repository: str | None = None,
    data_changes: bool = False,
    **options: Any,
) -> AzureMLProvider:
    return AzureMLProvider(
        TARGET,
        client(arm, **options),
        owner=owner,
        revision=revision,
        now=now,
        repository=repository,
        options=DeployOptions(data_changes=data_changes),
    )
