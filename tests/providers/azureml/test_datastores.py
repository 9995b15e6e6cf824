"""Where a datastore is, by what a workspace says of it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.providers.azureml.runs.datastores import find_datastore
from reconciler.workspace.datastores.datastore import WatchError

BLOB = {
    "datastoreType": "AzureBlob",
    "accountName": "account1",
    "containerName": "landing",
    "endpoint": "core.windows.net",
    "protocol": "https",
    "credentials": {"credentialsType": "AccountKey"},
}
LAKE = {
    "datastoreType": "AzureDataLakeGen2",
    "accountName": "account1",
    "filesystem": "lake",
    "endpoint": None,
}


@pytest.mark.parametrize(
    ("said", "url"),
    [
        (BLOB, "abfs://landing@account1.dfs.core.windows.net"),
        (
            BLOB | {"endpoint": "core.usgovcloudapi.net"},
            "abfs://landing@account1.dfs.core.usgovcloudapi.net",
        ),
        (LAKE, "abfs://lake@account1.dfs.core.windows.net"),
    ],
)
def test_where_it_is(said: dict[str, Any], url: str) -> None:
    found = find_datastore("d", {"datastores/d": {"properties": said}}.get)
    assert (found.url, found.is_local) == (url, False)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (None, 'the workspace has no datastore "d"'),
        (BLOB | {"datastoreType": "AzureFile"}, "is of type AzureFile, which cannot be listed"),
        ({}, "is of type None"),
        (BLOB | {"accountName": "evil.example/"}, "does not say where"),
        (BLOB | {"endpoint": "core.example.com"}, "does not say where"),
        (BLOB | {"containerName": None}, "does not say where"),
    ],
)
def test_what_cannot_be_listed(said: dict[str, Any] | None, words: str) -> None:
    known = {"datastores/d": {"properties": said}} if said is not None else {}
    with pytest.raises(WatchError, match=words):
        find_datastore("d", known.get)
