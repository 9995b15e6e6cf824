"""What an import would write, read back before it is written: are files and live the same?

A declaration with a problem would block every plan, and one that says something else than what is
live would change it. Neither is written.
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from reconciler.config import Target
from reconciler.declare.repository import Declarations, read_declarations
from reconciler.importing import Imported
from reconciler.model import LiveSchedule, Schedule
from reconciler.plan.diff import diff_schedules, same
from reconciler.providers.base import Provider
from reconciler.providers.capabilities import BringHome, WritesJobs


@dataclass(frozen=True, slots=True)
class Checked:
    """A live schedule, and what would be written for it."""

    live: LiveSchedule
    imported: Imported
    wrong: str | None = None
    """Why it is not to be written."""


def check(
    found: Sequence[Checked],
    provider: Provider,
    target: Target,
    now: datetime,
    home: BringHome | None = None,
) -> list[Checked]:
    """Each with what is wrong with it; a schedule is asked of the provider that listed it.

    Code that came along is read as well where it would lie among the declarations: a schedule in
    it would be one of the repository.
    """
    if not found:
        return []
    with tempfile.TemporaryDirectory(prefix="reconciler-import-") as place:
        root = Path(place).resolve()
        folder = root / "imported"
        for one in found:
            for name, content in one.imported.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        given = {key: value for one in found for key, value in one.imported.variables.items()}
        settings = target.settings
        settings = replace(settings, variables={**settings.variables, **given})
        is_searched = home is not None and home.is_searched
        read = read_declarations(
            ["." if is_searched else folder.name],
            base=root,
            root=root,
            targets=[settings],
            known_targets=[target.name],
            now=now,
        )
        schedules = {schedule.key.name: schedule for schedule in read.schedules}
        return [_checked(one, read, schedules, provider) for one in found]


def _checked(
    one: Checked, read: Declarations, schedules: dict[str, Schedule], provider: Provider
) -> Checked:
    wrong = _problem(one.imported, read)
    if wrong is None:
        schedule = schedules.get(one.live.key.name)
        wrong = (
            "its file is not read as a schedule"
            if schedule is None
            else _difference(schedule, one.live, provider)
        )
    return replace(one, wrong=wrong)


def _problem(imported: Imported, read: Declarations) -> str | None:
    own = {posixpath.normpath(f"imported/{path}") for path in imported.files}
    for problem in read.problems:
        if problem.severity == "error" and problem.path in own:
            return f"{problem.message} [{problem.code}]"
    declaration = f"imported/{imported.name}.yml"
    for schedule in read.schedules:
        path = schedule.source.path if schedule.source is not None else declaration
        if path in own and path != declaration:
            return f"its code declares the schedule {schedule.key.name}"
    return None


def _difference(schedule: Schedule, live: LiveSchedule, provider: Provider) -> str | None:
    canonical = provider.canonical(schedule, live)
    for note in canonical.notes:
        if note.kind == "refused":
            return note.message
    if not isinstance(provider, WritesJobs) or same(live.schedule, canonical.schedule):
        return None
    fields = [field.name for field in diff_schedules(live.schedule, canonical.schedule)]
    meant = {"properties.provisioning_state"}
    if provider.firing_trigger(live.schedule) != live.schedule.trigger:
        meant.add("trigger.expression")  # it is written as it fires
    fields = [name for name in fields if name not in meant]
    if not fields:
        return None
    more = f" and {len(fields) - 3} more" if len(fields) > 3 else ""
    return f"a file cannot say all of its {', '.join(fields[:3])}{more}"
