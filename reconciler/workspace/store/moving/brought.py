"""The runs that a schedule had in another workspace: their records, brought here once.

What has ended there is copied with its steps, and says where it ran; logs and outputs stay in the
folder of the run. Each is noted with the transaction that copies it, for good: whoever is killed
goes on, and what was pruned here since does not come again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.workspace.store.database import Database
from reconciler.workspace.store.runs import RUN_COLUMNS

_PIECE = 500
"""Runs in one transaction: the engine waits for no more."""
_OPEN = "('NotStarted', 'Running')"
_COLUMNS = [column.strip() for column in RUN_COLUMNS.split(",")]
_NAME, _CREATED, _RAN_IN, _FILES = map(_COLUMNS.index, ("name", "created_at", "ran_in", "files_in"))
_ORIGIN = "(SELECT {} FROM brought_runs WHERE run = runs.name AND runs.ran_in IS NOT NULL)"
_READ = (
    f"SELECT {_ORIGIN.format('workspace')}, {_ORIGIN.format('name')}, {RUN_COLUMNS} FROM runs"
    f" WHERE schedule = ? AND status NOT IN {_OPEN} AND (created_at, name) > (?, ?)"
    " ORDER BY created_at, name LIMIT ?"
)
"""Where a run that was brought there came from, and the run."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of it."""

    runs: int
    """That are here now, and were not before."""
    open: int
    """That have not ended there: they are brought once they have."""


@dataclass(frozen=True, slots=True)
class _Past:
    """A run of elsewhere: the workspace that it ran in, its name there, and its row."""

    workspace: str
    name: str
    row: tuple[Any, ...]


def bring_runs(
    here: Database, there: Database, schedule: str, target: str, folder_of: Callable[[str], Path]
) -> Brought:
    """Copy the ended runs of `schedule` from `there`, the workspace of `target`; StoreError.
    `folder_of`: where a run keeps its files there.
    """
    origin = _identity(there)
    if origin is None or origin == _identity(here):
        return Brought(0, 0)
    brought, last = 0, ("", "")
    while rows := there.read(_READ, (schedule, *last, _PIECE)):
        last = rows[-1][2 + _CREATED], rows[-1][2 + _NAME]
        brought += _bring(here, there, [_past(row, origin, target, folder_of) for row in rows])
    open_there = there.read(
        f"SELECT count(*) FROM runs WHERE schedule = ? AND status IN {_OPEN}", (schedule,)
    )
    return Brought(brought, open_there[0][0])


def _identity(database: Database) -> str | None:
    rows = database.read("SELECT id FROM identity")
    return rows[0][0] if rows else None


def _past(row: Sequence[Any], origin: str, target: str, folder_of: Callable[[str], Path]) -> _Past:
    workspace, name, *columns = row
    if columns[_RAN_IN] is None:
        columns[_RAN_IN], columns[_FILES] = target, str(folder_of(columns[_NAME]))
    return _Past(workspace or origin, name or columns[_NAME], tuple(columns))


def _bring(here: Database, there: Database, found: Sequence[_Past]) -> int:
    """Those that are new here; how many."""
    new = _new(here, found)
    if not new:
        return 0
    steps: dict[str, list[tuple[Any, ...]]] = {}
    for run, *step in there.read(
        "SELECT run, name, status, started_at, ended_at, exit_code, message FROM steps"
        " WHERE run IN (SELECT value FROM json_each(?))",
        (json.dumps([past.row[_NAME] for past in new]),),
    ):
        steps.setdefault(run, []).append(tuple(step))
    brought = 0
    with here.writing() as connection:
        for past in new:
            noted = connection.execute(
                "INSERT INTO brought_runs VALUES (?, ?, '') ON CONFLICT DO NOTHING",
                (past.workspace, past.name),
            )
            if noted.rowcount == 1:  # else another one was faster
                _copy(connection, past, steps.get(past.row[_NAME], ()))
                brought += 1
    return brought


def _new(here: Database, found: Sequence[_Past]) -> list[_Past]:
    """Without what was brought here before, or ran here: it may have gone away and come back."""
    own = _identity(here)
    wanted = json.dumps([[past.workspace, past.name] for past in found])
    known = here.read(
        "SELECT b.workspace, b.name FROM json_each(?) w JOIN brought_runs b"
        " ON b.workspace = json_extract(w.value, '$[0]')"
        " AND b.name = json_extract(w.value, '$[1]')",
        (wanted,),
    )
    seen = {tuple(row) for row in known}
    return [p for p in found if p.workspace != own and (p.workspace, p.name) not in seen]


def _copy(connection: sqlite3.Connection, past: _Past, steps: Sequence[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    stem, number, added = past.row[_NAME], 1, 0
    while added == 0:
        # A run of here may have that name.
        name = stem if number == 1 else f"{stem}-{number}"
        added = connection.execute(
            f"INSERT INTO runs ({RUN_COLUMNS}) VALUES ({marks}) ON CONFLICT (name) DO NOTHING",
            (name, *past.row[1:]),
        ).rowcount
        number += 1
    connection.execute(
        "UPDATE brought_runs SET run = ? WHERE workspace = ? AND name = ?",
        (name, past.workspace, past.name),
    )
    connection.executemany(
        "INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?, ?)", [(name, *step) for step in steps]
    )
