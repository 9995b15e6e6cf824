"""Published pipelines by their ids, and the calls about them and their endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from reconciler.web.arm.call import json_response
from reconciler.web.v1.call import ACTOR, Call
from reconciler.web.v1.entities import endpoint_entity, pipeline_entity
from reconciler.web.v1.enums import ENTITY_STATUS, read_enum
from reconciler.web.v1.errors import bad, not_found
from reconciler.web.v1.ids import find
from reconciler.web.workspace_view import Workspace
from reconciler.workspace.store.database import Refused
from reconciler.workspace.store.references import PREFIX
from reconciler.workspace.store.schedules import PipelineRow, VersionRow


def find_version(workspace: Workspace, identifier: str) -> tuple[PipelineRow, VersionRow]:
    """The version of a pipeline with an id, `NAME:VERSION` or `NAME`; V1Error."""
    rows = {row.name: row for row in workspace.store.pipelines()}
    versions = {f"{n}:{v.version}": (n, v) for n in rows for v in workspace.store.versions(n)}
    found = find("version", identifier, versions)
    if found is not None:
        name, version = versions[found]
        return rows[name], version
    if identifier in rows:
        return rows[identifier], workspace.store.versions(identifier)[0]
    raise not_found("Pipeline", identifier)


def find_endpoint(workspace: Workspace, identifier: str) -> PipelineRow:
    """The pipeline with the id of an endpoint, or its name; V1Error."""
    rows = {row.name: row for row in workspace.store.pipelines()}
    name = find("pipeline", identifier, rows)
    if name is None:
        raise not_found("PipelineEndpoint", identifier)
    return rows[name]


def reference_of(workspace: Workspace, body: Mapping[str, Any]) -> str | None:
    """What a body refers to, as a schedule does; None: it says nothing. V1Error."""
    pipeline, endpoint = body.get("PipelineId"), body.get("PipelineEndpointId")
    if not isinstance(pipeline, str | None) or not isinstance(endpoint, str | None):
        raise bad("A PipelineId, or PipelineEndpointId, is not a text")
    if pipeline and endpoint:
        raise bad("Give either a PipelineId or a PipelineEndpointId")
    if pipeline:
        row, version = find_version(workspace, pipeline)
        return f"{PREFIX}{row.name}:{version.version}"
    return f"{PREFIX}{find_endpoint(workspace, endpoint).name}" if endpoint else None


_VERSIONS = (
    "The versions of an endpoint cannot be changed: they are those of its pipeline. Publish a job"
    " file under its name"
)
_FIXED = {
    "Name": "The name of an endpoint cannot be changed: it is that of the pipeline whose"
    " versions it runs. To put one out of use, disable it",
    "DefaultVersion": "The default of an endpoint cannot be changed: it is the version published"
    " last. Publish the wanted job file again, or schedule a PipelineId, which stays with a"
    " version",
    "Description": "The description of an endpoint cannot be changed: it is that of its job file",
}

# --------------------------------------------------------------------------------------- pipelines


async def list_all(call: Call) -> Response:
    """Every version of every pipeline, the newest first of each."""
    active, base, masked = call.flag("activeOnly", default=True), call.base, call.masked

    def read(workspace: Workspace) -> list[dict[str, Any]]:
        return [
            pipeline_entity(row, version, base, masked=masked)
            for row in workspace.store.pipelines()
            for version in workspace.store.versions(row.name)
            if (row.enabled and version.enabled) or not active
        ]

    return json_response(await call.services.read(read))


async def get(call: Call) -> Response:
    """One version of a pipeline."""
    row, version = await call.services.read(lambda w: find_version(w, call.last))
    entity = pipeline_entity(row, version, call.base, masked=call.masked)
    return json_response(entity)


async def put_status(call: Call) -> Response:
    """Enable a version of a pipeline, or disable it: refused while it is scheduled."""
    status = read_enum(ENTITY_STATUS, await call.json(), "EntityStatus")
    identifier = call.rest[-2]

    def write(workspace: Workspace) -> None:
        row, version = find_version(workspace, identifier)
        try:
            workspace.store.set_version_enabled(row.name, version.version, status == "Active")
        except Refused as error:
            raise bad(f"The pipeline cannot be disabled: {error}") from error

    await call.services.write(write, by=ACTOR)
    return Response(status_code=200)


def _set_enabled(workspace: Workspace, name: str, enabled: bool) -> None:
    try:
        workspace.store.set_pipeline_enabled(name, enabled)
    except Refused as error:
        raise bad(f"The pipeline cannot be disabled: {error}") from error


# --------------------------------------------------------------------------------------- endpoints


async def list_endpoints(call: Call) -> Response:
    """Every pipeline, as an endpoint."""
    active, base = call.flag("activeOnly", default=True), call.base
    size = call.request.headers.get("batchsize", "")
    most = int(size) if size.isascii() and size.isdigit() and len(size) < 7 else None

    def read(workspace: Workspace) -> list[dict[str, Any]]:
        rows = [row for row in workspace.store.pipelines() if row.enabled or not active]
        return [endpoint_entity(r, workspace.store.versions(r.name), base) for r in rows[:most]]

    return json_response(await call.services.read(read))


async def get_endpoint(call: Call) -> Response:
    """One endpoint, by its id."""
    return await _endpoint(call, call.last)


async def of_endpoint(call: Call) -> Response:
    """The versions of a pipeline, the newest first."""
    active, base, masked = call.flag("activeOnly", default=True), call.base, call.masked

    def read(workspace: Workspace) -> list[dict[str, Any]]:
        row = find_endpoint(workspace, call.rest[1])
        return [
            pipeline_entity(row, version, base, masked=masked)
            for version in workspace.store.versions(row.name)
            if (row.enabled and version.enabled) or not active
        ]

    return json_response(await call.services.read(read))


async def get_endpoint_by_name(call: Call) -> Response:
    """One endpoint, by its name."""
    name = call.query.get("Name") or call.query.get("name")
    if not name:
        raise bad("Value cannot be null. (Parameter 'Name')")
    return await _endpoint(call, name)


async def put_endpoint(call: Call) -> Response:
    """Enable or disable an endpoint: its pipeline. Its name and its default are what they are: a
    body that would change them is refused, and one that repeats them is not.
    """
    body = await call.body()
    status = read_enum(ENTITY_STATUS, body.get("EntityStatus"), "EntityStatus")
    identifier = call.last

    def write(workspace: Workspace) -> None:
        row = find_endpoint(workspace, identifier)
        held = endpoint_entity(row, workspace.store.versions(row.name), "")
        for member, what in _FIXED.items():
            if body.get(member) not in (None, "", held[member]):
                raise bad(what)
        if not _versions_of(body) <= _versions_of(held):
            raise bad(_VERSIONS)
        _set_enabled(workspace, row.name, status == "Active")

    await call.services.write(write, by=ACTOR)
    return await _endpoint(call, identifier)


def _versions_of(body: Mapping[str, Any]) -> set[str]:
    """The ids of the versions that a body lists; V1Error."""
    listed = body.get("PipelineVersionList") or []
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        raise bad("The member PipelineVersionList is not a list of objects")
    return {str(one.get("PipelineId")) for one in listed}


async def _endpoint(call: Call, identifier: str) -> Response:
    base = call.base

    def read(workspace: Workspace) -> dict[str, Any]:
        row = find_endpoint(workspace, identifier)
        return endpoint_entity(row, workspace.store.versions(row.name), base)

    return json_response(await call.services.read(read))
