"""Measures the program against its floor and its peer, in one run; prints Markdown.

run.py [--quick]: everything with 1, 1,000 and 10,000 files; --quick leaves out the 10,000; --peers
only makes the environment of the peers. Whole processes run in pairs, A B A B, so that a machine
that is slow for a while is slow for both; what counts is the median of the ratios, pair by pair.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from generate import write_repository

HERE = Path(__file__).resolve().parent
WORK = HERE / "work"
SCHEMA = HERE.parent / "schemas" / "schedule.schema.json"
SIZES = (1, 1_000, 10_000)
RUNS = 5
# Bytecode is kept on both sides: pip and the warm-ups write it.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
RECONCILER = str(Path(sys.executable).parent / "reconciler")
PEER_PYTHON = WORK / "peer" / "bin" / "python"


@dataclass(frozen=True)
class Command:
    """A process to measure. `folder` is where it runs."""

    name: str
    arguments: tuple[str, ...]
    folder: Path = HERE


class Cost(NamedTuple):
    """What one process took: seconds, seconds, MiB."""

    wall: float
    cpu: float
    memory: float


class Goal(NamedTuple):
    """A bound: "<=" or ">="."""

    sign: str
    bound: float

    def met(self, value: float) -> bool:
        return value >= self.bound if self.sign == ">=" else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One line of the results."""

    figure: str
    goal: Goal | None
    values: list[float]
    cpu: list[float] = field(default_factory=list)
    took: str = ""


# ---------------------------------------------------------------------------------------- measuring


def run(command: Command) -> Cost:
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command.arguments, cwd=command.folder, env=ENVIRONMENT, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            output.seek(0)
            sys.exit(f"{command.name} failed:\n{output.read().decode(errors='replace')}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def in_pairs(a: Command, b: Command, runs: int) -> list[tuple[Cost, Cost]]:
    """A warm-up of both (not before a single run, which is a long one), then A B A B."""
    print(f"{a.name} / {b.name}", file=sys.stderr, flush=True)
    if runs > 1:
        run(a), run(b)
    return [(run(a), run(b)) for _ in range(runs)]


def ratio(a: Command, b: Command, costs: list[tuple[Cost, Cost]], goal: Goal | None) -> Row:
    took = [median(cost.wall for cost in side) for side in zip(*costs, strict=True)]
    return Row(
        figure=f"{a.name} / {b.name}",
        goal=goal,
        values=[x.wall / y.wall for x, y in costs],
        cpu=[x.cpu / y.cpu for x, y in costs],
        took=f"{took[0]:.2f} s / {took[1]:.2f} s",
    )


def compare(a: Command, b: Command, goal: Goal | None = None, runs: int = RUNS) -> Row:
    return ratio(a, b, in_pairs(a, b, runs), goal)


# ---------------------------------------------------------------------------------------- preparing


def reconciler(command: str, size: int) -> Command:
    config = str(WORK / str(size) / "reconciler.yaml")
    return Command(f"{command} of {size:,}", (RECONCILER, command, "--config", config))


def floor(size: int) -> Command:
    folder = str(WORK / str(size) / "schedules")
    program = str(HERE / "floor.py")
    return Command(f"floor of {size:,}", (sys.executable, program, folder, str(SCHEMA)))


def peer(size: int) -> Command:
    folder = WORK / str(size) / "schedules"
    files = sorted(file.name for file in folder.iterdir())
    program = str(PEER_PYTHON.parent / "check-jsonschema")
    arguments = (program, "--schemafile", str(SCHEMA), *files)
    return Command(f"check-jsonschema of {size:,}", arguments, folder)


def prepare_peer() -> str:
    """Install check-jsonschema apart from everything else; its version."""
    if not PEER_PYTHON.exists():
        venv.create(WORK / "peer", with_pip=True)
    install = ("-m", "pip", "install", "--quiet", "-r", str(HERE / "requirements.txt"))
    run(Command("pip install", (str(PEER_PYTHON), *install)))
    get = "from importlib.metadata import version; print(version('check-jsonschema'))"
    return subprocess.check_output([PEER_PYTHON, "-c", get], text=True).strip()


def prepare(size: int) -> None:
    """So many files, all of them live, and then one in a hundred changed."""
    print(f"preparing {size:,} live schedules", file=sys.stderr, flush=True)
    folder = WORK / str(size)
    shutil.rmtree(folder, ignore_errors=True)
    write_repository(folder, size)
    for job in sorted((folder / "pipelines").iterdir()):
        publish = (RECONCILER, "pipelines", "publish", job.name, "--config", "../reconciler.yaml")
        run(Command(f"publish {job.name}", publish, job.parent))
    apply = reconciler("apply", size)
    run(Command(apply.name, (*apply.arguments, "--yes")))
    write_repository(folder, size, changed=True)


# ------------------------------------------------------------------------------------------ figures


def measure(sizes: tuple[int, ...]) -> Iterator[Row]:
    start = Command("reconciler --version", (RECONCILER, "--version"))
    click = Command('python -c "import click"', (sys.executable, "-c", "import click"))
    yield compare(start, click, Goal("<=", 2), runs=11)
    for size in sizes:
        counts = size == SIZES[-1]  # the goals are set for the largest size
        validate, plan = reconciler("validate", size), reconciler("plan", size)
        yield compare(validate, floor(size), Goal("<=", 1.5) if counts else None)
        slow = 1 if counts else RUNS
        yield compare(peer(size), validate, Goal(">=", 10) if counts else None, slow)
        costs = in_pairs(plan, validate, RUNS)
        yield ratio(plan, validate, costs, Goal("<=", 1.5) if counts else None)
        for command, side in zip((plan, validate), zip(*costs, strict=True), strict=True):
            memory = [cost.memory for cost in side]
            figure = f"peak memory of {command.name}, MiB"
            yield Row(figure, Goal("<=", 300) if counts else None, memory)
    if SIZES[-1] in sizes:
        for name in ("validate", "plan"):
            yield compare(reconciler(name, 10_000), reconciler(name, 1_000), Goal("<=", 11))


# ------------------------------------------------------------------------------------------ results


def spread(values: list[float]) -> str:
    if not values:
        return ""
    digits = 0 if min(values) > 20 else 2
    low, middle, high = (f"{v:.{digits}f}" for v in (min(values), median(values), max(values)))
    return f"{middle} ({low}..{high})" if len(values) > 1 else f"{middle} (one run)"


def line(row: Row) -> str:
    goal, verdict = "", ""
    if row.goal is not None:
        goal = f"{row.goal.sign} {row.goal.bound:g}"
        verdict = "reached" if row.goal.met(median(row.values)) else "**not reached**"
    cells = (row.figure, goal, spread(row.values), verdict, spread(row.cpu), row.took)
    return f"| {' | '.join(cells)} |"


def results(rows: list[Row], peer_version: str) -> str:
    names = ("schedule-reconciler", "click", "PyYAML", "jsonschema-rs")
    versions = [f"Python {platform.python_version()}"]
    versions += [f"{name} {version(name)}" for name in names]
    versions.append(f"check-jsonschema {peer_version}")
    return "\n".join(
        [
            f"{', '.join(versions)}.",
            "",
            "Median of the pairs (least..most). Ratios are of wall time and, beside them, of CPU",
            "time; goals hold for 10,000 files.",
            "",
            "| Figure | Goal | Measured | | CPU time | Took |",
            "|-|-|-|-|-|-|",
            *map(line, rows),
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", action="store_true", help="install them, and measure nothing")
    given = parser.parse_args()
    sizes = SIZES[:-1] if given.quick else SIZES
    WORK.mkdir(exist_ok=True)
    peer_version = prepare_peer()
    if given.peers:
        return
    for size in sizes:
        prepare(size)
    print(results(list(measure(sizes)), peer_version))


if __name__ == "__main__":
    main()
