"""A file of the Azure ML CLI (v2) -> what `az ml` reads in it, where that is not what is read here.

`az ml` reads by YAML 1.1: `no` is false, `01234` is 668, `1e3` is text. A declaration is read by
YAML 1.2, so that each such value is written as what it meant, and a note says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.declare.checking.two_readings import lost_as_text
from reconciler.declare.reading.yaml_loader import Marks, parse
from reconciler.providers.azureml.deploy.questions.client_reading import all_as_client_reads

Path = tuple[str | int, ...]
_TEXT = frozenset(
    [
        *("name", "display_name", "description", "experiment_name", "compute", "job", "type"),
        *("expression", "frequency", "time_zone", "start_time", "end_time", "properties"),
    ]
)
"""What can only be text: `az ml` refuses a file in which it is read as anything else, so that the
text as it is written is all that can have been meant."""


def as_meant(data: bytes, index: int, document: Any) -> tuple[Any, tuple[str, ...]]:
    """`document`, of `data` the one with that index, as `az ml` reads it; a note for each value
    that is another. As it is, where `az ml` reads nothing.
    """
    theirs = all_as_client_reads(data)
    if theirs is None or index >= len(theirs):
        return document, ()
    differing: list[tuple[Path, Any, Any]] = []
    meant = _merged(document, theirs[index], (), lambda *found: differing.append(found))
    lost = tuple(f"{one}; quote it if that is not meant" for one in lost_as_text(data, index))
    if not differing:
        return document, lost
    marks = Marks()
    parse(data, marks)
    notes = []
    for path, here, there in differing:
        line = marks.values.get((index, path), (0, 0, None))[0]
        where = ".".join(map(str, path)) + (f" in line {line}" if line else "")
        notes.append(
            f"{where} is {_words(there)}, as `az ml` reads it; by YAML 1.2 it would be"
            f" {_words(here)}"
        )
    return meant, (*notes, *lost)


def _merged(here: Any, there: Any, path: Path, on_other: Callable[[Path, Any, Any], None]) -> Any:
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        return {
            key: value if key in _TEXT else _merged(value, there[key], (*path, key), on_other)
            for key, value in here.items()
        }
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        return [_merged(one, other, (*path, place), on_other) for place, (one, other) in pairs]
    if _is_scalar(here) and _is_scalar(there) and repr(here) != repr(there):
        on_other(path, here, there)
        return there
    return here


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _words(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f'the text "{value}"' if isinstance(value, str) else f"the number {value!r}"
