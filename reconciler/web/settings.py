"""What the server is told when it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.snapshots import CodeLimits
from reconciler.state import State
from reconciler.system.file_access import ReadableBy
from reconciler.web.tokens import Tokens
from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.datastores.datastore import Datastore

Log = Callable[..., None]
"""Called with an event's name and its fields; no field ever holds a token."""


def no_log(event: str, **fields: Any) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Site:
    """The workspace that is served, and to whom."""

    path: Path
    """The workspace's file."""
    runs_folder: Path
    target: str
    """Its name in reconciler.yaml."""
    owner: str
    """Of the repository beside it: what is marked so is the repository's."""
    tokens: Tokens
    datastores: Mapping[str, Datastore] = field(default_factory=dict)
    data: Mapping[str, DataAsset] = field(default_factory=dict)
    """The data assets of its configuration."""
    code_limits: CodeLimits = field(default_factory=CodeLimits)
    """How much one folder of code may hold that a client uploads."""
    base: Path = Path()
    """What the paths of published job files are relative to: the repository's root."""
    config: Path | None = None
    """The reconciler.yaml, for pages that look at declarations."""
    readable_by: ReadableBy = "owner"
    """Who may read the workspace's file."""
    hosts: frozenset[str] = frozenset()
    """Further names, with a port or without, that a Host header may say."""
    any_address: bool = False
    """Whether a Host header may say any IP address: the server is bound beyond loopback."""
    public_url: str | None = None
    """Where a proxy shows it: https://schedules.example.org, without a slash at its end."""
    azure_name: tuple[str, str, str] | None = None
    """Subscription, resource group and workspace that Azure's API answers to; None: any."""
    state: Callable[[], State] | None = None
    """What the loop and applies remember; may be called from any thread, again and again."""
    log: Log = no_log
