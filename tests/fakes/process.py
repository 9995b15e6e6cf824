"""The stand-in as a process of its own, for the command line's tests and for benchmarks."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .arm import StandIn
from .settings import Limit

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.arm")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="a-token")
    parser.add_argument("--subscription")
    parser.add_argument("--group")
    parser.add_argument("--workspace")
    parser.add_argument("--job", action="append", default=[], help="a job that is there")
    parser.add_argument("--seed", type=int, default=0, help="schedules that are there")
    parser.add_argument("--page-size", type=int, default=100)
    parser.add_argument("--polls", type=int, default=0, help="polls that find a put in progress")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds each call takes")
    parser.add_argument("--reads", type=_limit, help="CAPACITY,PER_SECOND")
    parser.add_argument("--writes", type=_limit, help="CAPACITY,PER_SECOND")
    given = vars(parser.parse_args())
    seed, jobs = given.pop("seed"), frozenset(given.pop("job"))
    settings = {name: value for name, value in given.items() if value is not None}
    with StandIn(jobs=jobs, **settings) as arm:
        arm.seed(seed)
        sys.stdout.write(f"{arm.address}\n")
        sys.stdout.flush()
        try:
            sys.stdin.read()
        except KeyboardInterrupt:
            return


def _limit(text: str) -> Limit:
    capacity, _, refill = text.partition(",")
    return float(capacity), float(refill)


@contextmanager
def running(*options: str) -> Iterator[str]:
    """The address of a stand-in in a process of its own."""
    command = [sys.executable, "-m", "tests.fakes.arm", *options]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.communicate()  # ends its input, and with it the process
