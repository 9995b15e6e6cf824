"""The pages of targets under many of them: how long each takes at the server.

pages.py [TARGETS] [SCHEDULES] [REQUESTS]: prints a Markdown table. A state of TARGETS (200) targets
with SCHEDULES (10,000) schedules in all, of which one in fifty differs, a year of history, and a
pending plan in one target in ten, is shown by `reconciler ui`; each page is asked for REQUESTS (40)
times, one after another, and the seconds from the request to the last byte are counted.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.model import (
    Action,
    Change,
    Cron,
    FieldChange,
    Job,
    Key,
    LiveSchedule,
    Plan,
    Schedule,
    Source,
)
from reconciler.render.documents import plan_document
from reconciler.standings import schedule_rows
from reconciler.state import open_state
from reconciler.state.records import Condition, Conditions, CycleOutcome, CycleRecord, ResultRecord
from reconciler.state.standings import Standing

DIFFERING = 50
HISTORY = 50


def change(target: str, number: int) -> Change:
    name = f"schedule-{number:05d}"
    trigger = Cron(f"{number % 60} {number % 24} * * {number % 7}", time_zone="Europe/Lisbon")
    source = Source(f"schedules/{target}/{name}.yaml", 1)
    wanted = Schedule(Key(target, name), trigger, Job("azureml:score:1"), source=source)
    live = LiveSchedule(wanted, "us", f"f{number}", "ana", datetime.now(UTC), datetime.now(UTC))
    if number % DIFFERING:
        return Change(Action.NOOP, wanted.key, live, wanted)
    live = replace(live, schedule=replace(wanted, enabled=False))
    fields = (FieldChange(("is_enabled",), False, True),)
    why = "switched off live by ana"
    return Change(Action.UPDATE, wanted.key, live, wanted, fields, why, cause="live")


def fill(folder: Path, targets: int, schedules: int) -> None:
    """Write what that many cycles would have written."""
    now = datetime.now(UTC)
    each = schedules // targets
    with closing(open_state("state.db", folder)) as state:
        for number in range(targets):
            target = f"target-{number:03d}"
            first = number * each
            changes = tuple(change(target, n) for n in range(first, first + each))
            plan = Plan(target, "us", changes)
            counts, rows = schedule_rows(plan)
            differs = bool(plan.pending)
            outcome: CycleOutcome = "waiting" if differs else "in_sync"
            standing = Standing(
                *(target, now, outcome, "Observed", now + timedelta(hours=1), "c" * 40),
                *("Ana <ana@example.com>", "Score all cameras", now, None, None, counts),
            )
            state.standings.set(standing, rows)
            condition = Condition(not differs, "Observed", f"{len(plan.pending)} wait", now)
            off = replace(condition, status=False)
            state.conditions.set(target, Conditions(condition, off, off, "c" * 40, "c" * 40))
            pending = replace(plan, changes=plan.pending)
            document = plan_document(pending) if differs else None
            for day in range(HISTORY, -1, -1):
                at = now - timedelta(days=day)
                name = f"schedule-{first:05d}"
                results = (ResultRecord(name, "update", "updated"),) if day % 7 == 0 else ()
                state.history.record(
                    CycleRecord(
                        target,
                        at,
                        at,
                        outcome,
                        "Observed",
                        f"day {day}",
                        revision="c" * 40,
                        actor="loop",
                        plan=document if day == 0 else None,
                        results=results,
                    )
                )


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ask(connection: http.client.HTTPConnection, path: str, cookie: str) -> tuple[float, int]:
    """Seconds, and bytes."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
    return time.perf_counter() - began, len(body)


def cpu(pid: int) -> float:
    """CPU seconds that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path, targets: int, requests: int) -> list[tuple[str, Any]]:
    """By page: seconds of each request, bytes, and CPU seconds of the server for one."""
    command = [sys.executable, "-m", "reconciler", "ui", "--port", "0", "--state", "state.db"]
    command += ["--log-format", "json"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        link = ""
        while not link:
            said = json.loads(process.stderr.readline())
            link = said.get("url", "")
        host, _, rest = link.removeprefix("http://").partition("/")
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("GET", "/" + rest)
        answer = connection.getresponse()
        cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
        answer.read()
        found = []
        for path in PAGES:
            took, size, spent = [], 0, cpu(process.pid)
            for number in range(requests):
                each = f"{number * 7 % targets:03d}"
                named = re.sub(r"\{t\}", f"target-{each}", path)
                named = named.replace("{s}", f"{number * 7 % targets * 50:05d}")
                seconds, size = ask(connection, named, cookie)
                took.append(seconds)
            found.append((path, (took, size, (cpu(process.pid) - spent) / requests)))
        return found
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


PAGES = (
    "/targets",
    "/targets?sync=drift",
    "/targets/{t}",
    "/targets/{t}/plan",
    "/targets/{t}/schedules/schedule-{s}",
    "/control/schedules",
    "/control/schedules?sync=differs",
    "/control/schedules?q=schedule-09&page=3",
    "/control/calendar",
    "/control/history",
    "/control/history?show=changes",
    "/control/history?q=nobody",
    "/control/search?q=schedule-0777",
    "/control/version",
)


def paid(schedules: int) -> tuple[float, float]:
    """CPU seconds of a cycle for it: where everything is new, and where nothing is."""
    plan = Plan("all", "us", tuple(change("all", n) for n in range(schedules)))
    took = []
    with tempfile.TemporaryDirectory() as name, closing(open_state("s.db", Path(name))) as state:
        for _ in range(3):
            began = time.process_time()
            counts, rows = schedule_rows(plan)
            standing = Standing("all", datetime.now(UTC), "waiting", "Observed", counts=counts)
            state.standings.set(standing, rows)
            took.append(time.process_time() - began)
    return took[0], took[-1]


def main() -> None:
    targets = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    schedules = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    requests = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, targets, schedules)
        print(f"{targets:,} targets, {schedules:,} schedules; milliseconds\n")
        print("| page | first | median | p95 | slowest | CPU of one | KB |")
        print("|---|--:|--:|--:|--:|--:|--:|")
        for path, (took, size, spent) in measure(folder, targets, requests):
            ms = [1000 * seconds for seconds in took]
            figures = (ms[0], percentile(ms, 0.5), percentile(ms, 0.95), max(ms))
            print(f"| `{path}` | " + " | ".join(f"{one:.0f}" for one in figures), end="")
            print(f" | {1000 * spent:.0f} | {size / 1000:.0f} |")
    new, idle = paid(schedules)
    print(f"\nWhat a cycle pays, CPU: {idle:.2f} s where nothing is new, {new:.2f} s where all is.")


if __name__ == "__main__":
    main()
