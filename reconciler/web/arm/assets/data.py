"""Data assets: names for addresses of data, which clients make and jobs refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.web.arm.call import Call
from reconciler.web.arm.errors import bad
from reconciler.workspace.datastores.addresses import AddressError, AssetPlace, read_address

_TYPES = ("uri_file", "uri_folder", "mltable")


def refuse_bad_data(call: Call, properties: Mapping[str, Any]) -> None:
    """Raise ArmError where a version of data names no data that there is a way to."""
    kind, uri = properties.get("dataType"), properties.get("dataUri")
    if kind not in _TYPES:
        raise bad(f"The dataType {kind!r} is not supported: use one of {', '.join(_TYPES)}")
    if not isinstance(uri, str):
        raise bad("The member properties.dataUri is required")
    try:
        if isinstance(read_address(uri, call.services.site.datastores, {}), AssetPlace):
            raise bad("Data is named by its address, not by another name")
    except AddressError as error:
        raise bad(f"The dataUri leads nowhere: {error}; {error.hint or ''}".rstrip("; ")) from error
