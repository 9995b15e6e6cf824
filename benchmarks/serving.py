"""`serve` under load: how late fires are while pages and Azure's API are asked for, and memory.

serving.py [SECONDS] [RATE]: prints a Markdown table. 1,000 schedules fire, spread over that time,
and their runs are run; meanwhile another process asks for RATE things a second (200)
for SECONDS (60): pages, Azure Resource Manager, v1, and a few writes. What is asked keeps to its
own times whatever the answers do, so that a pause shows as lateness of many, and not of one.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

SCHEDULES = 1000
LEAD_SECONDS = 15
CLIENTS = 16
CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
"""
TOKEN = "benchmark-" + "t" * 32
BASE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
V1 = f"/pipelines/v1.0{BASE}"
VERSION = "api-version=2023-10-01"


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def fill(folder: Path, begin: datetime, duration: float) -> None:
    (folder / "schedules").mkdir()
    (folder / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    job = "type: command\ncommand: 'true'\ninputs: {rate: 1}\n"
    (folder / "schedules/job.yml").write_text(job, encoding="utf-8")
    texts = []
    for number in range(SCHEDULES):
        at = begin + timedelta(seconds=int(number * duration / SCHEDULES))
        texts.append(
            f"name: schedule-{number:04d}\n"
            "trigger: {type: recurrence, frequency: hour, interval: 1,"
            f" start_time: '{at:%Y-%m-%dT%H:%M:%S}'}}\n"
            "create_job: {job: ./job.yml, inputs: {rate: 2}}\n"
        )
    (folder / "schedules/all.yaml").write_text("---\n".join(texts), encoding="utf-8")
    done = [sys.executable, "-m", "reconciler", "apply", "--yes"]
    subprocess.run(done, cwd=folder, check=True, capture_output=True)


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    [line] = [line for line in text.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def seconds(pid: int) -> float:
    """CPU seconds that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ------------------------------------------------------------------------------- the other process


def asked(number: int) -> tuple[str, str, bytes | None]:
    """The method, address and body of a request: half pages, half API, a write in fifty."""
    name = f"schedule-{number * 37 % SCHEDULES:04d}"
    if number % 50 == 7:
        return "POST", f"{BASE}/schedules/{name}/trigger?{VERSION}", b"{}"
    paths = (
        "/",
        f"{BASE}/schedules?{VERSION}",
        "/schedules",
        f"{BASE}/schedules/{name}?{VERSION}",
        f"/schedules/{name}",
        f"{V1}/PipelineRuns/Schedule/{name}/Last",
        "/runs",
        f"{BASE}/jobs?{VERSION}",
        f"/schedules?q={name[-3:]}",
        f"{V1}/Schedules/{name}",
    )
    return "GET", paths[number % len(paths)], None


def load(address: str, link: str, rate: float, duration: float) -> dict[str, Any]:
    """What became of the requests: seconds each took from when it was due, and what failed."""
    host, _, port = address.removeprefix("http://").partition(":")
    signing = http.client.HTTPConnection(host, int(port))
    signing.request("GET", link.removeprefix(address))
    answer = signing.getresponse()
    cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
    numbers, guard = count(), threading.Lock()
    took: dict[str, list[float]] = {"page": [], "api": [], "write": []}
    failed: list[str] = []
    begin = time.monotonic() + 0.5

    def client() -> None:
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        while True:
            with guard:
                number = next(numbers)
            due = begin + number / rate
            if due > begin + duration:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            method, path, body = asked(number)
            is_api = path.startswith((BASE, "/pipelines/v1.0"))
            headers = {"Authorization": f"Bearer {TOKEN}"} if is_api else {"Cookie": cookie}
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                response.read()
                status = response.status
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                failed.append(f"{path}: {error!r}")
                continue
            kind = "write" if method != "GET" else "api" if is_api else "page"
            took[kind].append(time.monotonic() - due)
            if status not in (200, 204):
                failed.append(f"{path}: {status}")

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"took": took, "failed": failed, "seconds": time.monotonic() - begin}


# -------------------------------------------------------------------------------------- measuring


def events(log: Path) -> Iterator[dict[str, Any]]:
    for line in log.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def wait(log: Path, event: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for found in events(log):
            if found["event"] == event:
                return found
        time.sleep(0.05)
    sys.exit(f"serve did not say {event}:\n{log.read_text()}")


def lags(folder: Path, begin: datetime, end: datetime) -> list[float]:
    """Seconds after their instants at which fires were on the disk, by the log, which says so then;
    of those that were due in between.
    """
    with closing(sqlite3.connect(folder / "workspace.db")) as connection:
        missed = connection.execute(
            "SELECT count(*) FROM fires WHERE outcome = 'missed'"
        ).fetchone()
    if missed[0]:
        sys.exit(f"{missed[0]} fires were missed")
    found: list[float] = []
    for event in events(folder / "serve.log"):
        if event["event"] == "fired":
            stamp = event["run"].rpartition("-")[2]
            due = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if begin <= due <= end:
                found.append((datetime.fromisoformat(event["time"]) - due).total_seconds())
    return found


def measure(folder: Path, begin: datetime, duration: float, rate: float) -> None:
    log = folder / "serve.log"
    with log.open("wb") as out:
        serve = subprocess.Popen(
            [sys.executable, "-m", "reconciler", "serve", "--port", "0", "--log-format", "json"],
            cwd=folder,
            env=os.environ | {"RECONCILER_TOKEN": TOKEN},
            stdout=out,
            stderr=out,
        )
    try:
        address, link = wait(log, "serving")["address"], wait(log, "link")["url"]
        children = Path(f"/proc/{serve.pid}/task/{serve.pid}/children")
        time.sleep(max(0.0, (begin - datetime.now(UTC)).total_seconds() - 1))
        http_pid = int(children.read_text(encoding="ascii").split()[0])
        before = [(memory(pid), seconds(pid)) for pid in (serve.pid, http_pid)]
        asking = [sys.executable, __file__, "load", address, link, str(rate), str(duration)]
        done = subprocess.run(asking, stdout=subprocess.PIPE, check=True)
        after = [(memory(pid), seconds(pid)) for pid in (serve.pid, http_pid)]
        time.sleep(3)
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.wait(60)
    found = json.loads(done.stdout)
    report(lags(folder, begin, begin + timedelta(seconds=duration)), found, before, after, duration)


def report(
    late: list[float],
    found: dict[str, Any],
    before: list[tuple[float, float]],
    after: list[tuple[float, float]],
    duration: float,
) -> None:
    answered = sum(len(times) for times in found["took"].values())
    for line in found["failed"][:20]:
        print(line, file=sys.stderr)
    print("| Figure | Goal | Measured |\n|-|-|-|")
    lines = [
        ("fires in that time", "", f"{len(late):,}"),
        (
            "a fire after its instant, p50 / p99, s",
            "",
            f"{percentile(late, 0.5):.3f} / {percentile(late, 0.99):.3f}",
        ),
        ("the latest, s", "<= 1", f"{max(late):.3f}"),
        ("requests answered a second", ">= 200", f"{answered / found['seconds']:.0f}"),
        ("errors", "0", str(len(found["failed"]))),
    ]
    for kind, name in (("page", "a page"), ("api", "a call of an API"), ("write", "a write")):
        times = found["took"][kind]
        figures = " / ".join(f"{1000 * percentile(times, s):.0f}" for s in (0.5, 0.99, 1))
        lines.append((f"{name}, p50 / p99 / max, ms", "", figures))
    for index, name in enumerate(("engine", "HTTP")):
        grown = f"{before[index][0]:.0f} -> {after[index][0]:.0f}"
        lines.append((f"memory of the {name}'s process, before -> after, MiB", "", grown))
        share = 100 * (after[index][1] - before[index][1]) / duration
        lines.append((f"a core taken by the {name}'s process, %", "", f"{share:.0f}"))
    for figure, goal, measured in lines:
        print(f"| {figure} | {goal} | {measured} |")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["load"]:
        address, link = arguments[1:3]
        json.dump(load(address, link, float(arguments[3]), float(arguments[4])), sys.stdout)
        return
    duration = float(arguments[0]) if arguments else 60.0
    rate = float(arguments[1]) if arguments[1:] else 200.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=LEAD_SECONDS)
        fill(folder, begin, duration)
        measure(folder, begin, duration, rate)


if __name__ == "__main__":
    main(sys.argv[1:])
