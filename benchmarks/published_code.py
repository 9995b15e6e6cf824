"""What code costs a plan and the loop: published_code.py [SCHEDULES] [FOLDERS] [FILES] [PAIRS].

10,000 schedules over 200 jobs, each with a folder of 100 files of code, beside the same schedules
and jobs without code; both applied to embedded workspaces. Prints a Markdown table: the CPU of
`plan` where nothing has changed, in pairs A B A B; that of an idle cycle of the loop; and what is
kept of the code, which is each content once.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from loop import CONFIG
from run import RECONCILER, Command, in_pairs, run

from reconciler.cli.commands.run import opener
from reconciler.loop.controller import Loop
from reconciler.loop.folder import FolderSource
from reconciler.loop.target_status import Settings
from reconciler.providers import AzureAccess
from reconciler.state import open_state

SHARED = 20
"""Of a folder's files in a hundred, those that are the same in every folder."""
CYCLES = 20


def fill(folder: Path, schedules: int, jobs: int, files: int) -> None:
    """A repository; without code for no `files`."""
    (folder / "schedules").mkdir(parents=True)
    (folder / "jobs").mkdir()
    (folder / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    for index in range(jobs):
        code = f"code: ../code/{index:03d}\n" if files else ""
        text = f"type: command\n{code}command: python f0.py\ninputs: {{rate: 1}}\n"
        (folder / f"jobs/job-{index:03d}.yml").write_text(text, encoding="utf-8")
        for file in range(files):
            path = folder / f"code/{index:03d}/d{file % 5}/f{file}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            whose = "all" if file * 100 < SHARED * files else f"{index}"
            path.write_text(f"# {file} of {whose}\n" * 200, encoding="utf-8")
    for number in range(schedules):
        job = f"../jobs/job-{number % jobs:03d}.yml"
        text = (
            f"name: schedule-{number:05d}\n"
            f"trigger: {{type: cron, expression: '{number % 60} {number % 24} * * *'}}\n"
            f"create_job: {{job: {job}, inputs: {{rate: {number}}}}}\n"
        )
        path = folder / f"schedules/schedule-{number:05d}.yaml"
        path.write_text(text, encoding="utf-8")


def command(name: str, folder: Path, *more: str) -> Command:
    config = str(folder / "reconciler.yaml")
    return Command(f"{name} in {folder.name}", (RECONCILER, name, "--config", config, *more))


def idle_cycles(folder: Path) -> float:
    """CPU seconds of a cycle that finds nothing to do, its median."""
    source = FolderSource(
        folder / "reconciler.yaml", folder / ".reconciler", environment=os.environ
    )
    state = open_state(None, folder / ".reconciler")
    clock = [datetime.now(UTC)]
    loop = Loop(
        source,
        state,
        opener(source, "benchmark", AzureAccess()),
        Settings("benchmark"),
        clock=lambda: clock[0],
        log=lambda event, **fields: None,
    )
    costs = []
    for _ in range(CYCLES + 2):  # the first reads everything, the second what was fresh then
        clock[0] += timedelta(minutes=2)
        before = cpu()
        record = loop.turn()["local"]
        costs.append(cpu() - before)
        assert record is not None
        assert record.outcome == "in_sync", record.message
    loop.close()
    state.close()
    return median(costs[2:])


def cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def contents(folder: Path) -> tuple[int, int]:
    """(different contents of the code, files that are kept of it)."""
    code = [path for path in (folder / "code").rglob("*") if path.is_file()]
    different = {hashlib.sha256(path.read_bytes()).digest() for path in code}
    kept = [path for path in (folder / "workspace-code").rglob("*") if path.is_file()]
    return len(different), len(kept)


def main(schedules: int, folders: int, files: int, pairs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        without, with_code = Path(name) / "without", Path(name) / "with"
        for folder, held in ((without, 0), (with_code, files)):
            fill(folder, schedules, folders, held)
            run(command("apply", folder, "--yes"))
        plans = [command("plan", folder, "--exit-code") for folder in (with_code, without)]
        costs = in_pairs(plans[0], plans[1], pairs)
        ratios = [a.cpu / b.cpu for a, b in costs]
        with_cpu, without_cpu = (median(c.cpu for c in side) for side in zip(*costs, strict=True))
        different, kept = contents(with_code)
        idle = [idle_cycles(folder) for folder in (with_code, without)]
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print("| Figure | Measured | Goal |")
    print("|-|-|-|")
    print(f"| schedules; folders of code; files in each | {schedules:,}; {folders}; {files} | |")
    print(f"| plan, CPU: with code / without | {with_cpu:.2f} s / {without_cpu:.2f} s | |")
    print(f"| the ratio, median of {pairs} pairs | {median(ratios):.2f} ({spread}) | <= 1.3 |")
    print(
        f"| idle cycle, CPU: with code / without | {idle[0]:.2f} s / {idle[1]:.2f} s | as before |"
    )
    print(f"| different contents; kept | {different:,}; {kept:,} | each once |")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [10_000, 200, 100, 5][len(given) :]))
