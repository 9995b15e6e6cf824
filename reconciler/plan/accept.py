"""A difference -> the edits of its declaration that make what is live the truth. Pure.

Only the fields that differ are written, as literals: under `overrides` of the target where the
schedule lives in others too, or where the value stands there already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.declare.reading.edits import REMOVE, Edit, EditError, Path
from reconciler.document import as_list, document_from_schedule
from reconciler.masking import is_secret
from reconciler.model import Change, FieldChange

_PATTERN = ("trigger", "schedule")
_MOMENT = (*_PATTERN, "time_of_day")
_TIMES = ((*_PATTERN, "hours"), (*_PATTERN, "minutes"))


def accept_edits(change: Change, declared: Mapping[str, Any], *, alone: bool) -> list[Edit]:
    """What to change in the raw `declared` document; EditError where a field cannot be accepted.

    `change` is an UPDATE. `alone`: the schedule lives in this target only.
    """
    assert change.before is not None
    live = document_from_schedule(change.before.schedule)
    for field in change.fields:
        _check(change, field)
    place = _Place(declared, change.key.target, alone)
    edits: list[Edit] = []
    paths = [field.path for field in change.fields]
    if ("trigger", "type") in paths:
        edits.append(Edit((*place.prefix(("trigger",)), "trigger"), live["trigger"]))
        paths = [path for path in paths if path[0] != "trigger"]
    if any(path in _TIMES for path in paths) and place.resolved(_MOMENT) is not None:
        edits += _moment(place, live)
        paths = [path for path in paths if path not in _TIMES]
    for path in paths:
        edits += _one(place, live, path, edits)
    return edits


def _check(change: Change, field: FieldChange) -> None:
    after, name = change.after, field.name
    assert after is not None
    if field.path[:2] == ("create_job", "job") and after.job.definition is not None:
        raise EditError(
            f"{name} differs: what a job file holds is not kept live as a file, and cannot be"
            " accepted; `reconciler drift revert` applies the file"
        )
    if field.path == ("is_enabled",) and after.hold is not None:
        raise EditError("it is held, and enabled live: `reconciler hold --release` ends the hold")
    if any(is_secret(part) for part in field.path):
        raise EditError(f"{name} looks secret: its value is not written into a file")


class _Place:
    """Where the values of a declaration stand."""

    def __init__(self, declared: Mapping[str, Any], target: str, alone: bool) -> None:
        self.declared = declared
        self.alone = alone
        self.over: Path = ("overrides", target)

    def prefix(self, path: Path) -> Path:
        """Of the override, or nothing."""
        return self.over if not self.alone or self._is_overridden(path) else ()

    def _is_overridden(self, path: Path) -> bool:
        """Whether the override says it, or hides it: by null, or a job that is a word."""
        said = _at(self.declared, self.over)
        for key in path:
            if not isinstance(said, Mapping):
                return said is not None
            if key not in said:
                return False
            said = said[key]
            if said is None:
                return True
        return True

    def resolved(self, path: Path) -> Any:
        """The value that holds, as it is written."""
        found = _at(self.declared, (*self.over, *path))
        return found if found is not None else _at(self.declared, path)

    def set(self, path: Path, value: Any) -> Edit:
        """The edit of one value; where it is taken away in an override, null says so."""
        prefix = self.prefix(path)
        if value is REMOVE and prefix and _at(self.declared, path) is not None:
            value = None
        written = _at(self.declared, (*prefix, *path))
        if isinstance(value, list) and len(value) == 1 and isinstance(written, str | int):
            value = value[0]  # one value stays one value
        return Edit((*prefix, *path), value)


def _one(place: _Place, live: Mapping[str, Any], path: Path, made: list[Edit]) -> Iterator[Edit]:
    edit = place.set(path, _at(live, path, REMOVE))
    if path[0] == "create_job":
        whole = edit.path[: len(edit.path) - len(path) + 1]
        job = _at(place.declared, whole)
        if isinstance(job, str) and all(other.path != whole for other in made):
            yield Edit(whole, {"job": job})
    yield edit


def _moment(place: _Place, live: Mapping[str, Any]) -> Iterator[Edit]:
    """`time_of_day` stands for hours and minutes: one of each stays one."""
    hours, minutes = (as_list(_at(live, path)) for path in _TIMES)
    if len(hours) == len(minutes) == 1:
        yield place.set(_MOMENT, f"{hours[0]:02}:{minutes[0]:02}")
        return
    for path, value in zip(_TIMES, (hours, minutes), strict=True):
        if value:
            yield Edit((*place.prefix(_MOMENT), *path), value)
    yield place.set(_MOMENT, REMOVE)


def _at(document: Any, path: Path, missing: Any = None) -> Any:
    for key in path:
        if not isinstance(document, Mapping) or key not in document:
            return missing
        document = document[key]
    return document
