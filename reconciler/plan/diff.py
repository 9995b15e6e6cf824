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
    tree = DeepDiff(
        _texts(old),
        _texts(new),
        view="tree",
        ignore_private_variables=False,
        threshold_to_diff_deeper=0,  # field by field, also where nearly all of them differ
    )
    paths: set[Path] = set()
    for levels in tree.values():
        for level in levels:
            path = tuple(level.path(output_format="list"))
            paths.update(_leaves(path, _at(old, path), _at(new, path)))
    order = _order(old, new)
    return tuple(
        FieldChange(path, _at(old, path), _at(new, path))
        for path in sorted(paths, key=order.__getitem__)
    )


def _texts(value: Any) -> Any:
    """`value` with everything but its mappings as text, in which 1, 1.0 and True differ, and a
    list is one value.
    """
    if isinstance(value, Mapping):
        return {key: _texts(inner) for key, inner in value.items()}
    return repr(value)


def _leaves(path: Path, before: Any, after: Any) -> Iterator[Path]:
    """A mapping that came or went, as its fields; anything else as itself."""
    mappings = [value for value in (before, after) if isinstance(value, Mapping) and value]
    others = [v for v in (before, after) if v is not None and not isinstance(v, Mapping)]
    if mappings and not others:
        for key in {key: None for mapping in mappings for key in mapping}:
            yield from _leaves((*path, key), _get(before, key), _get(after, key))
    elif repr(before) != repr(after):
        yield path
    else:
        # A key without a value came or went: only the mapping that holds it shows that.
        yield path[:-1]


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = _get(document, key)
    return document


def _order(old: Any, new: Any) -> dict[Path, int]:
    """Where each field stands in its mapping: those of `new`, then those that only `old` has."""
    order: dict[Path, int] = {}

    def visit(before: Any, after: Any, path: Path) -> None:
        order[path] = len(order)
        mappings = [value for value in (after, before) if isinstance(value, Mapping)]
        for key in {key: None for mapping in mappings for key in mapping}:
            visit(_get(before, key), _get(after, key), (*path, key))

    visit(old, new, ())
    return order
