"""The tables of acts and of days of runs, and the triggers that keep the latter true.

A day's row is the sum of the runs that are there and have ended, whoever wrote or removed them: it
is SQLite that counts, so that a page over a million runs reads a row for each day and schedule.
"""

from __future__ import annotations

_ENDED = "('Completed', 'Failed', 'Canceled')"
_SECONDS = (
    "coalesce((julianday({0}.ended_at) - julianday({0}.started_at)) * 86400.0, 0.0)"
    " * ({0}.status = 'Completed')"
)
_COUNTS = "completed, failed, canceled, seconds"


def _counts(row: str) -> str:
    statuses = ("Completed", "Failed", "Canceled")
    numbers = [f"({row}.status = '{status}')" for status in statuses]
    return ", ".join([*numbers, _SECONDS.format(row)])


def _place(row: str) -> str:
    return f"substr({row}.created_at, 1, 10), coalesce({row}.schedule, '')"


def _add(row: str) -> str:
    return f"""
        INSERT INTO run_days (day, schedule, {_COUNTS}) VALUES ({_place(row)}, {_counts(row)})
        ON CONFLICT (day, schedule) DO UPDATE SET completed = completed + excluded.completed,
            failed = failed + excluded.failed, canceled = canceled + excluded.canceled,
            seconds = seconds + excluded.seconds;
    """


def _take(row: str) -> str:
    here = f"(day, schedule) = ({_place(row)})"
    return f"""
        UPDATE run_days SET ({_COUNTS}) = (SELECT completed - ({row}.status = 'Completed'),
            failed - ({row}.status = 'Failed'), canceled - ({row}.status = 'Canceled'),
            max(0.0, seconds - {_SECONDS.format(row)})) WHERE {here};
        DELETE FROM run_days WHERE {here} AND completed + failed + canceled <= 0;
    """


def _trigger(name: str, event: str, when: str, body: str) -> str:
    return f"CREATE TRIGGER {name} AFTER {event} ON runs WHEN {when} BEGIN {body} END"


_WAS, _IS = f"OLD.status IN {_ENDED}", f"NEW.status IN {_ENDED}"
STATEMENTS: tuple[str, ...] = (
    # Who asked for it; NULL: nobody, or nobody who is known.
    "ALTER TABLE runs ADD COLUMN requested_by TEXT",
    """
    CREATE TABLE acts (
        number INTEGER PRIMARY KEY,
        at     TEXT NOT NULL,
        who    TEXT,
        what   TEXT NOT NULL,     -- enable, disable, trigger, cancel, run again ...
        kind   TEXT NOT NULL,     -- schedule, pipeline, run
        name   TEXT NOT NULL,
        run    TEXT               -- that came of it, or that it was about
    ) STRICT
    """,
    "CREATE INDEX acts_by_name ON acts (kind, name, number)",
    """
    CREATE TABLE run_days (
        day       TEXT NOT NULL,  -- of created_at, in UTC
        schedule  TEXT NOT NULL,  -- '': pipelines that were run without one
        completed INTEGER NOT NULL,
        failed    INTEGER NOT NULL,
        canceled  INTEGER NOT NULL,
        seconds   REAL NOT NULL,  -- that the completed ones took, together
        PRIMARY KEY (day, schedule)
    ) STRICT, WITHOUT ROWID
    """,
    f"""
    INSERT INTO run_days (day, schedule, {_COUNTS})
    SELECT substr(created_at, 1, 10) AS day, coalesce(schedule, '') AS place,
        sum(status = 'Completed'), sum(status = 'Failed'), sum(status = 'Canceled'),
        total({_SECONDS.format("r")})
    FROM runs r WHERE status IN {_ENDED} GROUP BY day, place
    """,
    _trigger("run_days_new", "INSERT", _IS, _add("NEW")),
    _trigger(
        "run_days_from", "UPDATE OF status, started_at, ended_at, schedule", _WAS, _take("OLD")
    ),
    _trigger("run_days_to", "UPDATE OF status, started_at, ended_at, schedule", _IS, _add("NEW")),
    _trigger("run_days_gone", "DELETE", _WAS, _take("OLD")),
    "CREATE INDEX fires_missed ON fires (due_at) WHERE outcome = 'missed'",
)
