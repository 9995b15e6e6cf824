"""What the service of published pipelines says when it refuses."""

from __future__ import annotations


class V1Error(Exception):
    """A request that is answered with an error, in the shape of the service that was asked."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def bad(message: str) -> V1Error:
    """A body that the service does not take."""
    return V1Error(400, "BadRequest", message)


def not_found(kind: str, name: str) -> V1Error:
    """A thing that is not there."""
    return V1Error(404, "NotFound", f"{kind} with id {name} was not found")
