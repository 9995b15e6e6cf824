"""Every body that goes in or out, held against contract.schema.json."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jsonschema_rs

SCHEMA = json.loads((Path(__file__).parent / "contract.schema.json").read_text("utf-8"))
BODIES = ("sent", "created", "resource", "page", "operation", "error", "job")


class Contract:
    """The checks, and what broke them."""

    def __init__(self, later: Iterable[str] = ()) -> None:
        """`later`: members of a version to come, which are passed over wherever they are."""
        self.violations: list[str] = []
        self._later = frozenset(later)
        self._checks = {
            body: jsonschema_rs.validator_for({"$ref": f"#/$defs/{body}", "$defs": SCHEMA["$defs"]})
            for body in BODIES
        }

    def broken(self, kind: str, what: str, body: Any) -> str | None:
        """What is wrong with a body, and remembered; None if nothing is."""
        if self._later:
            body = self._without_later(body)
        if self._checks[kind].is_valid(body):
            return None
        wrong = "; ".join(
            f"/{'/'.join(map(str, error.instance_path))}: {error.message}"
            for error in self._checks[kind].iter_errors(body)
        )
        self.violations.append(f"{what}: {wrong}")
        return self.violations[-1]

    def _without_later(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: self._without_later(inner)
                for key, inner in value.items()
                if key not in self._later
            }
        if isinstance(value, list):
            return [self._without_later(inner) for inner in value]
        return value
