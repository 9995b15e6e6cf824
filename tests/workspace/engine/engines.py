"""An engine whose clock the test moves, over a real workspace file."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from helpers import schedule

from reconciler.document import document_from_schedule
from reconciler.workspace.datastores.datastore import Datastore
from reconciler.workspace.engine.engine import Engine
from reconciler.workspace.engine.executor import Settings
from reconciler.workspace.store.database import StoreError
from reconciler.workspace.store.ledger import Ledger
from reconciler.workspace.store.records import RunRow
from reconciler.workspace.store.runs import Runs
from reconciler.workspace.store.schedules import NewSchedule, Publication, Store

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
EVERY_MINUTE = {"type": "cron", "expression": "* * * * *"}
QUARTER = {"type": "recurrence", "frequency": "minute", "interval": 15}
ECHO = {"type": "command", "command": "echo hello"}
PATIENCE = 30.0
"""Seconds until something that must happen is given up."""


@dataclass
class Clock:
    """What time it is."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float = 0.0, **more: float) -> None:
        self.now += timedelta(seconds=seconds, **more)


@dataclass
class Bench:
    """A workspace with an engine, step by step."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    datastores: Mapping[str, Datastore] = field(default_factory=dict)
    max_runs: int = 0
    """0: runs are recorded, and not started."""
    grace: float = 5.0
    busy_seconds: float = 0.05
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path = self.folder / "workspace.db"
        self.store = Store(self.path, actor="a test")
        self.runs = Runs(self.store.database)
        self.ledger = Ledger(self.store.database)
        self._engines: list[Engine] = []

    # ------------------------------------------------------------------------------ the schedules

    def put(
        self,
        name: str = "s",
        trigger: Mapping[str, Any] = QUARTER,
        *,
        job: Mapping[str, Any] = ECHO,
        enabled: bool = True,
        inputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Create or replace a schedule, at the clock's time."""
        create = {"job": "azureml:job", "inputs": inputs or {}}
        made = schedule(name, trigger=trigger, create_job=create, is_enabled=enabled)
        text = json.dumps(job)
        publication = Publication("job", hashlib.sha256(text.encode()).hexdigest(), text, "job.yml")
        marks = self.store.marks()
        self.store.put_schedule(
            NewSchedule(name, "us", document_from_schedule(made), "job"),
            expected=marks[name][0] if name in marks else None,
            publication=publication,
            now=self.clock.now,
        )

    def watch(self, name: str = "s", path: str = "", minutes: int = 1, **options: Any) -> None:
        """Create or replace a schedule that fires on changes in the datastore `inbox`."""
        trigger = {"type": "datastore", "datastore": "inbox", "polling_interval": minutes}
        if path:
            trigger["path_on_datastore"] = path
        trigger["data_path_parameter_name"] = "file"
        job = {"type": "command", "command": "echo ${{inputs.file}}", "inputs": {"file": "none"}}
        self.put(name, trigger, job=options.pop("job", job), **options)

    # --------------------------------------------------------------------------------- the engine

    def start(self) -> Engine:
        """An engine of its own connection, started; it takes the place of the one before."""
        store = Store(self.path, busy_seconds=self.busy_seconds)
        settings = Settings(
            self.folder / "runs",
            self.folder,
            dict(os.environ),
            max_runs=self.max_runs,
            grace=self.grace,
        )
        engine = Engine(store, settings, datastores=self.datastores, log=self.log, clock=self.clock)
        engine.start()
        self._engines.append(engine)
        return engine

    @property
    def engine(self) -> Engine:
        return self._engines[-1]

    def close(self) -> None:
        for engine in self._engines:
            engine._shut_down()
        self.store.close()

    def log(self, event: str, **fields: Any) -> None:
        self.events.append((event, fields))

    def tick(self, seconds: float = 0.0, times: int = 1) -> None:
        """Let the clock go on, and the engine look at it."""
        for _ in range(times):
            self.clock.go(seconds)
            self.engine.tick()

    def until(self, condition: Callable[[], object]) -> None:
        """Tick, without the clock going on, until something that threads do has happened."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.engine.tick()
            if condition():
                return
            assert time.monotonic() < deadline, self.events
            time.sleep(0.002)

    def look(self, seconds: float = 60.0, name: str = "s") -> None:
        """Let the clock go on, and wait until the look that is then due has ended."""
        self.clock.go(seconds)
        self.engine.tick()
        looks = self.engine._poller
        self.until(lambda: looks._watches[name].next_look.year < 9999)

    # ------------------------------------------------------------------------------- what it did

    def names(self) -> list[str]:
        """The runs, by name."""
        return sorted(row.name for row in self.runs.newest(limit=10_000))

    def due(self, name: str = "s") -> list[datetime]:
        """When the runs of a schedule were due, in order."""
        return sorted(row.due_at for row in self.runs.newest(schedule=name, limit=10_000))

    def files(self, name: str = "s") -> list[str]:
        """The files that runs of a schedule were started for, by name, without their folder."""
        rows = self.runs.newest(schedule=name, limit=10_000)
        return sorted(str(row.data_path).rpartition("/")[2] for row in rows)

    def missed(self, name: str = "s") -> int:
        return sum(f.number for f in self.ledger.fires(name, 10_000) if f.outcome == "missed")

    def said(self, event: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.events if name == event]

    def run(self, name: str) -> RunRow:
        row = self.runs.get(name)
        assert row is not None
        return row

    def ended(self, *names: str) -> bool:
        open_ones = ("NotStarted", "Running")
        return all(self.run(name).status not in open_ones for name in names or self.names())

    def printed(self, name: str, step: str = "command") -> str:
        return (self.folder / "runs" / name / "logs" / f"{step}.log").read_text()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is writing."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def integrity(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])


def wait_for(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Until something that another process does has happened."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


__all__ = ["Bench", "Clock", "StoreError", "integrity", "locked", "wait_for"]
