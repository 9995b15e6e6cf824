"""What Prefect takes: prefect_beside.py DUE STEPS, run by a Python that has it; JSON of rows.

Its own server on SQLite in a folder that goes away. A deployment has one cron schedule. Its server
looks for runs to make every few seconds and makes them ahead of time; a fire counts when the server
hands it out to a worker, played by one call a second. A step is a task that starts a shell.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

POOL = "pool"


def main(due: int, steps: int) -> list[tuple[str, str]]:
    """The rows."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        os.environ |= {
            "PREFECT_HOME": name,
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_LOGGING_LEVEL": "ERROR",
            "DO_NOT_TRACK": "1",
        }
        words = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        with (Path(name) / "log").open("wb") as log:
            server = subprocess.Popen([sys.executable, *words], stdout=log, stderr=log)
        try:
            return measure(due, steps)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


def measure(due: int, steps: int) -> list[tuple[str, str]]:
    import httpx

    prefect = import_module("prefect")
    api = httpx.Client(base_url=os.environ["PREFECT_API_URL"], timeout=120)

    def post(path: str, /, **body: Any) -> Any:
        while True:  # its database may be busy; what is made again under its name is the same
            try:
                answer = api.post(path, json=body)
            except httpx.TransportError:
                continue
            if answer.status_code != 503:
                break
            time.sleep(0.1)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            api.get("/health").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.2)
    post("/work_pools/", name=POOL, type="process")
    flow = post("/flows/", name="flow")["id"]
    at = datetime.now(UTC) + timedelta(seconds=10 + due / 5)
    at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)

    def deploy(number: int) -> None:
        schedule = {"cron": f"{at.minute} {at.hour} * * *", "timezone": "UTC"}
        post(
            "/deployments/", name=f"d{number}", flow_id=flow, work_pool_name=POOL,
            schedules=[{"schedule": schedule, "active": True}], entrypoint="flow.py:flow", path=".",
        )  # fmt: skip

    name = f"Prefect {prefect.__version__}"
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(deploy, range(due)))
    took = time.monotonic() - began
    rows = [(f"{name}: {due:,} deployments created", f"{took:.1f} s, {due / took:.0f} a second")]
    began = time.monotonic()
    found = 0
    while page := post("/deployments/filter", limit=200, offset=found, sort="NAME_ASC"):
        found += len(page)
    rows.append((f"{name}: {found:,} listed", f"{time.monotonic() - began:.1f} s"))
    late = "" if datetime.now(UTC) < at else " (made later than that)"
    rows.append(
        (f"{name}: {due:,} due at once, handed out after", handed_out(post, due, at) + late)
    )
    took_of = [chained(steps) for _ in range(3)]
    rows.append((f"{name}: a step in a chain of {steps}", f"{median(took_of) / steps:.3f} s"))
    return rows


def handed_out(post: Any, due: int, at: datetime) -> str:
    """When each of `due` runs was first handed out, after its instant."""
    seen: dict[str, float] = {}
    while len(seen) < due and datetime.now(UTC) < at + timedelta(minutes=3):
        now = datetime.now(UTC)
        if now >= at:
            path = f"/work_pools/{POOL}/get_scheduled_flow_runs"
            given = post(path, scheduled_before=now.isoformat(), limit=due)
            lag = (datetime.now(UTC) - at).total_seconds()
            for one in given:
                seen.setdefault(one["flow_run"]["id"], lag)
        time.sleep(1)
    lags = sorted(seen.values())
    if not lags:
        return "none in 3 minutes"
    place = [lags[min(len(lags) - 1, int(share * len(lags)))] for share in (0.5, 0.99, 1.0)]
    count = "" if len(lags) == due else f" ({len(lags):,} of them)"
    return "p50 {:.1f}, p99 {:.1f}, max {:.1f} s".format(*place) + count


def chained(steps: int) -> float:
    """Seconds of one run of a chain of tasks, in this process."""
    prefect = import_module("prefect")

    def step(before: int) -> int:
        subprocess.run(["sh", "-c", f"echo {before}"], check=True, stdout=subprocess.DEVNULL)
        return before + 1

    task = prefect.task(step)

    def chain() -> None:
        number = 0
        for _ in range(steps):
            number = task(number)

    flow = prefect.flow(chain)
    began = time.monotonic()
    flow()
    return time.monotonic() - began


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
