"""One target of very many schedules: peak memory and CPU of plan, apply and the plan after it.

large.py [COUNT] [FOLDER] [--beside CHECKOUT]: prints a Markdown table. COUNT files (100,000 without
it) are generated into FOLDER, unless it holds them already, and left; without FOLDER, into one
that goes away. Each command is a process of its own, which prints to a file; memory is the peak of
the largest of its processes, CPU that of all of them.

With --beside the same commands of another checkout of this repository, on the same Python and the
same packages, take turns with ours: what stands when a machine is busy is the ratio of the CPU.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from shutil import rmtree

from generate import write_repository
from run import Command, Cost, run

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ("--config", "reconciler.yaml")
COMMANDS = [
    ("plan, all to create", ("plan", *OPTIONS)),
    ("apply, all created", ("apply", *OPTIONS, "--yes")),
    ("plan, nothing to do", ("plan", *OPTIONS)),
]


def of(checkout: Path, *words: str) -> tuple[str, ...]:
    """The command of a checkout: what lies first on the path is what is imported."""
    program = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from reconciler.cli import main; main()"
    )
    return (sys.executable, "-c", program, str(checkout), *words)


def prepare(folder: Path, count: int, checkout: Path) -> None:
    """The files, and an empty workspace with the pipelines that they run."""
    if not (folder / "reconciler.yaml").exists():
        write_repository(folder, count)
    rmtree(folder / ".reconciler", ignore_errors=True)
    for job in sorted((folder / "pipelines").iterdir()):
        publish = ("pipelines", "publish", job.name, "--config", "../reconciler.yaml")
        run(Command("publish", of(checkout, *publish), folder / "pipelines"))


def measure(folder: Path, count: int, checkouts: list[Path]) -> list[list[Cost]]:
    """What each command takes, of each checkout."""
    costs: list[list[Cost]] = [[] for _ in COMMANDS]
    kept = folder / ".kept"
    for index, checkout in enumerate(checkouts):
        prepare(folder, count, checkout)
        (folder / ".reconciler").rename(_made(kept, index))
    for place, (name, words) in enumerate(COMMANDS):
        for index, checkout in enumerate(checkouts):
            (kept / str(index)).rename(folder / ".reconciler")
            costs[place].append(run(Command(name, of(checkout, *words), folder)))
            (folder / ".reconciler").rename(kept / str(index))
    rmtree(kept)
    return costs


def _made(kept: Path, index: int) -> Path:
    kept.mkdir(exist_ok=True)
    rmtree(kept / str(index), ignore_errors=True)
    return kept / str(index)


def main(count: int, folder: Path, beside: Path | None) -> None:
    """Measure and print."""
    checkouts = [ROOT] if beside is None else [ROOT, beside.resolve()]
    costs = measure(folder, count, checkouts)
    load = os.getloadavg()[0]
    print(f"| {count:,} schedules; load {load:.1f} | peak memory | CPU | wall | CPU to theirs |")
    print("|-|-:|-:|-:|-:|")
    for (name, _), (ours, *others) in zip(COMMANDS, costs, strict=True):
        ratio = f"{ours.cpu / others[0].cpu:.2f}" if others else ""
        print(f"| {name} | {_cells(ours)} | {ratio} |")
        for other in others:
            print(f"| {name}, the other | {_cells(other)} | |")


def _cells(cost: Cost) -> str:
    return f"{cost.memory:.0f} MiB | {cost.cpu:.1f} s | {cost.wall:.1f} s"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    given = parser.parse_args()
    if given.folder is not None:
        main(given.count, given.folder, given.beside)
    else:
        with tempfile.TemporaryDirectory() as name:
            main(given.count, Path(name), given.beside)
