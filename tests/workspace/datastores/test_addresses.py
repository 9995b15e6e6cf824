"""Addresses of data: what they name in a target, and what leads nowhere."""

from __future__ import annotations

import pytest

from reconciler.declare.findings import json_path
from reconciler.workspace.datastores.address_check import address_errors
from reconciler.workspace.datastores.addresses import (
    AddressError,
    AssetPlace,
    DataAsset,
    Place,
    StorePlace,
    WebPlace,
    data_assets,
    is_address,
    read_address,
)

LONG = "azureml://subscriptions/s/resourcegroups/r/workspaces/w/datastores/lake/paths/in/a.csv"
ASSETS = data_assets(
    {"data": {"claims": {"url": "data/claims", "version": 3}, "any": {"url": "x"}}}
)
CLAIMS, ANY = DataAsset("data/claims", "3"), DataAsset("x")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("azureml://datastores/lake/paths/in/a.csv", Place("lake", "in/a.csv")),
        ("azureml://datastores/lake/paths/in/", Place("lake", "in")),
        ("azureml://datastores/lake/paths/", Place("lake", "")),
        ("azureml://datastores/lake/paths", Place("lake", "")),
        ("azureml://datastores/lake/paths/./a/../b", Place("lake", "b")),
        (LONG, Place("lake", "in/a.csv")),
        (LONG.replace("workspaces", "providers/Microsoft.MachineLearningServices/workspaces"),
         Place("lake", "in/a.csv")),
        ("azureml:claims:3", AssetPlace("claims", CLAIMS)),
        ("azureml:claims@latest", AssetPlace("claims", CLAIMS)),
        ("azureml:claims", AssetPlace("claims", CLAIMS)),
        ("azureml:any:7", AssetPlace("any", ANY)),
        ("azureml://registries/r/models/any/versions/4", AssetPlace("any", ANY)),
        ("azureml://registries/r/data/claims/labels/latest", AssetPlace("claims", CLAIMS)),
        ("azureml:/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/"
         "workspaces/w/data/claims/versions/3", AssetPlace("claims", CLAIMS)),
        ("azureml://locations/l/workspaces/w/data/claims/versions/3",
         AssetPlace("claims", CLAIMS)),
        ("wasbs://c@a.blob.core.windows.net/x/y.csv",
         StorePlace("abfs://c@a.dfs.core.windows.net", "x/y.csv")),
        ("abfss://c@a.dfs.core.windows.net/", StorePlace("abfs://c@a.dfs.core.windows.net", "")),
        ("https://example.org/a.csv", WebPlace("https://example.org/a.csv")),
    ],
)  # fmt: skip
def test_what_is_named(text: str, found: object) -> None:
    assert is_address(text)
    assert read_address(text, {"lake"}, ASSETS) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("azureml://datastores/other/paths/a", 'the target has no datastore "other"'),
        ("azureml:nothing:1", 'the target has no data asset "nothing"'),
        ("azureml:claims:4", 'the data asset "claims" has the version 3 here, not 4'),
        ("azureml://datastores/lake/paths/../secret", "leads out of the datastore"),
        ("azureml://registries/r/data/d/versions/1", 'has no data asset "d"'),
        ("azureml://registries/r/jobs/d", "cannot be read here"),
        ("wasbs://c@a.blob.core.windows.net/../x", "leads out of the datastore"),
        ("gs://bucket/x", "cannot be read here"),
    ],
)
def test_what_leads_nowhere(text: str, why: str) -> None:
    assert is_address(text)
    with pytest.raises(AddressError, match=why):
        read_address(text, {"lake"}, ASSETS)


@pytest.mark.parametrize("text", ["./data", "/data", "C:\\data", "a text", "a: b", ""])
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


def test_every_address_of_a_job_is_looked_at() -> None:
    document = {
        "type": "pipeline",
        "inputs": {
            "a": {"type": "uri_file", "path": "azureml://datastores/gone/paths/a"},
            "b": {"type": "uri_file", "path": "azureml://datastores/gone/paths/b"},
            "c": {"type": "string", "default": "azureml:text:1"},
            "d": 5,
        },
        "outputs": {"o": {"path": "azureml://datastores/lake/paths/${{name}}/"}},
        "jobs": {
            "s": {
                "command": "x",
                "inputs": {"x": {"type": "uri_folder", "path": "azureml:nothing@latest"}},
                "outputs": {
                    "v": "azureml://datastores/${{default_datastore}}/paths/${{output_name}}",
                    "y": "https://example.org/x",
                    "z": None,
                },
            }
        },
    }
    given = {"b": {"path": "azureml:claims:3"}, "c": "azureml:text:2"}
    found = [
        (json_path(at), str(error))
        for at, error in address_errors(document, given, {"lake"}, ASSETS)
    ]
    assert found == [
        ("inputs.a.path", 'the target has no datastore "gone"'),
        ("jobs.s.inputs.x.path", 'the target has no data asset "nothing"'),
        ("jobs.s.outputs.v", 'the target has no datastore "workspaceblobstore"'),
        ("jobs.s.outputs.y", "https://example.org/x cannot be written to"),
    ]
    document["settings"] = {"default_datastore": "azureml:lake"}
    others = address_errors(document, given, {"lake"}, ASSETS)
    assert "jobs.s.outputs.v" not in [json_path(at) for at, _ in others]
