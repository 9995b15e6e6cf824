"""A schedule's resolved document against a JSON schema that a team wrote.

The schema is text of others: nothing is fetched for it, and its patterns are matched in linear
time (jsonschema-rs with Rust's regex). Values are never shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import jsonschema_rs

MOST = 20
"""Things said of one schedule by one schema."""
_REQUIRED = " is a required property"


class SchemaError(Exception):
    """Not a JSON schema, or one that refers to what is not in it."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """SchemaError where nothing could be checked by it."""
    _validator(_Identity(schema))


def against_schema(
    document: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong: where in the document, and a phrase, such as `"owner" is missing`."""
    for error in islice(_validator(_Identity(schema)).iter_errors(document), MOST):
        # In the words of all other problems.
        said = error.message.removesuffix(_REQUIRED)
        yield tuple(error.instance_path), said if said == error.message else f"{said} is missing"


class _Identity:
    """A schema as a key: the same one, not an equal one, is compiled once."""

    __slots__ = ("schema",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.schema is self.schema


@lru_cache(maxsize=64)
def _validator(key: _Identity) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    def nothing(uri: str) -> NoReturn:
        raise ValueError("only what stands in the schema itself is read")

    try:
        return jsonschema_rs.Draft202012Validator(
            dict(key.schema),
            retriever=nothing,
            pattern_options=jsonschema_rs.RegexOptions(),
            mask="its value",
        )
    except ValueError as error:
        raise SchemaError(str(error).partition("\n")[0]) from error
