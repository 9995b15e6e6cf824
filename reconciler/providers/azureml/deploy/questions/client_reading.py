"""The values of a job file as Azure's client reads them: by YAML 1.1, with PyYAML.

Everywhere else files are read by YAML 1.2. What is sent to Azure is what its client sends, and
there `1e-3` is text, `010` is 8 and `no` is false; `validate` warns of each (SCH053).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DATE = "tag:yaml.org,2002:timestamp"


class _Loader(_Base):  # type: ignore[misc]
    """Keys, and dates, are the text that they are written as."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - so it is in PyYAML
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        self.flatten_mapping(node)
        return {
            key.value if isinstance(key, yaml.ScalarNode) else str(self.construct_object(key)): (
                self.construct_object(value, deep=True)
            )
            for key, value in node.value
        }


def as_client_reads(data: bytes, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one document of a file that was read as `document`; that, where PyYAML reads none."""
    try:
        found = yaml.load(data, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return document
    return found if isinstance(found, dict) else document


def all_as_client_reads(data: bytes) -> list[Any] | None:
    """Every document of a file that was read without faults; None where PyYAML reads none."""
    try:
        return list(yaml.load_all(data, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
