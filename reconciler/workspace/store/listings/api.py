"""Lists of what a workspace holds, paged in SQL, for Azure's API.

A page begins after the last name of the one before it, so that what is created or removed
meanwhile neither repeats nor hides anything else.
"""

from __future__ import annotations

from typing import Any

from reconciler.workspace.store.database import Database, translated
from reconciler.workspace.store.records import RunRow
from reconciler.workspace.store.runs import RUN_COLUMNS, run_row
from reconciler.workspace.store.schedules import SCHEDULE_COLUMNS, ScheduleRow, schedule_row


class ApiListings:
    """Reads one workspace file."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def schedule_page(
        self, *, after: str = "", limit: int = 100, enabled: bool | None = None
    ) -> list[ScheduleRow]:
        """At most `limit` schedules by name, those that come after the name `after`."""
        chosen = "" if enabled is None else f" AND enabled = {int(enabled)}"
        rows = self.database.read(
            f"SELECT {SCHEDULE_COLUMNS} FROM schedules WHERE name > ?{chosen}"
            " ORDER BY name LIMIT ?",
            (after, limit),
        )
        with translated(self.database.path):
            return [schedule_row(row) for row in rows]

    def schedule_names(self) -> list[str]:
        """The names of all schedules, in order."""
        rows = self.database.read("SELECT name FROM schedules ORDER BY name")
        return [row[0] for row in rows]

    def run_page(
        self,
        *,
        after: str = "",
        limit: int = 100,
        schedule: str | None = None,
        archived: bool | None = None,
    ) -> list[RunRow]:
        """At most `limit` runs, the newest first, those that come after the run `after`; of one
        schedule, or of all; those that are archived, those that are not, or all. None if `after`
        is forgotten by now.
        """
        conditions, parameters = ["true"], list[Any]()
        if archived is not None:
            conditions.append(f"archived = {int(archived)}")
        if schedule is not None:
            conditions.append("schedule = ?")
            parameters.append(schedule)
        if after:
            conditions.append(
                "(created_at, name) < (SELECT created_at, name FROM runs WHERE name = ?)"
            )
            parameters.append(after)
        rows = self.database.read(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE {' AND '.join(conditions)}"
            " ORDER BY created_at DESC, name DESC LIMIT ?",
            (*parameters, limit),
        )
        with translated(self.database.path):
            return [run_row(row) for row in rows]
