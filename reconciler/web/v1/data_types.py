"""The types of data that pipelines are made of: a fixed list, as every workspace has it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import not_found
from reconciler.web.v1.ids import find, guid

_TYPES = {
    "AnyFile": ("Any file", False),
    "AnyDirectory": ("Any folder", True),
    "AzureBlobReference": ("A file or folder of a blob datastore", True),
}
_EPOCH = "1970-01-01T00:00:00"


async def list_all(call: Call) -> Response:
    """All of them."""
    return json_response([_entity(name) for name in _TYPES])


async def get(call: Call) -> Response:
    """One, by its id or name."""
    name = find("datatype", call.last, _TYPES)
    if name is None:
        raise not_found("DataType", call.last)
    return json_response(_entity(name))


def _entity(name: str) -> dict[str, Any]:
    description, is_directory = _TYPES[name]
    return {
        "Id": guid("datatype", name),
        "Name": name,
        "Description": description,
        "IsDirectory": is_directory,
        "ParentDataTypeIds": [],
        "EntityStatus": 0,
        "CreatedDate": _EPOCH,
        "LastModifiedDate": _EPOCH,
    }
