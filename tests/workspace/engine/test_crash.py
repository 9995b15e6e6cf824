"""Kills at any moment: `kill -9` of a workspace under load, again and again.

The process that is killed is the engine itself, over a clock that goes a hundred times as fast, so
that schedules of every minute fire several times between two kills; data triggers and runs by
hand come beside them. Each run appends its name to one file.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helpers import ROOT, environment

from reconciler.firing import next_fires
from reconciler.model import Cron
from reconciler.workspace.store.records import NewRun
from reconciler.workspace.store.schedules import Store
from workspace.engine.engines import Bench, Clock, integrity

SPEED = 100
TIMED = 40
WATCHED = 3
DRIVER = Path(__file__).with_name("crash_driver.py")


@pytest.mark.parametrize(
    "kills", [5, pytest.param(200, marks=pytest.mark.torture)], ids=["brief", "torture"]
)
def test_kills_under_load(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    bench = load(tmp_path)
    reached: list[tuple[datetime, datetime]] = []
    dropped = by_hand = 0
    origin = time.time()
    for number in range(kills):
        process = start(tmp_path, origin)
        try:
            until = time.monotonic() + chance.uniform(0.0, 0.9)
            while time.monotonic() < until:
                (tmp_path / f"inbox/{number}-{dropped}").write_text(str(dropped))
                dropped += 1
                at = datetime.now(UTC)
                bench.runs.add(NewRun("hand", "e", "job", None, "manual", at), at)
                by_hand += 1
                time.sleep(0.05)
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        assert integrity(bench.path) == "ok"
        reached += ticks(tmp_path)
    finish(tmp_path, origin, bench, patience=120 if kills > 50 else 15)
    check(tmp_path, bench, reached, dropped, by_hand, kills)
    bench.close()


def load(folder: Path) -> Bench:
    """Schedules that fire every minute, schedules that watch, and a job that leaves a mark."""
    (folder / "inbox").mkdir()
    bench = Bench(folder, clock=Clock(datetime.now(UTC) - timedelta(seconds=1)), busy_seconds=30)
    job = {
        "type": "command",
        # One write of O_APPEND: a line is whole or not there.
        "command": f"echo ${{{{name}}}} >> {folder}/marks",
        "inputs": {"file": {"type": "string", "optional": True}},
    }
    for number in range(TIMED):
        bench.put(f"timed{number}", {"type": "cron", "expression": "* * * * *"}, job=job)
    for number in range(WATCHED):
        bench.watch(f"watch{number}", job=job)
    return bench


def start(folder: Path, origin: float, *options: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), str(folder), str(origin), str(SPEED), *options],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ticks(folder: Path) -> list[tuple[datetime, datetime]]:
    """When the last engine was up: from its start to the end of the last tick that it completed."""
    lines = (folder / "ticks").read_text().splitlines()
    (folder / "ticks").unlink()
    moments = []
    for line in lines:
        with suppress(ValueError):  # the last one may be cut off
            moments.append(datetime.fromisoformat(line))
    return [(moments[0], moments[-1])] if moments else []


def finish(folder: Path, origin: float, bench: Bench, patience: float) -> None:
    """One more engine that is left alone until every file was seen, and nothing waits or for
    `patience` seconds: at this speed more may be due than two cores can ever run.
    """
    process = start(folder, origin)
    dropped = {path.name for path in (folder / "inbox").iterdir()}
    begun = time.monotonic()
    while (passed := time.monotonic() - begun) < 120:
        seen = [set(bench.files(f"watch{number}")) for number in range(WATCHED)]
        unseen = any(dropped - files for files in seen)
        if not unseen and (passed > patience or not bench.runs.waiting(1)):
            break
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # faulthandler says on standard error where it hangs
        process.communicate()
    assert process.returncode == 0


def check(
    folder: Path,
    bench: Bench,
    reached: list[tuple[datetime, datetime]],
    dropped: int,
    by_hand: int,
    kills: int,
) -> None:
    assert integrity(bench.path) == "ok"
    rows = {row.name: row for row in bench.runs.newest(limit=1_000_000)}
    # No run was executed twice, and none that is not recorded.
    marks = Counter((folder / "marks").read_text().split())
    assert not [name for name, times in marks.items() if times > 1]
    assert marks.keys() <= rows.keys()
    # What is recorded as completed was executed; what was not, an engine was killed over.
    statuses = Counter(row.status for row in rows.values())
    assert {name for name, row in rows.items() if row.status == "Completed"} <= marks.keys()
    assert statuses.keys() <= {"Completed", "Failed", "Canceled", "NotStarted"}
    # Each due fire that an engine reached is recorded once, and each fire has its run.
    fires = fired(bench)
    for began, ended in reached:
        due = set(next_fires(Cron("* * * * *"), began, ended, began))
        for number in range(TIMED):
            name = f"timed{number}"
            assert due <= fires[name].keys() | late(bench, name), (began, ended)
    assert not [one for times in fires.values() for one in times.values() if one > 1]
    # Every file started one run of each schedule that watches, every request its own.
    for number in range(WATCHED):
        files = Counter(bench.files(f"watch{number}"))
        assert len(files) == dropped
        assert set(files.values()) <= {1}
    assert sum(row.cause == "manual" for row in rows.values()) == by_hand
    sys.stdout.write(
        f"\n{kills} kills: {len(rows)} runs ({dict(statuses)}), {len(marks)} executed,"
        f" {sum(map(len, fires.values()))} fires by time, {dropped} files, {by_hand} by hand\n"
    )


def late(bench: Bench, name: str) -> set[datetime]:
    """Instants that were missed: at this speed, a machine that halts for a moment is late."""
    rows = [row for row in bench.ledger.fires(name, 1_000_000) if row.outcome == "missed"]
    return {row.due_at + timedelta(minutes=n) for row in rows for n in range(row.number)}


def fired(bench: Bench) -> dict[str, Counter[datetime]]:
    """By schedule, how many runs each instant has; no run of a time schedule is without a fire."""
    found: dict[str, Counter[datetime]] = {f"timed{n}": Counter() for n in range(TIMED)}
    with closing(Store(bench.path)) as store:
        recorded = {
            row[0] for row in store.database.read("SELECT run FROM fires WHERE run IS NOT NULL")
        }
    for row in bench.runs.newest(limit=1_000_000):
        if row.cause != "manual":
            assert row.name in recorded
        if row.cause == "time":
            assert row.schedule is not None
            found[row.schedule][row.due_at] += 1
    return found


@pytest.fixture(autouse=True)
def _no_processes_are_left(tmp_path: Path) -> Iterator[None]:
    yield
    from reconciler.workspace.execution.orphans import end_orphans

    end_orphans(tmp_path / "workspace.db")
