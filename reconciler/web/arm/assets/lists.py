"""The calls about names of assets: which there are, and the newest version of each."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from reconciler.masking import mask
from reconciler.web.arm.call import Call, json_response
from reconciler.web.arm.errors import bad, not_found
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.datastores.addresses import DataAsset
from reconciler.workspace.store.sent_assets import SentAsset

TYPE = "Microsoft.MachineLearningServices/workspaces"
ACTOR = "Azure's API"
DEFAULT_VERSION = "azureml_default"
"""By which Azure's client asks for the version of a component that is used without one."""


async def list_containers(call: Call) -> Response:
    """The names of a kind, each with its newest version; those that clients made up are none."""
    kind = kind_of(call)
    found = await call.services.read(lambda workspace: workspace.sent.newest(kind))
    shown = {one.name: one for one in (*configured(call), *found) if not _is_anonymous(one)}
    wanted = [one for one in shown.values() if is_viewed(call, one)]
    return json_response({"value": [_container(call, one) for one in wanted]})


async def get_container(call: Call) -> Response:
    """A name: its newest version, and the one to come."""
    found = await call.services.read(lambda workspace: newest(call, workspace, call.name))
    if found is None:
        raise not_found(kind_of(call).capitalize(), call.name)
    return json_response(_container(call, found))


async def put_container(call: Call) -> Response:
    """Archive all versions of a name, or bring them back."""
    kind, name = kind_of(call), call.name
    wanted = (await call.body()).get("properties")
    archived = wanted.get("isArchived") if isinstance(wanted, dict) else None
    if not isinstance(archived, bool):
        raise bad(f"Of {kind} by name alone, only isArchived can be changed")

    def write(workspace: Workspace) -> SentAsset | None:
        for one in workspace.sent.versions(kind, name):
            kept = {**one.properties, "isArchived": archived}
            workspace.sent.put(kind, name, one.version, kept, workspace.clock())
        return next(iter(workspace.sent.versions(kind, name)), None)

    found = await call.services.write(write, by=ACTOR)
    if found is None:
        raise not_found(kind.capitalize(), name)
    return json_response(_container(call, found))


def kind_of(call: Call) -> str:
    """Of the asset that a call is about: its part of the address."""
    return call.address.rest[0].lower()


def configured(call: Call, name: str | None = None, version: str | None = None) -> list[SentAsset]:
    """The data assets of the target's configuration, as if they had been sent; of a name, or of a
    version, those alone. One without a version is there in any.
    """
    if kind_of(call) != "data":
        return []
    return [
        _as_sent(key, one, one.version or version or "1")
        for key, one in call.services.site.data.items()
        if name in (None, key) and (version is None or one.version in (None, version))
    ]


def newest(call: Call, workspace: Workspace, name: str) -> SentAsset | None:
    """The newest version of a name. Of environments, which are ignored, every name has one."""
    kind = kind_of(call)
    found = next(iter([*workspace.sent.versions(kind, name), *configured(call, name)]), None)
    if found is None and kind == "environments":
        return SentAsset(name, "1", {"isAnonymous": False}, None)
    return found


def is_viewed(call: Call, asset: SentAsset) -> bool:
    """Whether `listViewType` asks for it: what is archived is left out, if nothing is said."""
    view = call.query.get("listViewType", "ActiveOnly").lower()
    archived = bool(asset.properties.get("isArchived"))
    return view == "all" or archived == (view == "archivedonly")


def _is_anonymous(asset: SentAsset) -> bool:
    return bool(asset.properties.get("isAnonymous"))


def _as_sent(name: str, asset: DataAsset, version: str) -> SentAsset:
    properties = {"dataType": "uri_folder", "dataUri": asset.url, "isAnonymous": False}
    return SentAsset(name, version, properties, None)


def _container(call: Call, asset: SentAsset) -> dict[str, Any]:
    kind, version = kind_of(call), asset.version
    number = int(version) + 1 if version.isascii() and version.isdigit() else 1
    properties = {
        "latestVersion": version,
        "nextVersion": str(number),
        "isArchived": bool(asset.properties.get("isArchived")),
        "description": asset.properties.get("description"),
        "tags": asset.properties.get("tags") or {},
        "properties": {},
    }
    if kind == "data":
        properties["dataType"] = asset.properties.get("dataType")
    return {
        "id": f"{call.place.id}/{kind}/{asset.name}",
        "name": asset.name,
        "type": f"{TYPE}/{kind}",
        "properties": mask("", properties) if call.masked else properties,
    }
