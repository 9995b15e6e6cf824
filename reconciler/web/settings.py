"""What the server is told when it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reconciler.snapshots import CodeLimits
from reconciler.state import State
from reconciler.system.file_access import ReadableBy
from reconciler.web.tokens import Tokens
from reconciler.web.trusted_proxy import TrustedProxy
from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.datastores.datastore import Datastore

Log = Callable[..., None]
"""Called with an event's name and its fields; no field ever holds a token."""


def no_log(event: str, **fields: Any) -> None:
    """Say nothing."""


class Door(Protocol):
    """What decides who comes in: the same for a workspace and for the targets of a loop."""

    @property
    def tokens(self) -> Tokens:
        """The secrets of the server."""
        ...

    @property
    def hosts(self) -> frozenset[str]:
        """Further names, with a port or without, that a Host header may say."""
        ...

    @property
    def any_address(self) -> bool:
        """Whether a Host header may say any IP address."""
        ...

    @property
    def public_url(self) -> str | None:
        """Where a proxy shows it."""
        ...

    @property
    def proxy(self) -> TrustedProxy | None:
        """Who is believed about who asks."""
        ...

    @property
    def log(self) -> Log:
        """Where it says what happens."""
        ...


@dataclass(frozen=True, slots=True)
class Control:
    """The targets that a state knows of: what their pages read, and what may be done there."""

    state: Callable[[], State]
    """May be called from any thread, again and again; it is written to where somebody acts."""
    config: Path | None = None
    """The reconciler.yaml by which commands act on targets; None: only the state is acted on."""
    state_option: str | None = None
    """`--state` of those commands."""
    may_edit: bool = False
    """Whether the declarations beside `config` are a working copy, which may be edited."""


@dataclass(frozen=True, slots=True)
class ControlSite:
    """Pages of targets alone, without a workspace, and to whom they are shown."""

    target: str
    """What the pages call themselves."""
    tokens: Tokens
    control: Control
    hosts: frozenset[str] = frozenset()
    any_address: bool = False
    public_url: str | None = None
    proxy: TrustedProxy | None = None
    log: Log = no_log


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
    control: Control | None = None
    """The targets of that state, for pages over all of them."""
    proxy: TrustedProxy | None = None
    log: Log = no_log
