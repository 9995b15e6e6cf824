"""Errors as Azure words them: ARM's own, and those of the service behind it."""

from __future__ import annotations

import uuid
from typing import Any


class Refused(Exception):
    """The request is answered with an error."""

    def __init__(
        self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(body["error"]["message"])
        self.status = status
        self.body = body
        self.headers = headers or {}


def arm(status: int, code: str, message: str, **headers: str) -> Refused:
    """What ARM itself refuses: it knows a code and a message. `A_b=c` is the header A-b."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refused(status, {"error": {"code": code, "message": message}}, named)


def service(status: int, inner: str, message: str) -> Refused:
    """What the service refuses: the code always says UserError, the real one hides below."""
    return Refused(status, {"error": service_error(inner, message)})


def service_error(inner: str, message: str) -> dict[str, Any]:
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


def not_found(kind: str, name: str) -> Refused:
    """A schedule is called a trigger here."""
    return service(404, "NotFound", f"Resource {kind} {name} not found")


def active_trigger(name: str) -> dict[str, Any]:
    """Why a schedule that is enabled is not deleted."""
    message = f"Cannot delete an active trigger {name}"
    return {"code": "UserError", "message": message, "details": [], "additionalInfo": []}
