"""Temporal as a target: create, list and plan, how late fires are, what a step costs; and Prefect.

temporal.py [COUNT] [DUE]: prints Markdown. COUNT schedules (10,000) are applied to a development
server of Temporal, in memory (`make temporal`), listed, planned; DUE schedules (1,000) fire at one
instant, with a worker that has nothing else to do; a chain of steps is run. Ours are whole
commands, so starting Python, reading, checking and publishing are in their times. A fire's lag is
from its instant to the start that the server recorded.

Beside it Prefect with its own server on SQLite, where `pip install prefect` went into
.cache/prefect: as many deployments as are due, made by its API with 8 threads,
listed, and due at one instant; a fire's lag is until its server hands it out to a worker that asks
each second (prefect_beside.py). All in one run, one after the other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
PREFECT = ROOT / ".cache/prefect/bin/python"

from run import RECONCILER, Command, Cost, run  # noqa: E402

Row = tuple[str, str]
STEPS = 21
CONFIG = """\
owner: us
schedules: [schedules]
limits: {{}}
targets:
  big: {{provider: temporal, address: "{address}", namespace: one, store: store}}
  due: {{provider: temporal, address: "{address}", namespace: two, store: store}}
  steps: {{provider: temporal, address: "{address}", namespace: three, store: store}}
default_target: big
"""
SCHEDULE = """\
name: s{number:05d}
targets: [{target}]
trigger: {{type: cron, expression: "{minute} {hour} * * *"}}
create_job: ./job.yml
"""
CHAIN = """\
  s{number}:
    command: echo {number} > ${{{{outputs.o}}}}/o
    inputs: {inputs}
    outputs: {{o: }}
"""


def command(folder: Path, *words: str) -> Command:
    return Command(words[0], (RECONCILER, *words), folder)


def declare(folder: Path, target: str, count: int, at: datetime | None = None) -> None:
    """Schedules at every minute of the day in turn, or all of them at one."""

    def text(number: int) -> str:
        minute = number if at is None else at.hour * 60 + at.minute
        return SCHEDULE.format(
            number=number, target=target, minute=minute % 60, hour=minute // 60 % 24
        )

    for old in (folder / "schedules").glob("*.yaml"):
        old.unlink()
    for first in range(0, count, 1_000):
        part = "---\n".join(text(number) for number in range(first, min(first + 1_000, count)))
        (folder / f"schedules/from-{first}.yaml").write_text(part, encoding="utf-8")


def ours(count: int, due: int) -> Iterator[Row]:
    """The rows of Temporal."""
    served = import_module("providers.temporal.server").served  # of the tests

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("server", "schedules"):
            (folder / part).mkdir()
        with served(folder / "server") as server:
            (folder / "reconciler.yaml").write_text(CONFIG.format(address=server.address))
            (folder / "schedules/job.yml").write_text("type: command\ncommand: 'true'\n")
            pace = yield from many(folder, count, server.address)
            yield from at_once(folder, due, server.address, pace)
            yield from steps(folder)


def many(folder: Path, count: int, address: str) -> Generator[Row, None, float]:
    """Returns how many seconds a schedule took to be made."""
    declare(folder, "big", count)
    made = run(command(folder, "apply", "--yes"))
    yield f"{count:,} created by `apply`", f"{_cost(made)}, {count / made.wall:.0f} a second"
    provider = _namespace(address, "one").as_owner("us")
    began, before = time.monotonic(), time.process_time()
    assert len(provider.list()) == count
    took, cpu = time.monotonic() - began, time.process_time() - before
    yield f"{count:,} listed, each described", f"{took:.1f} s, {cpu:.1f} s of CPU"
    yield f"{count:,} planned, nothing to do", _cost(run(command(folder, "plan")))
    return made.wall / count


def at_once(folder: Path, count: int, address: str, pace: float) -> Iterator[Row]:
    """How long after their instant `count` schedules fire."""
    at = datetime.now(UTC) + timedelta(minutes=2, seconds=count * pace * 1.5)
    at = at.replace(second=0, microsecond=0)
    declare(folder, "due", count, at)
    run(command(folder, "apply", "--target", "due", "--yes"))
    assert datetime.now(UTC) < at, "applying took until it was due"
    with worker(folder, "due"):
        lags, ended = fired(address, count, at)
    missed = f"; {count - len(lags):,} missed, late by a minute" if len(lags) < count else ""
    yield f"{count:,} due at once: fired after", f"{spread(lags)} s{missed}"
    yield f"{count:,} due at once: one worker of 4 steps has run all", f"{ended:.0f} s"


def fired(address: str, count: int, at: datetime) -> tuple[list[float], float]:
    """Of each run the seconds to its start; and those to the end of the last. What could only
    start a minute late is missed, and is none.
    """
    from reconciler.providers.temporal.connection import Background

    connection = _namespace(address, "two").connection

    async def runs() -> list[Any]:
        client = await connection.client()
        query = 'WorkflowType = "ReconcilerRun"'
        return [one async for one in client.list_workflows(query)]

    deadline, all_begun = at + timedelta(minutes=30), at + timedelta(minutes=3)
    while datetime.now(UTC) < deadline:
        found = Background.run(runs()) if datetime.now(UTC) > at else []
        begun = len(found) >= count or (found and datetime.now(UTC) > all_begun)
        if begun and all(one.close_time for one in found):
            starts = [(one.start_time - at).total_seconds() for one in found]
            return starts, max((one.close_time - at).total_seconds() for one in found)
        time.sleep(2)
    sys.exit(f"{len(found)} of {count} runs 30 minutes after their instant")


def steps(folder: Path) -> Iterator[Row]:
    """What a step more costs in a chain, of which each hands a file to the next."""
    before = ["{}"] + [f'{{i: "${{{{parent.jobs.s{n}.outputs.o}}}}"}}' for n in range(STEPS - 1)]
    jobs = "".join(CHAIN.format(number=n, inputs=before[n]) for n in range(STEPS))
    (folder / "schedules/chain.yml").write_text(f"type: pipeline\njobs:\n{jobs}")
    one = SCHEDULE.format(number=0, target="steps", minute=0, hour=0)
    declare(folder, "steps", 0)
    (folder / "schedules/chained.yaml").write_text(one.replace("job.yml", "chain.yml"))
    run(command(folder, "apply", "--target", "steps", "--yes"))
    with worker(folder, "steps"):
        took = [chained(folder) for _ in range(3)]
    yield f"a step in a chain of {STEPS}, one worker", f"{median(took) / STEPS:.3f} s"


def chained(folder: Path) -> float:
    """Seconds of one run of the chain."""
    options = ("--target", "steps")
    name = output(folder, "trigger", "s00000", *options).split()[0]
    while True:
        shown = json.loads(output(folder, "runs", "show", name, "--format", "json", *options))
        if shown["status"] != "Running":
            assert shown["status"] == "Completed", shown
            began, ended = (
                datetime.fromisoformat(shown[key]) for key in ("started_at", "ended_at")
            )
            return (ended - began).total_seconds()


def _namespace(address: str, name: str) -> Any:
    return import_module("providers.temporal.server").connected(address, name)


def output(folder: Path, *words: str) -> str:
    return subprocess.run(
        [RECONCILER, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout


@contextmanager
def worker(folder: Path, target: str) -> Iterator[None]:
    """One that runs, and is ready."""
    log = folder / f"{target}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [RECONCILER, "worker", "--target", target, "--folder", f"machine-{target}"],
            cwd=folder, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        while "worker_started" not in log.read_text():
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _cost(cost: Cost) -> str:
    return f"{cost.wall:.1f} s, {cost.cpu:.1f} s of CPU, {cost.memory:.0f} MiB"


def spread(lags: list[float]) -> str:
    lags = sorted(lags)
    place = [lags[min(len(lags) - 1, int(share * len(lags)))] for share in (0.5, 0.99, 1.0)]
    return "p50 {:.1f}, p99 {:.1f}, max {:.1f}".format(*place)


def theirs(due: int) -> Iterator[Row]:
    """The rows of Prefect; none where it is not installed."""
    if not PREFECT.exists():
        return
    done = subprocess.run(
        [PREFECT, ROOT / "benchmarks/prefect_beside.py", str(due), str(STEPS)],
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        yield "Prefect", "failed: " + re.sub(r"\s+", " ", done.stderr[-300:])
        return
    yield from json.loads(done.stdout.splitlines()[-1])


def main(count: int, due: int) -> None:
    """Measure and print."""
    print("| Figure | Measured |\n|-|-|", flush=True)
    for figure, value in chain.from_iterable((ours(count, due), theirs(due))):
        print(f"| {figure} | {value} |", flush=True)
    print(f"\nLoad of the machine at the end, of {os.cpu_count()} CPUs: {os.getloadavg()[1]:.1f}.")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [10_000, 1_000][len(given) :]))
