"""Errors in the shape of the door that they come through: Azure's three, and a page. Pure."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Scope

Api = Literal["arm", "v1", "history", "page"]
_ARM = ("/subscriptions", "/providers")
_V1 = ("/pipelines/v1.0", "/discovery")
_HISTORY = (
    "/history/v1.0",
    "/datastore/v1.0",
    "/artifact/v2.0",
    "/data/v1.0",
    # Not here, which is said in the same shape.
    "/environment/v1.0",
    "/modelmanagement/v1.0",
    "/credential/v2.0",
    "/execution/v1.0",
    "/hyperdrive/v1.0",
    "/jasmine/v1.0",
    "/metric/v2.0",
    "/dataset/v1.0",
    "/rp/workspaces",
    "/genericasset",
    "/content/v1.0",
    "/content/v2.0",
    "/assetstore/v1.0",
    "/mlflow/v1.0",
    "/mlflow/v2.0",
)
"""The services beside that of pipelines, whose errors have small letters."""


def with_plain_prefix(path: str) -> str:
    """A path of an API with its beginning as routes have it: Azure does not mind its case."""
    lower = path.lower()
    prefix = next((p for p in (*_ARM, *_V1, *_HISTORY) if _is_below(lower, (p,))), "")
    return prefix + path[len(prefix) :]


def api_of(path: str) -> Api:
    """Which door a path belongs to."""
    lower = path.lower()
    if _is_below(lower, (*_ARM, "/stores")):
        return "arm"
    if _is_below(lower, _HISTORY):
        return "history"
    return "v1" if _is_below(lower, _V1) else "page"


def _is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in prefixes)


def error_response(scope: Scope, status: int, code: str, message: str) -> Response:
    """An error, as whoever asked expects it."""
    match api_of(scope["path"]):
        case "arm":
            return JSONResponse(arm_error(code, message), status)
        case "v1":
            return JSONResponse(v1_error(code, message), status)
        case "history":
            return JSONResponse(history_error(code, message), status)
        case _ if _has_token(scope):
            return JSONResponse(arm_error(code, message), status)
        case _:
            return PlainTextResponse(message + "\n", status)


def _has_token(scope: Scope) -> bool:
    return any(name == b"authorization" for name, _ in scope["headers"])


def arm_error(code: str, message: str) -> dict[str, Any]:
    """What Azure Resource Manager itself says."""
    return {"error": {"code": code, "message": message}}


def service_error(inner: str, message: str) -> dict[str, Any]:
    """What the service behind it says: the code is always UserError, the real one hides below."""
    operation = uuid.uuid4().hex
    return {
        "code": "UserError",
        "message": message,
        "details": [],
        "additionalInfo": [
            {"type": "InnerError", "info": {"value": {"code": inner, "innerError": None}}},
            {
                "type": "Correlation",
                "info": {"value": {"operation": operation, "request": operation[:16]}},
            },
            {"type": "ComponentName", "info": {"value": "managementfrontend"}},
        ],
    }


def v1_error(code: str, message: str, target: str | None = None) -> dict[str, Any]:
    """What the service of published pipelines says."""
    operation = uuid.uuid4().hex
    return {
        "Error": {
            "Code": "UserError",
            "Message": message,
            "Target": target,
            "Details": [],
            "InnerError": {"Code": code, "InnerError": None},
            "DebugInfo": None,
        },
        "Correlation": {"operation": operation, "request": operation[:16]},
    }


def history_error(code: str, message: str) -> dict[str, Any]:
    """What the services of run history, datastores and artifacts say."""
    operation = uuid.uuid4().hex
    return {
        # As the service of models says it.
        "code": "UserError",
        "message": message,
        "details": [],
        "error": {
            "code": "UserError",
            "message": message,
            "target": None,
            "details": [],
            "innerError": {"code": code, "innerError": None},
        },
        "correlation": {"operation": operation, "request": operation[:16]},
    }
