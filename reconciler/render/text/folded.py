"""A plan of many changes -> what a person reads of it: which fields, by action, and of how many.

What has a warning, and what undoes a change that somebody made live, is told in full by the caller.
Nothing of a change is kept but its words: a plan may have a hundred thousand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.render.fire_words import in_a_line
from reconciler.render.plain_text import Paint, columns_of, counted, printable, wrapped

Document = Mapping[str, Any]
MANY = 20
"""More changes than this are told in short."""
_KINDS = 10
"""Of each action, so many kinds of changes are told, the commonest first."""
_NAMED = 3
_FIELDS = 4


@dataclass(slots=True)
class _Alike:
    count: int = 0
    names: list[str] = field(default_factory=list)


class Folded:
    """Takes changes one by one."""

    def __init__(self) -> None:
        self._alike: dict[str, dict[str, _Alike]] = {}

    def add(self, change: Document, load: Document | None) -> None:
        """Count it among those that are like it; `load`: that of the plan."""
        of_action = self._alike.setdefault(change["action"], {})
        alike = of_action.setdefault(_kind(change, load), _Alike())
        alike.count += 1
        if len(alike.names) < _NAMED:
            alike.names.append(change["name"])

    def parts(
        self, symbols: Mapping[str, str], words: Mapping[str, str], paint: Paint
    ) -> Iterator[str]:
        """A paragraph for each action."""
        within = columns_of(paint)
        for action, kinds in self._alike.items():
            number = sum(alike.count for alike in kinds.values())
            lines = [paint(f"{symbols[action]} {number:,} {words[action]}", action)]
            ordered = sorted(kinds.items(), key=lambda item: (-item[1].count, item[0]))
            for kind, alike in ordered[:_KINDS]:
                more = alike.count - len(alike.names)
                names = ", ".join(map(printable, alike.names))
                rest = f" and {more:,} more" if more else ""
                lines.append("    " + wrapped(f"{kind}: {names}{rest}", within, 6))
            others = sum(alike.count for _, alike in ordered[_KINDS:])
            if others:
                kinds_left = counted(len(ordered) - _KINDS, "other way", "other ways")
                lines.append(f"    and {others:,} more in {kinds_left}")
            yield "".join(f"{line}\n" for line in lines)


def stands_alone(change: Document) -> bool:
    """Whether a change is told in full among however many."""
    impact = change["impact"]
    return bool(change.get("undoes") or (impact and impact["warnings"]))


def _kind(change: Document, load: Document | None) -> str:
    """What changes in it, in words; changes with the same words are told together."""
    names = [".".join(one["path"]) for one in change["fields"]]
    file = change.get("job_file")
    said = [f"{posixpath.basename(file)} changed"] if file else []
    left = [name for name in names if not (file and name == "create_job.job")]
    said += left[:_FIELDS] + (["..."] if len(left) > _FIELDS else [])
    fires = in_a_line(change, load)
    told = printable(", ".join(said))
    if change["action"] == "skip":
        return printable(change["reason"].partition(";")[0]) or "skipped"
    return "; ".join(part for part in (told, fires) if part) or "no fires are told"
