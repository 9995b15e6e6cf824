"""The name of a provider -> the provider, opened for one target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ConfigError
from reconciler.providers.base import Provider

if TYPE_CHECKING:
    from reconciler.config import Target
    from reconciler.providers.local import LocalProvider

__all__ = ["Provider", "open_local", "open_provider"]

WORKSPACE = ".reconciler/workspace.db"


def open_provider(
    target: Target, folder: Path, *, owner: str | None, actor: str | None
) -> Provider:
    """The provider of a target. `folder` is that of reconciler.yaml, `actor` who is at work."""
    match target.provider:
        case "local":
            return open_local(target, folder, owner=owner, actor=actor)
        case other:
            raise ConfigError(f'target "{target.name}": there is no provider "{other}"')


def open_local(
    target: Target, folder: Path, *, owner: str | None, actor: str | None
) -> LocalProvider:
    """An embedded workspace; ConfigError where the target is another kind."""
    from reconciler.providers.local import LocalProvider
    from reconciler.workspace.store import Store

    if target.provider != "local":
        raise ConfigError(f'target "{target.name}" is not an embedded workspace')
    path = folder / target.options.get("workspace", WORKSPACE)
    return LocalProvider(
        target.name,
        Store(path, actor=actor),
        owner=owner,
        datastores=target.options.get("datastores") or (),
    )
