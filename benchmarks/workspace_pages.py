"""Every page of the workspace with very many runs: how long the server takes for each.

workspace_pages.py [SCHEDULES] [RUNS] [REQUESTS] [FOLDER]: prints a Markdown table of p50 and p95 of
REQUESTS (40) answers of each page, one at a time, over HTTP on loopback: the CPU time that server
and client take, and the time on the wall, which is more where others use the machine. There are
SCHEDULES (10,000) and RUNS (1,000,000) of the last 14 days; FOLDER keeps them for another time. It
measures the package that Python finds, so that an earlier one can be measured with it:
PYTHONPATH=EARLIER python benchmarks/workspace_pages.py.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from reconciler.web.serving.server import Running
from reconciler.web.settings import Site
from reconciler.web.tokens import Tokens
from reconciler.workspace.store.schedules import Publication, Store

DAYS = 14
TEAMS = ("fraud", "churn", "pricing", "search", "vision")
RUN = (
    "INSERT INTO runs (name, schedule, experiment, pipeline, version, cause, due_at, inputs,"
    " status, created_at, started_at, ended_at, message)"
    " VALUES (?, ?, ?, ?, ?, 'time', ?, ?, ?, ?, ?, ?, ?)"
)


def fill(path: Path, schedules: int, runs: int, now: datetime) -> None:
    """The workspace: 1,440 fires a day of one schedule, the rest spread over the others."""
    store = Store(path, actor="benchmark")
    versions = []
    for number in range(max(1, schedules // 50)):
        document = {"type": "command", "command": f"echo {number}", "inputs": {"rate": 1}}
        text = json.dumps(document, sort_keys=True)
        digest = sha256(text.encode()).hexdigest()
        publication = Publication(f"pipeline-{number:04d}", digest, text, f"jobs/{number}.yml")
        store.publish(publication, now)
        versions.append(publication.version)
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        names = [f"{TEAMS[n % len(TEAMS)]}-{n:05d}" for n in range(schedules)]
        for number, name in enumerate(names):
            expression = "* * * * *" if number == 0 else f"{number % 60} {number % 24} * * *"
            trigger = {"type": "cron", "expression": expression, "time_zone": "Europe/Lisbon"}
            pipeline = number % len(versions)
            declared: dict[str, Any] = {
                "name": name,
                "trigger": trigger,
                "create_job": f"azureml:pipeline-{pipeline:04d}:{versions[pipeline]}",
                "is_enabled": number % 40 != 3,
            }
            connection.execute(
                "INSERT INTO schedules (name, owner, enabled, document, fingerprint, pipeline,"
                " created_at, modified_at, since) VALUES (?, 'us', ?, ?, ?, ?, ?, ?, ?)",
                (
                    name,
                    int(declared["is_enabled"]),
                    json.dumps(declared),
                    sha256(name.encode()).hexdigest(),
                    f"pipeline-{pipeline:04d}",
                    *[(now - timedelta(days=DAYS)).isoformat()] * 3,
                ),
            )
        connection.executemany(RUN, run_rows(names, versions, runs, now))
        connection.execute(
            "INSERT INTO fires (schedule, key, due_at, recorded_at, outcome, run) SELECT schedule,"
            " due_at, due_at, due_at, 'run', name FROM runs WHERE true ON CONFLICT DO NOTHING"
        )
        connection.commit()


def run_rows(
    names: list[str], versions: list[str], runs: int, now: datetime
) -> Iterator[tuple[Any, ...]]:
    """Runs, the oldest first; one in 25 failed, one in 300 canceled."""
    often = min(runs // 4, DAYS * 1440)
    span = timedelta(days=DAYS)
    for number in range(runs):
        place = 0 if number < often else 1 + number % (len(names) - 1 or 1)
        share = number / often if number < often else (number - often) / max(1, runs - often)
        due = (now - span + span * share).replace(microsecond=number % 1000)
        status = "Failed" if number % 25 == 7 else "Canceled" if number % 300 == 8 else "Completed"
        pipeline = place % len(versions)
        ended = due + timedelta(seconds=20 + number * 7919 % 900)
        yield (
            *(f"{names[place]}-{number:07d}", names[place], names[place]),
            *(f"pipeline-{pipeline:04d}", versions[pipeline], due.isoformat(), '{"rate": 2}'),
            *(status, due.isoformat(), due.isoformat(), ended.isoformat()),
            "step command exited with 1" if status == "Failed" else None,
        )


def pages(names: tuple[str, str], run: str, day: str) -> list[str]:
    """Addresses of every page, those of the largest lists too."""
    often, name = names
    return [
        "/",
        "/schedules",
        "/schedules?page=100",
        "/schedules?q=fraud&sort=-ran",
        "/schedules?last=Failed",
        "/schedules?sort=next",
        f"/schedules/{name}",
        f"/schedules/{often}",
        "/pipelines",
        "/pipelines/pipeline-0003",
        "/runs",
        "/runs?status=Failed",
        "/runs?group=schedule",
        f"/runs?day={day}&sort=longest",
        "/runs?page=2000",
        f"/runs/{run}",
        "/experiments",
        "/experiments?page=100",
        "/calendar",
        "/history",
    ]


def measure(site: Site, addresses: list[str], requests: int) -> None:
    """Ask for each, and print what it took; the first answer of each is not counted."""
    with Running(site) as running:
        host, _, port = running.address.removeprefix("http://").partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=120)
        connection.request("GET", f"/login?code={site.tokens.new_link(time.time(), 'read')}")
        signed_in = connection.getresponse()
        signed_in.read()
        cookie = str(signed_in.getheader("Set-Cookie")).partition(";")[0]
        print(
            "| page | CPU p50, ms | CPU p95, ms | wall p50, ms | wall p95, ms | first, ms | KiB |"
        )
        print("|-|-:|-:|-:|-:|-:|-:|")
        for address in addresses:
            took, worked, size = list[float](), list[float](), 0
            for _ in range(requests + 1):
                begin, used = time.perf_counter(), time.process_time()
                connection.request("GET", address, headers={"Cookie": cookie})
                answer = connection.getresponse()
                size = len(answer.read())
                if answer.status != 200:
                    sys.exit(f"{address}: {answer.status}")
                worked.append(1000 * (time.process_time() - used))
                took.append(1000 * (time.perf_counter() - begin))
            figures = [share(of[1:], part) for of in (worked, took) for part in (0.5, 0.95)]
            told = " | ".join(f"{figure:.0f}" for figure in (*figures, took[0], size / 1024))
            print(f"| {address} | {told} |", flush=True)


def share(values: list[float], part: float) -> float:
    """The value that so many of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def main(arguments: list[str]) -> None:
    """Fill and measure."""
    schedules, runs, requests = (
        int(arguments[place]) if len(arguments) > place else default
        for place, default in enumerate((10_000, 1_000_000, 40))
    )
    with tempfile.TemporaryDirectory() as made:
        folder = Path(arguments[3]) if len(arguments) > 3 else Path(made)
        path = folder / "workspace.db"
        now = datetime.now(UTC)
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            fill(path, schedules, runs, now)
        with closing(sqlite3.connect(path)) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM schedules")]
            run = connection.execute(
                "SELECT name FROM runs WHERE status = 'Failed' ORDER BY created_at DESC LIMIT 1"
            ).fetchone()[0]
        day = (now - timedelta(days=1)).date().isoformat()
        site = Site(path, folder / "runs", "local", "us", Tokens("f" * 40, "r" * 40), base=folder)
        chosen = (next(n for n in names if n.endswith("-00000")), names[len(names) // 2])
        measure(site, pages(chosen, run, day), requests)


if __name__ == "__main__":
    main(sys.argv[1:])
