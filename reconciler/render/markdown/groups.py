"""The changes of a plan -> what a reviewer reads as one thing: an entry of a section. Pure.

What the merge would undo live stands alone and first. A job file that changed is one entry with all
schedules that run it; what is changed alike in several schedules is one entry, too.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]

SECTIONS = {
    "undoes": "Changed live, and undone by this",
    "job": "Pipelines that changed",
    "disable": "To disable",
    "update": "To update",
    "create": "To create",
    "skip": "Skipped, not ours",
}
"""In the order in which they are shown."""
ACTIONS = ("create", "update", "disable", "skip")
ALIKE = 3
"""From so many schedules on, the same change of fields is one entry."""
_JOB = ["create_job", "job"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Changes that are told together, sorted by name."""

    section: str
    changes: tuple[Document, ...]
    also: int = 0
    """Of a job file: schedules that run it and differ in more; they are told elsewhere too."""

    @property
    def warnings(self) -> int:
        """How many warnings its changes have."""
        return sum(warnings_of(change) for change in self.changes)

    @property
    def importance(self) -> tuple[bool, int, int, str]:
        """What is undone first, then what warnings are about, what stops firing, the larger."""
        order = list(SECTIONS).index(self.section)
        is_told = self.section == "undoes" or self.warnings > 0
        return (not is_told, order, -len(self.changes), self.changes[0]["name"])

    @property
    def job(self) -> str:
        """The name of the job file that changed."""
        return posixpath.basename(str(self.changes[0]["job_file"]))


def warnings_of(change: Document) -> int:
    """How many warnings a change has."""
    return len(change["impact"]["warnings"]) if change.get("impact") else 0


def job_field(change: Document) -> Document | None:
    """The field that says which job runs, of a change that changes it."""
    return next((field for field in change["fields"] if field["path"] == _JOB), None)


def entries_of(changes: Sequence[Document]) -> list[Entry]:
    """All that a reviewer reads of the changes, the most important first."""
    shown = [change for change in changes if change["action"] in ACTIONS]
    return sorted(_entries(shown), key=lambda entry: entry.importance)


def _entries(changes: Sequence[Document]) -> Iterator[Entry]:
    jobs: dict[str, list[Document]] = {}
    alike: dict[str, list[Document]] = {}
    for change in sorted(changes, key=lambda each: str(each["name"])):
        field = job_field(change)
        if change.get("undoes"):
            yield Entry("undoes", (change,))
        elif change["action"] != "update":
            yield Entry(change["action"], (change,))
        elif field is not None and change.get("job_file") and _is_new_version(field):
            jobs.setdefault(_key([field]), []).append(change)
            if len(change["fields"]) > 1:
                alike.setdefault(_key(change["fields"], field), []).append(change)
        else:
            alike.setdefault(_key(change["fields"]), []).append(change)
    for group in jobs.values():
        also = sum(len(change["fields"]) > 1 for change in group)
        yield Entry("job", tuple(group), also)
    for group in alike.values():
        if len(group) >= ALIKE and group[0]["fields"]:
            yield Entry("update", tuple(group))
        else:
            yield from (Entry("update", (change,)) for change in group)


def _is_new_version(field: Document) -> bool:
    """Whether the same job runs, in another version."""
    before, after = (str(field[side]).rpartition(":")[0] for side in ("before", "after"))
    return before == after


def _key(fields: Sequence[Document], but: Document | None = None) -> str:
    told = [[f["path"], f["before"], f["after"], f["masked"]] for f in fields if f is not but]
    # What is masked may differ behind its mask, and is told one by one.
    return json.dumps(told if not any(f["masked"] for f in fields) else [id(fields)], default=str)
