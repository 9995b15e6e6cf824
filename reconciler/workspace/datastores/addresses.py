"""Addresses of data, as Azure writes them -> what they name. Pure.

`azureml://datastores/NAME/paths/P`, short or with the workspace before it; `azureml:NAME:VERSION`
and `azureml:NAME@latest`, or the same with the workspace or the registry before it; `wasbs://` and
`abfss://`; `https://...`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

_DATASTORE = re.compile(
    r"azureml://(?:subscriptions/[^/]+/resourcegroups/[^/]+/"
    r"(?:providers/Microsoft\.MachineLearningServices/)?workspaces/[^/]+/)?"
    r"datastores/(?P<name>[^/]+)/paths(?:/(?P<path>.*))?",
    re.IGNORECASE,
)
_ASSET = re.compile(r"azureml:(?P<name>[^:@/]+)(?::(?P<version>[^:@/]+)|@(?P<label>\w+))?")
_LONG_ASSET = re.compile(
    r"azureml:(?://registries/[^/]+|/{1,2}(?:subscriptions|locations)/[^@\s]+/workspaces/[^/]+)/"
    r"(?:data|models)/(?P<name>[^/]+)/(?:versions/(?P<version>[^/]+)|labels/(?P<label>[^/]+))",
    re.IGNORECASE,
)
_STORE = re.compile(
    r"(?:wasbs?|abfss?)://(?P<container>[^@/]+)@(?P<account>[^./]+)\.(?:blob|dfs)\."
    r"(?P<host>[^/]+)/(?P<path>.*)",
    re.IGNORECASE,
)
_WEB = re.compile(r"https?://\S+", re.IGNORECASE)
_ANY = re.compile(r"(?:azureml|https?|wasbs?|abfss?|adl|s3|gs|hdfs):", re.IGNORECASE)


DEFAULT_DATASTORE = "default_datastore"
"""The macro `${{default_datastore}}` in the path of an output."""
TEXTS = ("string", "number", "integer", "boolean")
"""Types of inputs that are text, whatever it looks like."""


class AddressError(Exception):
    """An address that leads to nothing here: a sentence, and what to do about it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class DataAsset:
    """What a target says a data asset is."""

    url: str
    """A folder or a file: an fsspec URL, or a path beside the configuration."""
    version: str | None = None
    """None: any version that is asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder in a datastore; `path` is empty for all of it."""

    datastore: str
    path: str


@dataclass(frozen=True, slots=True)
class AssetPlace:
    """What a data asset stands for."""

    name: str
    asset: DataAsset


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A file or a folder in a container of Azure's storage, named by itself."""

    url: str
    """Of the container, as fsspec takes it."""
    path: str


@dataclass(frozen=True, slots=True)
class WebPlace:
    """A file on the web."""

    url: str


def data_assets(options: Mapping[str, Any]) -> dict[str, DataAsset]:
    """The `data` of a target's options."""
    return {
        name: DataAsset(
            one.get("url", ""), None if one.get("version") is None else str(one["version"])
        )
        for name, one in (options.get("data") or {}).items()
    }


def default_datastore(document: Mapping[str, Any]) -> str:
    """What a job says under `settings`; Azure's own otherwise."""
    settings = document.get("settings")
    default = settings.get(DEFAULT_DATASTORE) if isinstance(settings, Mapping) else None
    return str(default or "workspaceblobstore").removeprefix("azureml:")


def is_address(text: str) -> bool:
    """Whether a text is the address of data, and no path or plain text."""
    return _ANY.match(text) is not None


def read_address(
    text: str, datastores: Collection[str], assets: Mapping[str, DataAsset]
) -> Place | AssetPlace | StorePlace | WebPlace:
    """What an address names in a target with these datastores and data assets. AddressError."""
    if (found := _DATASTORE.fullmatch(text)) is not None:
        name = found["name"]
        if name not in datastores:
            what = f'the target has no datastore "{name}"'
            raise AddressError(what, "name it under datastores in reconciler.yaml")
        return Place(name, _inside(found["path"] or "", text))
    if (found := _ASSET.fullmatch(text) or _LONG_ASSET.fullmatch(text)) is not None:
        name, version = found["name"], found["version"]
        asset = assets.get(name)
        if asset is None:
            what = f'the target has no data asset "{name}"'
            raise AddressError(what, "name it under data in reconciler.yaml: {url, version}")
        if version is not None and asset.version not in (None, version):
            what = f'the data asset "{name}" has the version {asset.version} here, not {version}'
            raise AddressError(what)
        return AssetPlace(name, asset)
    if (found := _STORE.fullmatch(text)) is not None:
        url = f"abfs://{found['container']}@{found['account']}.dfs.{found['host']}"
        return StorePlace(url, _inside(found["path"], text))
    if _WEB.fullmatch(text):
        return WebPlace(text)
    what = f'"{text[:100]}" cannot be read here'
    raise AddressError(what, "name it as a datastore or as data of the target")


def _inside(path: str, text: str) -> str:
    clean = posixpath.normpath(path).lstrip("/") if path else ""
    if clean == ".." or clean.startswith("../") or "\0" in clean:
        raise AddressError(f'"{text[:100]}" leads out of the datastore')
    return "" if clean == "." else clean
