"""A schedule gets another name: all that the workspace has of it goes with it."""

from __future__ import annotations

import sqlite3

from reconciler.workspace.store.database import Refused


def rename(connection: sqlite3.Connection, old: str, new: str) -> None:
    """Move the row of `old` to `new`, which is free, with its fires, runs and cursor.

    Refused for the moment in which runs of fires under the old name are still to be recorded.
    """
    due = connection.execute(
        "SELECT 1 FROM fires WHERE schedule = ? AND outcome = 'due' LIMIT 1", (old,)
    )
    if due.fetchone() is not None:
        raise Refused("its runs are being recorded just now: apply it again")
    connection.execute("UPDATE schedules SET name = ? WHERE name = ?", (new, old))
    # A schedule that had the new name before, and was deleted, keeps what is its own.
    connection.execute("UPDATE OR IGNORE fires SET schedule = ? WHERE schedule = ?", (new, old))
    connection.execute("UPDATE runs SET schedule = ? WHERE schedule = ?", (new, old))
    for table in ("watches", "watched_files"):
        connection.execute(f"DELETE FROM {table} WHERE schedule = ?", (new,))
        connection.execute(f"UPDATE {table} SET schedule = ? WHERE schedule = ?", (new, old))
