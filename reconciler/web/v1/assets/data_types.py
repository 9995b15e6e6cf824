"""The types of data that pipelines are made of: a fixed list, as every workspace has it.

The SDK looks for these ids, which are names, before each call about pipelines and schedules
(`_AevaDataTypeProvider.ensure_default_datatypes`), and makes those that it misses.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import Call
from reconciler.web.v1.errors import bad, not_found

_TYPES = (
    "AnyFile",
    "AnyDirectory",
    "AzureBlobReference",
    "AzureDataLakeReference",
    "AzureFilesReference",
    "AzureSqlDatabaseReference",
    "AzurePostgresDatabaseReference",
    "AzureDataLakeGen2Reference",
    "AzureMLDataset",
    "AzureMySqlDatabaseReference",
    "DBFSReference",
)
_EPOCH = "1970-01-01T00:00:00"


async def list_all(call: Call) -> Response:
    """All of them."""
    return json_response([_entity(name) for name in _TYPES])


async def get(call: Call) -> Response:
    """One, by its id."""
    if call.last not in _TYPES:
        raise not_found("DataType", call.last)
    return json_response(_entity(call.last))


async def create(call: Call) -> Response:
    """Refused: in the words by which the SDK knows that a type is there."""
    name = (await call.body()).get("Id")
    if name in _TYPES:
        raise bad(f"DataType {name} already exist")
    raise bad(f"An embedded workspace has no types of data of its own, such as {name!r}")


def _entity(name: str) -> dict[str, Any]:
    return {
        "Id": name,
        "Name": name,
        "Description": name,
        "IsDirectory": name == "AnyDirectory",
        "ParentDataTypeIds": [],
        "EntityStatus": 0,
        "CreatedDate": _EPOCH,
        "LastModifiedDate": _EPOCH,
    }
