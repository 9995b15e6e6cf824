"""Two schedules -> the fields in which they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.document import document_from_schedule
from reconciler.model import FieldChange, Schedule

Path = tuple[str, ...]


def same(before: Schedule, after: Schedule) -> bool:
    """Whether two schedules are the same in all that is compared.

    To Python 1, 1.0 and True are equal; to a pipeline that receives them they are not, and their
    text tells them apart.
    """
    return before == after and _values(before) == _values(after)


def _values(schedule: Schedule) -> str:
    job = schedule.job
    if not (job.inputs or job.outputs or job.settings or job.extra):
        return ""
    return repr((job.inputs, job.outputs, job.settings, job.extra))


def diff_schedules(before: Schedule, after: Schedule) -> tuple[FieldChange, ...]:
    """The fields that differ, in the order of a declaration. A list is one field, whole."""
    from deepdiff import DeepDiff  # a fifth of a second to import: only when something differs

    old, new = document_from_schedule(before), document_from_schedule(after)
    tree = DeepDiff(old, new, view="tree")
    paths: set[Path] = set()
    for levels in tree.values():
        for level in levels:
            path = level.path(output_format="list")
            # What is inside a list is shown as a change of the list.
            keys = tuple(str(p) for p in path[: _first_index(path)])
            paths.update(_leaves(keys, _at(old, keys), _at(new, keys)))
    order = _order(old, new)
    return tuple(
        FieldChange(path, _at(old, path), _at(new, path))
        for path in sorted(paths, key=lambda path: (order.get(path, len(order)), path))
    )


def _first_index(path: list[Any]) -> int:
    return next((i for i, part in enumerate(path) if isinstance(part, int)), len(path))


def _leaves(path: Path, before: Any, after: Any) -> Iterator[Path]:
    """A mapping that came or went, as its fields; anything else as itself."""
    mappings = [value for value in (before, after) if isinstance(value, Mapping) and value]
    others = [v for v in (before, after) if v is not None and not isinstance(v, Mapping)]
    if mappings and not others:
        for key in {key: None for mapping in mappings for key in mapping}:
            yield from _leaves((*path, key), _get(before, key), _get(after, key))
    elif before != after or type(before) is not type(after):
        yield path


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = _get(document, key)
    return document


def _order(*documents: Any) -> dict[Path, int]:
    """Where each field stands in the documents, the later one first."""
    order: dict[Path, int] = {}

    def visit(value: Any, path: Path) -> None:
        order.setdefault(path, len(order))
        if isinstance(value, Mapping):
            for key, inner in value.items():
                visit(inner, (*path, key))

    for document in reversed(documents):
        visit(document, ())
    return order
