"""The name of a provider -> the provider, opened for one target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.errors import ConfigError
from reconciler.providers.base import Provider

if TYPE_CHECKING:
    from reconciler.config import Target
    from reconciler.providers.azureml.provider import AzureMLProvider
    from reconciler.providers.local import LocalProvider

__all__ = ["Opening", "Provider", "open_local", "open_provider"]

WORKSPACE = ".reconciler/workspace.db"


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
    token: str | None = None
    """For Azure, in place of signing in."""
    observer: Callable[[str, str], None] | None = None
    """Hears of each call to the API of a target: its name; the method, `retry` or `throttled`."""


def open_provider(target: Target, opening: Opening) -> Provider:
    """The provider of a target; ConfigError."""
    match target.provider:
        case "local":
            return open_local(target, opening)
        case "azureml":
            return _open_azureml(target, opening)
        case other:
            raise ConfigError(f'target "{target.name}": there is no provider "{other}"')


def open_local(target: Target, opening: Opening) -> LocalProvider:
    """An embedded workspace; ConfigError where the target is another kind."""
    from reconciler.providers.local import LocalProvider
    from reconciler.workspace.store import Store

    if target.provider != "local":
        raise ConfigError(f'target "{target.name}" is not an embedded workspace')
    path = opening.folder / target.options.get("workspace", WORKSPACE)
    return LocalProvider(
        target.name,
        Store(path, actor=opening.actor),
        owner=opening.owner,
        datastores=target.options.get("datastores") or (),
    )


# Azure Resource Manager, and where its tokens come from.
_CLOUDS = {
    "public": ("https://management.azure.com", None),
    "china": ("https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    "usgov": ("https://management.usgovcloudapi.net", "https://login.microsoftonline.us"),
}


def _open_azureml(target: Target, opening: Opening) -> AzureMLProvider:
    from reconciler import __version__
    from reconciler.providers.azureml.auth import IdentityToken, fixed_token
    from reconciler.providers.azureml.client import API_VERSION, Client, Limits
    from reconciler.providers.azureml.ids import Workspace
    from reconciler.providers.azureml.provider import AzureMLProvider

    options = target.options
    _refuse_plain_http(target.name, options.get("endpoint", ""))
    endpoint, authority = _CLOUDS[options.get("cloud", "public")]
    scope = f"{endpoint}/.default"
    workspace = Workspace(
        options["subscription_id"],
        options["resource_group"],
        options["workspace"],
        options.get("endpoint", endpoint),
    )
    rates = options.get("rate_limits") or {}
    buckets = {name: (rate["burst"], rate["per_second"]) for name, rate in rates.items()}
    usual = Limits()
    limits = Limits(
        reads=buckets.get("reads", usual.reads), writes=buckets.get("writes", usual.writes)
    )
    token = fixed_token(opening.token) if opening.token else IdentityToken(scope, authority)
    client = Client(
        workspace,
        token,
        target=target.name,
        api_version=options.get("api_version", API_VERSION),
        limits=limits,
        agent=f"reconciler/{__version__}",
        observer=partial(opening.observer, target.name) if opening.observer else None,
    )
    return AzureMLProvider(target.name, client, owner=opening.owner, revision=opening.revision)


def _refuse_plain_http(target: str, endpoint: str) -> None:
    """The token goes with every call."""
    address = urlsplit(endpoint)
    if address.scheme == "http" and address.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError(f'target "{target}": endpoint: plain http is for this machine only')
