"""One target of very many schedules: peak memory and CPU of plan, apply and the plan after it.

large.py [COUNT] [FOLDER]: prints a Markdown table. COUNT files (100,000 without it) are generated
into FOLDER, unless it holds them already, and left there; without FOLDER, into one that goes away.
Each command is a process of its own, which prints to a file; memory is the peak of the largest of
its processes, CPU that of all of them.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from generate import write_repository
from run import RECONCILER, Command, Cost, run


def prepare(folder: Path, count: int) -> None:
    """The files, and an empty workspace with the pipelines that they run."""
    if not (folder / "reconciler.yaml").exists():
        write_repository(folder, count)
    rmtree(folder / ".reconciler", ignore_errors=True)
    for job in sorted((folder / "pipelines").iterdir()):
        publish = (RECONCILER, "pipelines", "publish", job.name, "--config", "../reconciler.yaml")
        run(Command("publish", publish, folder / "pipelines"))


def measure(folder: Path) -> list[tuple[str, Cost]]:
    """What each command takes."""
    options = ("--config", "reconciler.yaml")
    commands = [
        ("plan, all to create", ("plan", *options, "--ignore-limits")),
        ("apply, all created", ("apply", *options, "--yes", "--ignore-limits")),
        ("plan, nothing to do", ("plan", *options)),
    ]
    return [(name, run(Command(name, (RECONCILER, *words), folder))) for name, words in commands]


def main(count: int, folder: Path) -> None:
    """Measure and print."""
    prepare(folder, count)
    print(f"| {count:,} schedules | peak memory | CPU | wall |")
    print("|-|-:|-:|-:|")
    for name, cost in measure(folder):
        print(f"| {name} | {cost.memory:.0f} MiB | {cost.cpu:.1f} s | {cost.wall:.1f} s |")


if __name__ == "__main__":
    given = sys.argv[1:]
    size = int(given[0]) if given else 100_000
    if len(given) > 1:
        main(size, Path(given[1]))
    else:
        with tempfile.TemporaryDirectory() as name:
            main(size, Path(name))
