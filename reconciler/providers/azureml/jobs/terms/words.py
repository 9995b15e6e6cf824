"""Words of a file <-> words of the wire, by the reviewed table. Pure."""

from __future__ import annotations

from functools import cache
from typing import Any

from reconciler.providers.azureml.rules import words


def to_wire(kind: str, word: Any) -> Any:
    """The wire's word for one of a file, however that is spelled; another word as it is."""
    return words()[kind].get(word.lower(), word) if isinstance(word, str) else word


def from_wire(kind: str, word: Any) -> Any:
    """A file's word for one of the wire; another word as it is."""
    if isinstance(word, str):
        return _read(kind).get(word.lower(), word)
    return _read(kind).get(word, word) if isinstance(word, int) else word


@cache
def _read(kind: str) -> dict[Any, str]:
    # Of two words that mean the same the last is the one that people should use.
    return {
        wire.lower() if isinstance(wire, str) else wire: word
        for word, wire in words()[kind].items()
    }
