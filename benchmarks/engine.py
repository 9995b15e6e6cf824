"""The engine against APScheduler 3: how late fires are, what idling costs, what a schedule weighs.

engine.py [COUNT]: prints a Markdown table. COUNT schedules (10,000 without it) are due in the same
second. Ours are rows of a SQLite file, and a fire counts when it and its run are on the disk;
APScheduler's are in its in-memory store, and a fire counts when its function is called. Each is
measured in a process of its own; lags are seconds after the instant.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LEAD_SECONDS = 12
IDLE_SECONDS = 20


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def memory() -> float:
    """Resident MiB now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def due_at() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=LEAD_SECONDS)


# ---------------------------------------------------------------------------------------- ours


def fill(path: Path, count: int, start: datetime) -> None:
    """A workspace with `count` schedules that fire first at `start`."""
    from reconciler.workspace.store.database import Database
    from reconciler.workspace.store.schedules import NewSchedule, Publication, Store

    store = Store(path)
    document = '{"command":"true","type":"command"}'
    store.publish(Publication("job", "0" * 64, document, "job.yml"), datetime.now(UTC))
    store.close()
    now = datetime.now(UTC).isoformat()
    trigger = {"type": "recurrence", "frequency": "day", "interval": 1}
    trigger |= {"start_time": start.replace(tzinfo=None).isoformat(), "time_zone": "UTC"}
    database = Database(path)
    with database.writing() as connection:
        for number in range(count):
            name = f"schedule-{number:05d}"
            new = NewSchedule(
                name,
                "us",
                {
                    "name": name,
                    "trigger": trigger,
                    "create_job": {"job": "azureml:job", "experiment_name": name},
                    "is_enabled": True,
                },
                "job",
            )
            connection.execute(
                "INSERT INTO schedules (name, owner, enabled, document, fingerprint, pipeline,"
                " created_at, modified_at, since) VALUES (?, 'us', 1, ?, ?, 'job', ?, ?, ?)",
                (name, new.text, new.fingerprint, now, now, now),
            )
    database.close()


def ours(count: int, idle: bool) -> dict[str, Any]:
    """Lags of `count` fires, or what the engine costs while nothing is due."""
    from reconciler.workspace.engine.engine import Engine
    from reconciler.workspace.engine.executor import Settings
    from reconciler.workspace.store.schedules import Store

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workspace.db"
        start = (
            due_at() if not idle else datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        )
        fill(path, count, start)
        lags: list[float] = []
        all_fired = threading.Event()

        def log(event: str, **fields: Any) -> None:
            if event == "fired":  # logged once the transaction is on the disk
                lags.append(time.time() - start.timestamp())
                if len(lags) == count:
                    all_fired.set()

        before = memory()
        settings = Settings(Path(folder) / "runs", Path(folder), {}, max_runs=1, grace=1)
        engine = Engine(Store(path, durable=True), settings, datastores={}, log=log)
        thread = threading.Thread(target=engine.run)
        thread.start()
        result = idling(before, count) if idle else fired(all_fired, lags)
        engine.stop()
        thread.join()
        return result


def fired(done: threading.Event, lags: list[float]) -> dict[str, Any]:
    done.wait(120)
    return {
        "count": len(lags),
        "p50": percentile(lags, 0.50),
        "p99": percentile(lags, 0.99),
        "max": max(lags),
    }


def idling(before: float, count: int) -> dict[str, Any]:
    # The wait is what is measured: the CPU time that passes while nothing is to be done.
    time.sleep(3)
    loaded = memory()
    start, cpu = time.monotonic(), time.process_time()
    time.sleep(IDLE_SECONDS)
    share = (time.process_time() - cpu) / (time.monotonic() - start) * 100
    return {"core_percent": share, "kib_each": (loaded - before) * 1024 / count}


# --------------------------------------------------------------------------------- APScheduler


def theirs(count: int, idle: bool) -> dict[str, Any]:
    from apscheduler.schedulers.background import BackgroundScheduler

    start = due_at() if not idle else datetime.now(UTC) + timedelta(days=1)
    lags: list[float] = []
    done = threading.Event()

    def job() -> None:
        lags.append(time.time() - start.timestamp())
        if len(lags) == count:
            done.set()

    before = memory()
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"misfire_grace_time": None})
    for number in range(count):
        scheduler.add_job(job, "interval", days=1, start_date=start, id=str(number))
    scheduler.start()
    result = idling(before, count) if idle else fired(done, lags)
    scheduler.shutdown(wait=False)
    return result


# ----------------------------------------------------------------------------------------- all

KINDS: dict[str, Callable[[int, bool], dict[str, Any]]] = {"ours": ours, "theirs": theirs}


def measure(kind: str, count: int, idle: bool) -> dict[str, Any]:
    command = [sys.executable, __file__, str(count), kind, "idle" if idle else "due"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(count: int) -> None:
    try:
        import apscheduler  # noqa: F401

        kinds = list(KINDS)
    except ImportError:
        kinds = ["ours"]
    due = {kind: [measure(kind, count, False) for _ in range(3)] for kind in kinds}
    idle = {kind: measure(kind, count, True) for kind in kinds}
    print(f"\n## The engine, {count:,} schedules\n")
    print("| | ours, committed to disk | APScheduler 3, in memory | ratio | goal |")
    print("|-|-|-|-|-|")
    for name in ("p50", "p99", "max"):
        values = {kind: sorted(run[name] for run in due[kind])[1] for kind in kinds}
        row(
            f"lag of fires due in one second, {name}, s",
            values,
            "p99 <= 0.2" if name == "p99" else "",
        )
    row("a core while idle, %", {k: idle[k]["core_percent"] for k in kinds}, "ours < 0.5")
    row("memory of a schedule, KiB", {k: idle[k]["kib_each"] for k in kinds}, "")


def row(name: str, values: dict[str, float], goal: str) -> None:
    mine, other = values["ours"], values.get("theirs")
    shown = "not installed" if other is None else f"{other:.3f}"
    ratio = "" if not other else f"{mine / other:.2f}"
    print(f"| {name} | {mine:.3f} | {shown} | {ratio} | {goal} |")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(KINDS[sys.argv[2]](int(sys.argv[1]), sys.argv[3] == "idle")))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
