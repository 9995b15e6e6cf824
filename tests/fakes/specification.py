"""Definitions of an ARM specification (Swagger 2.0) as JSON schemas that can be checked against.

What Swagger says in its own way is put into JSON schema's: `x-nullable`, what `allOf` inherits
(where the heirs close the list of members), and which heir a discriminator chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {"type": ["string", "null"]}
_ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": _WORDS,
        "message": _WORDS,
        "target": _WORDS,
        "details": {"type": "array", "items": {"$ref": "#/definitions/ErrorDetail"}},
        "additionalInfo": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": _WORDS, "info": {"type": "object"}},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
# common-types/resource-management/v3/types.json, as far as schedules need it.
_COMMON: dict[str, Any] = {
    "ProxyResource": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "name": {"type": "string"},
            "type": {"type": "string"},
            "systemData": {
                "type": "object",
                "properties": {
                    "createdAt": {"type": "string", "format": "date-time"},
                    "createdBy": {"type": "string"},
                    "createdByType": {"enum": ["User", "Application", "ManagedIdentity", "Key"]},
                    "lastModifiedAt": {"type": "string", "format": "date-time"},
                    "lastModifiedBy": {"type": "string"},
                    "lastModifiedByType": {
                        "enum": ["User", "Application", "ManagedIdentity", "Key"]
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "ManagedServiceIdentity": {"type": "object"},
    "ErrorDetail": _ERROR,
    "ErrorResponse": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"$ref": "#/definitions/ErrorDetail"}},
        "additionalProperties": False,
    },
}
_KEPT = ("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum", "format")


class Specification:
    """The definitions, and schemas made of them."""

    def __init__(self, swagger: Mapping[str, Any]) -> None:
        self._definitions: dict[str, Any] = {**swagger["definitions"], **_COMMON}
        self._wanted: list[str] = []

    def schema(self, name: str) -> dict[str, Any]:
        """A definition as a schema with everything that it refers to."""
        schemas: dict[str, Any] = {}
        self._wanted = [name]
        while self._wanted:
            wanted = self._wanted.pop()
            if wanted not in schemas:
                schemas[wanted] = self._whole(wanted)
        return {"$ref": f"#/$defs/{name}", "$defs": schemas}

    def _whole(self, name: str) -> dict[str, Any]:
        """A definition; if it has heirs, the one that its discriminator chooses."""
        definition = self._definitions[name]
        schema = self._object(definition)
        kind = definition.get("discriminator")
        if kind is None:
            return schema
        choices = [
            {
                "if": {
                    "required": [kind],
                    "properties": {kind: {"const": heir["x-ms-discriminator-value"]}},
                },
                "then": self._reference(heir_name),
            }
            for heir_name, heir in self._definitions.items()
            if "x-ms-discriminator-value" in heir and name in _bases(heir)
        ]
        return {**schema, "allOf": choices}

    def _object(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """A definition with all that it inherits."""
        schema = {key: definition[key] for key in _KEPT if key in definition}
        members, required = self._members(definition)
        if members:
            schema["properties"] = members
        if required:
            schema["required"] = sorted(required)
        more = definition.get("additionalProperties")
        if isinstance(more, Mapping):
            schema["additionalProperties"] = self._value(more)
        elif more is False and schema.get("type") == "object":
            schema["additionalProperties"] = False
        if "items" in definition:
            schema["items"] = self._value(definition["items"])
        return schema

    def _members(self, definition: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
        members: dict[str, Any] = {}
        required: set[str] = set()
        for base in _bases(definition):
            inherited, needed = self._members(self._definitions[base])
            members |= inherited
            required |= needed
        own = definition.get("properties", {})
        members |= {name: self._value(value) for name, value in own.items()}
        return members, required | set(definition.get("required", ()))

    def _value(self, value: Mapping[str, Any]) -> dict[str, Any]:
        reference = value.get("$ref")
        if reference is not None:
            schema = self._reference(reference.rpartition("/")[2])
        else:
            schema = self._object(value)
        return {"anyOf": [schema, {"type": "null"}]} if value.get("x-nullable") else schema

    def _reference(self, name: str) -> dict[str, Any]:
        self._wanted.append(name)
        return {"$ref": f"#/$defs/{name}"}


def _bases(definition: Mapping[str, Any]) -> list[str]:
    return [base["$ref"].rpartition("/")[2] for base in definition.get("allOf", ())]
