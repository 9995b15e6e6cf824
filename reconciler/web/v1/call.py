"""A call of v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from reconciler.web.access.host_names import origin_of
from reconciler.web.arm.address import Address
from reconciler.web.arm.call import read_json
from reconciler.web.services import Services
from reconciler.web.v1.errors import bad
from reconciler.workspace.datastores.datastore import Datastore

ACTOR = "Azure's v1 API"


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    request: Request
    services: Services
    address: Address
    query: Mapping[str, str]

    @property
    def rest(self) -> tuple[str, ...]:
        """The path below the workspace."""
        return self.address.rest

    @property
    def last(self) -> str:
        """The end of the path: an id, mostly."""
        return self.rest[-1]

    @property
    def datastores(self) -> Mapping[str, Datastore]:
        """Those of the workspace."""
        return self.services.site.datastores

    @property
    def masked(self) -> bool:
        """Whether values that look secret are kept back."""
        return bool(self.request.state.right != "write")

    @property
    def base(self) -> str:
        """Where the service is, for this workspace."""
        host = self.request.headers.get("host", "")
        endpoint = origin_of(self.request.scope, self.services.site, host)
        return f"{endpoint}/pipelines/v1.0{self.address.place(endpoint).id}"

    def flag(self, name: str, *, default: bool) -> bool:
        """A parameter that is true or false; V1Error."""
        given = self.query.get(name)
        if given is None:
            return default
        if given.lower() not in ("true", "false"):
            raise bad(f"The value {given!r} is not valid for {name}")
        return given.lower() == "true"

    async def json(self) -> Any:
        """What was sent; ArmError where it is no JSON."""
        return read_json(await self.request.body())

    async def body(self) -> dict[str, Any]:
        """The object that was sent; V1Error."""
        sent = await self.json()
        if not isinstance(sent, dict):
            raise bad("Value cannot be null. (Parameter 'source')")
        return sent
