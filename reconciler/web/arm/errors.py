"""What Azure says when it refuses: Resource Manager's own words, and the service's behind it."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from reconciler.web.error_responses import arm_error, service_error


class ArmError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body["error"]["message"])
        self.status = status
        self.body = body

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body, self.status)


def refused(status: int, code: str, message: str) -> ArmError:
    """What Resource Manager itself refuses."""
    return ArmError(status, arm_error(code, message))


def bad(message: str) -> ArmError:
    """A body that the service does not take."""
    return ArmError(400, {"error": service_error("BadRequest", message)})


def conflict(message: str) -> ArmError:
    """Something else stands there meanwhile, or is in the way."""
    return ArmError(409, {"error": service_error("Conflict", message)})


def not_found(kind: str, name: str) -> ArmError:
    """A thing that is not there; a schedule is called a Trigger."""
    message = f"Resource {kind} {name} not found"
    return ArmError(404, {"error": service_error("NotFound", message)})


def active_trigger(name: str) -> dict[str, Any]:
    """Why a schedule that is enabled is not deleted."""
    message = f"Cannot delete an active trigger {name}"
    return {"code": "UserError", "message": message, "details": [], "additionalInfo": []}
