"""Data by address: where a run finds what its inputs name, and brings what its outputs name.

What lies in a folder of this machine is used where it is, unless it is to be downloaded; all else
is brought to the run's folder before the step begins, once for all steps of the run.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from reconciler.masking import mask_text
from reconciler.workspace.datastores.addresses import (
    TEXTS,
    AddressError,
    AssetPlace,
    DataAsset,
    Place,
    StorePlace,
    is_address,
    read_address,
)
from reconciler.workspace.datastores.datastore import Datastore, WatchError

FOLDERS = ("uri_folder", "mltable", "custom_model", "mlflow_model", "triton_model")
"""Types of data that are folders."""


class DataError(Exception):
    """Data that cannot be had: a sentence."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """What is to be there before a step begins."""

    address: str
    path: str
    """Where it is brought to; of what is used where it is, that."""
    is_folder: bool
    is_copied: bool = True


@dataclass(frozen=True, slots=True)
class Send:
    """What is brought to where its output is declared, when the step has succeeded."""

    path: str
    address: str


class TargetData:
    """The datastores and the data assets of one target. May be used in several threads."""

    def __init__(
        self, datastores: Mapping[str, Datastore], assets: Mapping[str, DataAsset], base: Path
    ) -> None:
        """`base`: what the paths of assets are relative to."""
        self._datastores = datastores
        self._assets = assets
        self._base = base
        self._lock = threading.Lock()

    def plan_input(self, address: str, kind: str | None, mode: str | None, folder: str) -> Fetch:
        """How an input of a step comes to have what `address` names. DataError.

        `kind`: its type, if it has one. `folder`: the run's.
        """
        store, path = self._locate(address)
        copied = mode == "download" or not (store and store.is_local)
        planned = planned_fetch(address, path, kind, mode, folder, copied=copied)
        if store is None or copied:
            return planned
        return replace(planned, path=os.path.normpath(os.path.join(store.root, path)))

    def check_output(self, address: str) -> None:
        """DataError where an output cannot be brought there."""
        store, _ = self._locate(address)
        if store is None:
            raise DataError(f"{address} cannot be written to")

    def fetch(self, wanted: Fetch) -> None:
        """Have it there. DataError."""
        if not wanted.is_copied:
            if not os.path.exists(wanted.path):
                raise DataError(f"{wanted.address}: there is no {wanted.path}")
            return
        with self._lock:  # two steps of a run may need the same
            if os.path.exists(wanted.path):
                return
            made = f"{wanted.path}.{uuid4().hex}.part"
            store, path = self._locate(wanted.address)
            os.makedirs(os.path.dirname(made), exist_ok=True)
            try:
                if store is None:
                    from reconciler.workspace.datastores.web_files import fetch_url

                    fetch_url(path, made)
                else:
                    store.fetch(path, made, is_folder=wanted.is_folder)
                try:
                    os.replace(made, wanted.path)
                except OSError:
                    # Another process that works for the same run was faster.
                    if not os.path.exists(wanted.path):
                        raise
                    shutil.rmtree(made, ignore_errors=True)
            except WatchError as error:
                raise DataError(f"{mask_text(wanted.address)}: {error}") from error
            except OSError as error:
                why = error.strerror or error
                raise DataError(f"{mask_text(wanted.address)}: {why}") from error

    def send(self, wanted: Send) -> None:
        """Bring it there. DataError."""
        store, path = self._locate(wanted.address)
        if store is None:
            raise DataError(f"{wanted.address} cannot be written to")
        if not os.path.exists(wanted.path):
            raise DataError(f"{wanted.address}: the step wrote nothing to it")
        try:
            store.send(wanted.path, path)
        except WatchError as error:
            raise DataError(f"{wanted.address}: {error}") from error

    def _locate(self, address: str) -> tuple[Datastore | None, str]:
        """The datastore that holds it, and where; of a file on the web None, and its URL."""
        try:
            found = read_address(address, self._datastores, self._assets)
        except AddressError as error:
            raise DataError(str(error)) from error
        if isinstance(found, Place):
            return self._datastores[found.datastore], found.path
        if isinstance(found, AssetPlace):
            url = found.asset.url
            head, _, tail = url.rstrip("/").rpartition("/")
            return Datastore(head if "://" in head else (head or "."), self._base), tail
        if isinstance(found, StorePlace):
            return Datastore(found.url, self._base), found.path
        return None, found.url


def planned_fetch(
    address: str, path: str, kind: str | None, mode: str | None, folder: str, *, copied: bool
) -> Fetch:
    """An input whose data is brought to the folder of a run. DataError.

    `path`: what its address names, for the name that it has there.
    """
    if mode == "rw_mount" and copied:
        raise DataError(f"{address} cannot be mounted to be written to")
    name = posixpath.basename(path.rstrip("/")) or "data"
    digest = hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    place = os.path.join(folder, "inputs", digest, name)
    return Fetch(address, place, kind in FOLDERS, copied)


def is_data(value: str, kind: str | None) -> bool:
    """Whether the value of an input is the address of data, and not a text."""
    return kind not in TEXTS and is_address(value)
