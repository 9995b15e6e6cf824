"""Data by address in a run of Temporal: planned by the run, brought by the machine of the step.

A run is planned from its history, so what the target names is asked once, by the first activity.
Where a datastore is, each machine knows for itself: its history has no URL, which may hold a
credential, and a folder may be mounted elsewhere on another machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.workspace.datastores.addresses import (
    AddressError,
    AssetPlace,
    DataAsset,
    Place,
    StorePlace,
    WebPlace,
    read_address,
)
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.execution.data import DataError, Fetch, TargetData, planned_fetch

_LOCAL = ("file://", "local://")


@dataclass(slots=True)
class KnownAsset:
    """A data asset of a target."""

    name: str
    """Of its file or folder."""
    version: str | None
    is_local: bool


@dataclass(slots=True)
class KnownData:
    """What a target names."""

    datastores: dict[str, bool] = field(default_factory=dict)
    """By name, whether each is a folder of the machine."""
    assets: dict[str, KnownAsset] = field(default_factory=dict)


def known_data(datastores: Mapping[str, Datastore], assets: Mapping[str, DataAsset]) -> KnownData:
    """What a history keeps of it."""
    return KnownData(
        {name: one.is_local for name, one in datastores.items()},
        {
            name: KnownAsset(
                one.url.rstrip("/").rpartition("/")[2],
                one.version,
                "://" not in one.url or one.url.startswith(_LOCAL),
            )
            for name, one in assets.items()
        },
    )


class PlannedData(TargetData):
    """Where the addresses of a run lead, without their places. Pure."""

    def __init__(self, known: KnownData) -> None:
        assets = {name: DataAsset(one.name, one.version) for name, one in known.assets.items()}
        super().__init__({}, assets, Path())
        self._known = known

    def plan_input(self, address: str, kind: str | None, mode: str | None, folder: str) -> Fetch:
        """As of TargetData; what need not be copied is a link there, which the machine makes."""
        found = self._read(address)
        match found:
            case Place():
                path, is_local = found.path, self._known.datastores[found.datastore]
            case AssetPlace():
                path, is_local = found.asset.url, self._known.assets[found.name].is_local
            case StorePlace():
                path, is_local = found.path, False
            case WebPlace():
                path, is_local = found.url, False
        copied = mode == "download" or not is_local
        return planned_fetch(address, path, kind, mode, folder, copied=copied)

    def check_output(self, address: str) -> None:
        """As of TargetData."""
        if isinstance(self._read(address), WebPlace):
            raise DataError(f"{address} cannot be written to")

    def _read(self, address: str) -> Place | AssetPlace | StorePlace | WebPlace:
        try:
            return read_address(address, self._known.datastores, self._assets)
        except AddressError as error:
            raise DataError(str(error)) from error


def bring(data: TargetData, wanted: Fetch, folder: str) -> None:
    """Have at its path in a run's folder what a step reads. DataError, OSError."""
    if not wanted.is_copied:
        own = data.plan_input(wanted.address, None, None, folder)
        if not own.is_copied:
            data.fetch(own)  # says that it is not there
            os.makedirs(os.path.dirname(wanted.path), exist_ok=True)
            with suppress(FileExistsError):  # for another step of the run
                os.symlink(own.path, wanted.path)
            return
    data.fetch(replace(wanted, is_copied=True))
