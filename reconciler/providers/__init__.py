"""The name of a provider -> the provider, opened for one target."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.errors import ConfigError
from reconciler.model import Note, Schedule
from reconciler.providers.base import Provider
from reconciler.providers.temporal.access import TemporalAccess
from reconciler.workspace.datastores.datastore import Datastore, secrets_of

if TYPE_CHECKING:
    from reconciler.config import Target
    from reconciler.providers.azureml.provider import AzureMLProvider
    from reconciler.providers.local import LocalProvider
    from reconciler.providers.temporal.provider import TemporalProvider

__all__ = [
    "AzureAccess",
    "Opening",
    "Provider",
    "open_azureml",
    "open_local",
    "open_provider",
    "open_temporal",
]

WORKSPACE = ".reconciler/workspace.db"
STORE = ".reconciler/store"


@dataclass(frozen=True, slots=True)
class AzureAccess:
    """What the environment says about Azure, and so no pull request can."""

    token: str | None = field(default=None, repr=False)
    """In place of signing in."""
    endpoints: tuple[str, ...] = ()
    """Addresses that may be sent a token, beside Azure's own and this machine."""
    hidden: frozenset[str] = field(default=frozenset(), repr=False)
    """Secrets, kept out of errors of datastores."""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> AzureAccess:
        """From AZURE_ACCESS_TOKEN and RECONCILER_AZURE_ENDPOINTS, addresses with blanks between."""
        endpoints = environment.get("RECONCILER_AZURE_ENDPOINTS", "").split()
        hidden = frozenset(secrets_of(environment))
        return cls(environment.get("AZURE_ACCESS_TOKEN"), tuple(endpoints), hidden)


@dataclass(frozen=True, slots=True)
class Opening:
    """On whose behalf a target is opened."""

    folder: Path
    """That of reconciler.yaml."""
    owner: str | None
    """Whose what is created or updated becomes."""
    actor: str | None = None
    """Who is at work."""
    revision: str | None = None
    """The commit of the repository."""
    azure: AzureAccess = AzureAccess()
    observer: Callable[[str, str], None] | None = None
    """Hears of each call to the API of a target: its name; the method, `retry` or `throttled`."""
    on_upload: Callable[[str, int, int], None] | None = None
    """Hears of uploads: the folder, how many of its bytes are there, how many it has."""
    temporal: TemporalAccess = field(default_factory=TemporalAccess.of)
    repository: str | None = None
    """Its identity, for what is applied."""


def open_provider(target: Target, opening: Opening) -> Provider:
    """The provider of a target; ConfigError."""
    match target.provider:
        case "local":
            return open_local(target, opening)
        case "azureml":
            return open_azureml(target, opening)
        case "temporal":
            return open_temporal(target, opening)
        case other:
            raise ConfigError(f'target "{target.name}": there is no provider "{other}"')


def offline_notes(target: Target) -> Callable[[Schedule], Sequence[Note]] | None:
    """What a target says of a schedule without being opened, or asked; None: nothing."""
    if target.provider == "temporal":
        from reconciler.providers.temporal.canonical import TargetNames, refusals
        from reconciler.workspace.datastores.addresses import data_assets

        named = frozenset(target.options.get("datastores") or ())
        return partial(refusals, data=TargetNames(named, data_assets(target.options)))
    if target.provider != "azureml":
        return None
    from reconciler.providers.azureml.deploy.offline import OfflineNotes

    options = target.options
    return OfflineNotes(
        upload_data=bool(options.get("upload_data")),
        wrap_commands=options.get("command_jobs") == "wrapped",
        named_outputs=_names_outputs(options),
        data_changes=has_agent(options),
    )


def _places(target: Target, opening: Opening) -> dict[str, Datastore]:
    """The datastores that a target names, by name."""
    return {
        name: Datastore(one["url"], opening.folder, hidden=opening.azure.hidden)
        for name, one in (target.options.get("datastores") or {}).items()
    }


def has_agent(options: Mapping[str, Any]) -> bool:
    """Whether the options of a target in Azure say that our agent looks at datastores for it."""
    return options.get("data_changes") == "agent"


def _names_outputs(options: Mapping[str, Any]) -> bool:
    return str(options.get("api_version", "")).endswith("-preview")


def open_local(target: Target, opening: Opening) -> LocalProvider:
    """An embedded workspace; ConfigError where the target is another kind."""
    from reconciler.providers.local import LocalProvider
    from reconciler.workspace.datastores.addresses import data_assets
    from reconciler.workspace.store.schedules import Store

    if target.provider != "local":
        raise ConfigError(f'target "{target.name}" is not an embedded workspace')
    path = opening.folder / target.options.get("workspace", WORKSPACE)
    return LocalProvider(
        target.name,
        Store(path, actor=opening.actor, readable_by=target.options.get("readable_by", "owner")),
        owner=opening.owner,
        repository=opening.repository,
        datastores=target.options.get("datastores") or (),
        places=_places(target, opening),
        data=data_assets(target.options),
    )


def open_azureml(target: Target, opening: Opening) -> AzureMLProvider:
    """A workspace of Azure; ConfigError."""
    from reconciler import __version__
    from reconciler.providers.azureml.client import API_VERSION, Client, Limits
    from reconciler.providers.azureml.credentials import IdentityToken, fixed_token
    from reconciler.providers.azureml.deploy.deployments import DeployOptions
    from reconciler.providers.azureml.endpoint import CLOUDS, check_endpoint
    from reconciler.providers.azureml.ids import Workspace
    from reconciler.providers.azureml.provider import AzureMLProvider

    options = target.options
    endpoint, authority = CLOUDS[options.get("cloud", "public")]
    scope = f"{endpoint}/.default"
    endpoint = options.get("endpoint", endpoint)
    check_endpoint(target.name, endpoint, opening.azure.endpoints)
    workspace = Workspace(
        options["subscription_id"],
        options["resource_group"],
        options["workspace"],
        endpoint,
    )
    rates = options.get("rate_limits") or {}
    buckets = {name: (rate["burst"], rate["per_second"]) for name, rate in rates.items()}
    usual = Limits()
    limits = Limits(
        reads=buckets.get("reads", usual.reads), writes=buckets.get("writes", usual.writes)
    )
    given = opening.azure.token
    token = fixed_token(given) if given else IdentityToken(scope, authority)
    client = Client(
        workspace,
        token,
        target=target.name,
        api_version=options.get("api_version", API_VERSION),
        limits=limits,
        agent=f"reconciler/{__version__}",
        observer=partial(opening.observer, target.name) if opening.observer else None,
    )
    return AzureMLProvider(
        target.name,
        client,
        owner=opening.owner,
        revision=opening.revision,
        repository=opening.repository,
        datastores=_places(target, opening),
        options=DeployOptions(
            upload_data=bool(options.get("upload_data")),
            wrap_commands=options.get("command_jobs") == "wrapped",
            named_outputs=_names_outputs(options),
            data_changes=has_agent(options),
            on_upload=opening.on_upload,
        ),
    )


def open_temporal(target: Target, opening: Opening) -> TemporalProvider:
    """A namespace of Temporal; ConfigError where the target is another kind, or its address is not
    one that may be connected to.
    """
    from reconciler.providers.temporal.access import check_address
    from reconciler.providers.temporal.connection import Connection
    from reconciler.providers.temporal.provider import TemporalProvider
    from reconciler.providers.temporal.store import CodeStore, Files
    from reconciler.workspace.datastores.addresses import data_assets

    if target.provider != "temporal":
        raise ConfigError(f'target "{target.name}" is no namespace of Temporal')
    options, observer = target.options, opening.observer
    address = options.get("address", "127.0.0.1:7233")
    check_address(target.name, address, opening.temporal)
    connection = Connection(
        target.name,
        address,
        options.get("namespace", "default"),
        opening.temporal,
        partial(observer, target.name) if observer else None,
    )
    return TemporalProvider(
        target.name,
        connection,
        owner=opening.owner,
        repository=opening.repository,
        task_queue=options.get("task_queue", "reconciler"),
        store=CodeStore(Files(options.get("store", STORE), opening.folder)),
        datastores=_places(target, opening),
        data=data_assets(options),
    )
