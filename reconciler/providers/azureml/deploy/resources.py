"""Assets of a workspace over ARM: one call each, with the right that it needs in what is refused.

Versions of assets never change once they are there, so that putting one again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import ProviderError, Unauthorized
from reconciler.model import Key
from reconciler.providers.azureml.calls import Calls
from reconciler.providers.azureml.endpoint import VERSIONS
from reconciler.providers.azureml.ids import Workspace


class Resources:
    """The assets of one workspace. Used by many threads at once."""

    def __init__(self, calls: Calls, workspace: Workspace) -> None:
        self._calls = calls
        self.workspace = workspace

    def get(self, path: str, *, parameters: Mapping[str, str] | None = None) -> Any:
        """One resource below the workspace, or a page of them; None if there is none."""
        kind = path.partition("/")[0]
        query = {"api-version": VERSIONS[kind], **(parameters or {})}
        try:
            response, body = self._calls.read(
                self._url(path), None, "look up", parameters=query, accept=(404,)
            )
        except Unauthorized as error:
            raise _needing(error, f"{kind}/{_right(path, 'read')}") from error
        return None if response.status_code == 404 else body

    def put(self, path: str, properties: Mapping[str, Any], key: Key) -> None:
        """Put an asset for the schedule `key`. One that is still being made (an environment is
        built when it is used first) is there; one that could not be made is not.
        """
        answer = self._write("PUT", path, {"properties": dict(properties)}, key)
        state = provisioning_state(_json(answer))
        if state in FAILED:
            kind = path.partition("/")[0].removesuffix("s")
            reason = f"Azure could not make the {kind} {path}: provisioningState {state}"
            raise ProviderError(key, "deploy", reason, hint="apply again: it is put once more")

    def post(self, path: str, body: Mapping[str, Any] | None, key: Key | None) -> dict[str, Any]:
        """Call an action for the schedule `key`; its answer."""
        return _json(self._write("POST", path, body, key))

    def secrets(self, datastore: str) -> dict[str, Any]:
        """What opens a datastore for an hour: a signature, where it has one. Changes nothing."""
        path = f"datastores/{datastore}/listSecrets"
        body = {"expirableSecret": True, "expireAfterHours": 1}
        return self.post(path, body, None)

    def _write(self, method: str, path: str, body: Any, key: Key | None) -> Any:
        kind = path.partition("/")[0]
        query = {"api-version": VERSIONS[kind]}
        try:
            return self._calls.call(
                method, self._url(path), key, "deploy", body=body, parameters=query
            )
        except Unauthorized as error:
            right = "listSecrets/action" if path.endswith("listSecrets") else _right(path, "write")
            raise _needing(error, f"{kind}/{right}") from error

    def _url(self, path: str) -> str:
        return f"{self.workspace.endpoint}{self.workspace.id}/{path}"


FAILED = ("failed", "canceled")


def provisioning_state(resource: Any) -> str:
    """How far the service is with a resource, in lower case; empty where it does not say."""
    properties = resource.get("properties") if isinstance(resource, Mapping) else None
    found = properties.get("provisioningState") if isinstance(properties, Mapping) else None
    return str(found or "").lower()


def _json(response: Any) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _right(path: str, what: str) -> str:
    return f"versions/{what}" if "/versions" in path else what


def _needing(error: ProviderError, right: str) -> Unauthorized:
    hint = f"it needs the right Microsoft.MachineLearningServices/workspaces/{right}"
    return Unauthorized(error.key, error.operation, error.reason, hint=hint)
