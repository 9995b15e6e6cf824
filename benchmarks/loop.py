"""The loop when there is nothing to do: seconds a cycle, and memory over many cycles.

loop.py [COUNT] [CYCLES]: prints a Markdown table. COUNT schedules (10,000 without it) in a folder,
applied to an embedded workspace; then CYCLES cycles (200) that find nothing to do. A cycle looks at
every file's stat, lists every live schedule, compares, and writes to the state. In one of them a
file was touched, and everything is read again.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.cli.commands.run import opener
from reconciler.loop.controller import Loop
from reconciler.loop.folder import FolderSource
from reconciler.loop.target_status import Settings
from reconciler.providers import AzureAccess
from reconciler.state import open_state

CONFIG = """\
owner: us
schedules: [schedules]
targets:
  local: {provider: local, workspace: workspace.db}
"""


def memory() -> float:
    """Resident MiB now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def fill(folder: Path, count: int) -> None:
    (folder / "schedules").mkdir()
    (folder / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    job = "type: command\ncommand: echo hello\ninputs: {rate: 1}\n"
    (folder / "schedules/job.yml").write_text(job, encoding="utf-8")
    for number in range(count):
        text = (
            f"name: schedule-{number:05d}\n"
            f"trigger: {{type: cron, expression: '{number % 60} {number % 24} * * *'}}\n"
            f"create_job: {{job: ./job.yml, inputs: {{rate: {number}}}}}\n"
        )
        path = folder / f"schedules/schedule-{number:05d}.yaml"
        path.write_text(text, encoding="utf-8")


def main(count: int, cycles: int) -> None:
    gc.enable()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, count)
        measure(folder, count, cycles)


def measure(folder: Path, count: int, cycles: int) -> None:
    source = FolderSource(
        folder / "reconciler.yaml", folder / ".reconciler", environment=os.environ
    )
    state = open_state(None, folder / ".reconciler")
    now = datetime.now(UTC)
    clock = [now]
    loop = Loop(
        source,
        state,
        opener(source, "benchmark", AzureAccess()),
        Settings("benchmark"),
        clock=lambda: clock[0],
        log=lambda event, **fields: None,
    )

    def cycle(outcome: str) -> float:
        clock[0] += timedelta(minutes=2)
        began = time.perf_counter()
        record = loop.turn()["local"]
        seconds = time.perf_counter() - began
        assert record is not None
        assert record.outcome == outcome, record.message
        return seconds

    first = cycle("applied")
    os.utime(folder / "schedules/schedule-00000.yaml")
    time.sleep(0.2)  # so that the files are not fresh any more
    again = cycle("in_sync")
    idle = [cycle("in_sync") for _ in range(10)]
    before = memory()
    idle += [cycle("in_sync") for _ in range(cycles - 10)]
    after = memory()
    loop.close()
    state.close()
    idle.sort()
    print("| Figure | Measured | Goal |")
    print("|-|-|-|")
    print(f"| schedules | {count:,} | |")
    print(f"| first cycle: read, create all | {first:.1f} s | |")
    print(f"| a file was touched: read all again | {again:.2f} s | |")
    print(f"| idle cycle, median of {len(idle)} | {idle[len(idle) // 2]:.2f} s | < 2 s |")
    print(f"| idle cycle, slowest | {idle[-1]:.2f} s | |")
    print(f"| resident after 10 cycles | {before:.0f} MiB | |")
    print(f"| resident after {len(idle)} cycles | {after:.0f} MiB | no growth |")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [10_000, 200][len(given) :]))
