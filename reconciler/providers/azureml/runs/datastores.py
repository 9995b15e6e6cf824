"""Where a datastore of a workspace is: what ARM says of it -> the folder that is listed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reconciler.workspace.datastores.datastore import Datastore, WatchError

_CONTAINERS = {"azureblob": "containerName", "azuredatalakegen2": "filesystem"}
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"[a-z0-9$][a-z0-9-]{2,62}")
_ENDPOINTS = ("core.windows.net", "core.chinacloudapi.cn", "core.usgovcloudapi.net")
"""Of Azure's clouds: a token goes there."""


def find_datastore(name: str, get: Callable[[str], Any]) -> Datastore:
    """The datastore of that name; WatchError where it is none that can be listed. ProviderError.
    `get`: a resource below the workspace by its path, or None.

    It is read with the identity of this process (`azure.identity`), not with the credentials that
    the workspace keeps: those are not asked for.
    """
    found = get(f"datastores/{name}")
    if found is None:
        raise WatchError(f'the workspace has no datastore "{name}"')
    said = found.get("properties")
    return Datastore(
        _url(name, said if isinstance(said, Mapping) else {}), Path(), options={"anon": False}
    )


def _url(name: str, said: Mapping[str, Any]) -> str:
    kind = str(said.get("datastoreType"))
    key = _CONTAINERS.get(kind.lower())
    if key is None:
        raise WatchError(
            f'the datastore "{name}" is of type {kind}, which cannot be listed: say its fsspec URL'
            " under datastores in the target"
        )
    account, container = str(said.get("accountName")), str(said.get(key))
    endpoint = str(said.get("endpoint") or "core.windows.net")
    sound = (
        _ACCOUNT.fullmatch(account) and _CONTAINER.fullmatch(container) and endpoint in _ENDPOINTS
    )
    if not sound:
        raise WatchError(f'the workspace does not say where the datastore "{name}" is')
    return f"abfs://{container}@{account}.dfs.{endpoint}"
