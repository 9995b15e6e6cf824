"""A call of Azure Resource Manager, and how its answers are written."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from reconciler.providers.azureml.ids import Workspace
from reconciler.web.access.host_names import origin_of
from reconciler.web.arm.address import Address
from reconciler.web.arm.errors import bad, refused
from reconciler.web.services import Services

PAGE = 100
"""Things on one page of a list."""
DEEPEST = 64
"""Levels of a body."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    request: Request
    services: Services
    address: Address
    query: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        """What the client knows as the address of Azure Resource Manager."""
        host = self.request.headers.get("host", "")
        return origin_of(self.request.scope, self.services.site, host)

    @property
    def place(self) -> Workspace:
        """The workspace, by the names of the call."""
        return self.address.place(self.endpoint)

    @property
    def name(self) -> str:
        """Of the schedule or job that it is about."""
        return self.address.rest[1]

    @property
    def masked(self) -> bool:
        """Whether values that look secret are kept back."""
        return bool(self.request.state.right != "write")

    async def body(self) -> dict[str, Any]:
        """The JSON object that was sent; ArmError."""
        sent = read_json(await self.request.body())
        if not isinstance(sent, dict):
            words = "The request content was invalid and could not be deserialized: no object."
            raise refused(400, "InvalidRequestContent", words)
        return sent

    def url(self, path: str) -> str:
        """The address of something below this endpoint, in the version of the call."""
        return f"{self.endpoint}{quote(path, safe='/:')}?api-version={self.address.version}"

    def next_link(self, last: str) -> str:
        """The address of the page after the one that ends with `last`."""
        token = base64.urlsafe_b64encode(f"after {last}".encode()).decode()
        query = urlencode({**self.query, "$skip": token}, safe="$")
        return f"{self.endpoint}{quote(self.request.url.path, safe='/:')}?{query}"

    def after(self) -> str:
        """The name that the page before this one ended with; empty: this is the first."""
        token = self.query.get("$skip", self.query.get("$skipToken"))
        if token is None:
            return ""
        try:
            word, _, name = base64.urlsafe_b64decode(token).decode("utf-8").partition(" ")
        except ValueError:
            word, name = "", ""
        if word != "after" or len(name) > 1000:
            raise bad("The continuation token is not valid")
        return name


def read_json(body: bytes) -> Any:
    """What a body says; ArmError where it is no JSON, or nested too deeply to be meant."""
    try:
        sent = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
        if _depth(sent) <= DEEPEST:
            # Half of a character, which JSON can say and no text can hold, is refused here.
            json.dumps(sent, ensure_ascii=False).encode()
            return sent
    except (RecursionError, ValueError):
        pass
    raise refused(
        400, "InvalidRequestContent", "The request content was invalid and could not be read."
    )


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer of JSON. Text that is no valid Unicode goes out escaped, as it came in."""
    return Response(
        json.dumps(body).encode(),
        status,
        headers=dict(headers or {}),
        media_type="application/json; charset=utf-8",
    )


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _depth(value: Any) -> int:
    """How deeply a value is nested; counted without recursion, up to DEEPEST and one."""
    level = [value]
    for depth in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return depth
    return DEEPEST + 1
