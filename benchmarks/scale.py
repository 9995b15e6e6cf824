"""One loop over many targets: memory, CPU and the state; and what Azure's limits allow.

scale.py [TARGETS] [SCHEDULES] [CYCLES]: prints a Markdown table. TARGETS targets (1,000 without it)
of SCHEDULES schedules (1,000) each: a first cycle that creates all, then CYCLES idle ones (60, an
hour of them) in each of which another hundredth of the targets has one in a hundred schedules
changed in the repository. The loop runs as `reconciler run` has it, with its threads, on a clock
that is moved. What is declared is made instead of read, and what is live lies packed in memory
between cycles: reading files and the wire are measured elsewhere (run.py, azure.py). CPU is that of
the process without what the packing took; memory is its peak, all of it.

Azure's part is worked out with the provider's own token buckets on a virtual clock.
"""

from __future__ import annotations

import gc
import os
import pickle
import resource
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.config import Config, load_config
from reconciler.loop.controller import Loop
from reconciler.loop.memory import Declared
from reconciler.loop.reader.direct import Contents
from reconciler.loop.source import Revision
from reconciler.loop.target_status import Settings
from reconciler.model import Cron, Job, Key, LiveSchedule, Schedule
from reconciler.providers.azureml.limiter import TokenBucket
from reconciler.providers.base import Provider
from reconciler.providers.memory import MemoryProvider
from reconciler.state import open_state
from reconciler.state.records import CycleRecord

DAY = 86_400.0
PAGE = 100
"""Schedules in an answer of Azure, of which each page is a read."""
# What the provider keeps to of a subscription's limits unless it is told otherwise.
READS, WRITES = (250.0, 25.0), (200.0, 10.0)


class Elsewhere(MemoryProvider):
    """Its schedules take next to no memory while nobody asks for them, as those of a service."""

    parked: bytes | None = None
    seconds = 0.0
    """Of CPU that this took, of all of them together."""

    def list(self) -> list[LiveSchedule]:
        if self.parked is not None:
            began = time.thread_time()
            self._live, self.parked = pickle.loads(zlib.decompress(self.parked)), None
            Elsewhere.seconds += time.thread_time() - began
        return super().list()

    def park(self) -> None:
        if self.parked is None:
            began = time.thread_time()
            self.parked, self._live = zlib.compress(pickle.dumps(self._live), 1), {}
            Elsewhere.seconds += time.thread_time() - began


class Made:
    """A source and a reader of revisions that are never files."""

    name = "made"

    def __init__(self, folder: Path, targets: int, schedules: int) -> None:
        self.folder = folder
        self.number = 0
        self.schedules = schedules
        self.names = [f"t{number:04d}" for number in range(targets)]
        lines = "".join(f"  {n}: {{provider: local, workspace: {n}.db}}\n" for n in self.names)
        config = f"owner: us\nschedules: [schedules]\nlimits: {{}}\ntargets:\n{lines}"
        (folder / "reconciler.yaml").write_text(config, encoding="utf-8")
        self.loaded = load_config(folder / "reconciler.yaml")

    def fetch(self) -> Revision:
        return Revision(f"{self.number:040x}", self.folder, f"{self.number:040x}")

    def is_settled(self, revision: Revision) -> bool:
        return True

    def keep(self, revision: Revision, files: object) -> None:
        """Nothing is on a disk."""

    def recall(self, revision_id: str) -> Revision:
        return Revision(revision_id, self.folder, revision_id)

    def prune(self, wanted: object) -> None:
        """Likewise."""

    def base(self, revision: Revision) -> Path:
        return self.folder

    def config(self, path: Path, revision: str | None = None) -> Config:
        return self.loaded

    def close(self) -> None:
        """Nothing is open."""

    def contents(self, path: Path, revision: str, target: str, now: datetime) -> Contents:
        """In each revision one in a hundred targets has one in a hundred schedules changed."""
        turn, place = int(revision, 16), self.names.index(target)
        seen = (turn + 99 - place % 100) // 100  # how often it was this target's turn
        made = tuple(_schedule(target, n, seen) for n in range(self.schedules))
        return Contents(self.loaded, self.loaded.target(target, to_open=False), made)


def _schedule(target: str, number: int, turn: int) -> Schedule:
    hour = turn % 24 if number % 100 == 0 else 2
    return Schedule(
        Key(target, f"schedule-{number:05d}"),
        Cron(f"{number % 60} {hour} * * *", time_zone="UTC"),
        Job(f"azureml:job-{number % 20}:1", experiment_name="scores", inputs={"rate": number}),
        description=f"Score the images of plant {number}",
    )


def measure(targets: int, schedules: int, cycles: int, folder: Path) -> list[tuple[str, str]]:
    """The rows of the table."""
    source = Made(folder, targets, schedules)
    providers: dict[str, Elsewhere] = {}
    reached: set[str] = set()
    wrong: list[CycleRecord] = []
    all_reached = threading.Event()

    def opened(declared: Declared) -> Provider:
        name = declared.target.name
        return providers.setdefault(name, Elsewhere(name, owner="us"))

    def on_cycle(record: CycleRecord) -> None:
        providers[record.target].park()
        if record.outcome not in ("applied", "in_sync"):
            wrong.append(replace(record, plan=None, results=()))
        if record.revision == source.fetch().name:
            reached.add(record.target)
        if wrong or len(reached) == targets:
            all_reached.set()

    clock = [datetime.now(UTC)]
    state = open_state(None, folder / "state")
    loop = Loop(
        source,
        state,
        opened,
        replace(Settings("benchmark"), target="all", lease=timedelta(hours=1)),
        clock=lambda: clock[0],
        log=lambda event, **fields: None,
        on_cycle=on_cycle,
        reader=source,
    )
    running = threading.Thread(target=loop.run)

    def cycle(begin: Callable[[], None]) -> float:
        reached.clear()
        all_reached.clear()
        began = time.process_time() - Elsewhere.seconds
        begin()
        all_reached.wait()
        assert not wrong, (wrong[0].outcome, wrong[0].reason, wrong[0].message)
        return time.process_time() - Elsewhere.seconds - began

    def go_on() -> None:
        clock[0] += timedelta(minutes=2)
        source.number += 1
        loop.wake("interval")

    whole = targets * schedules
    try:
        first = cycle(running.start)
        created = _peak()
        before = _written(folder / "state")
        idle = [cycle(go_on) for _ in range(cycles)]
        after = _written(folder / "state")
    finally:
        loop.stop()
        running.join()
        state.close()
    peak = _peak()
    mean = sum(idle) / max(len(idle), 1)
    return [
        ("schedules", f"{targets:,} targets of {schedules:,}: {whole:,}"),
        ("first cycle, CPU", f"{first:.1f} s, {first / whole * 1e6:.0f} us a schedule"),
        (
            "idle cycle with 1 % changes, CPU",
            f"{mean:.2f} s, {mean / whole * 1e6:.1f} us a schedule",
        ),
        ("peak memory of the first cycle", f"{created:.0f} MiB"),
        ("peak memory", f"{peak:.0f} MiB, {peak * 1024 / whole:.2f} KiB a schedule"),
        ("state grew in a cycle", f"{(after - before) / max(cycles, 1) / 1024:.0f} KiB"),
    ]


def _peak() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _written(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def azure(targets: int, schedules: int, interval: float) -> list[tuple[str, str]]:
    """How long the calls of a day take under the limits of one subscription."""
    pages = -(-schedules // PAGE)
    cycles = DAY / interval
    reads = int(targets * pages * min(cycles, 24))  # an hour of cycles is a part of the day
    writes = targets * schedules // 100
    return [
        (f"Azure: {reads:,} reads (a list of every target, hourly)", _long(reads, READS)),
        (f"Azure: {writes:,} writes (1 % of all, two calls each)", _long(2 * writes, WRITES)),
        ("Azure: one list of every target", _long(targets * pages, READS)),
    ]


def _long(calls: int, limit: tuple[float, float]) -> str:
    """`calls` through a bucket, by a clock that moves only when the bucket says to wait."""
    at = [0.0]
    clock: Callable[[], float] = lambda: at[0]  # noqa: E731
    bucket = TokenBucket(*limit, clock=clock, sleep=lambda s: None)
    for _ in range(calls):
        at[0] += bucket.reserve()
    return f"{at[0] / 60:,.0f} min"


def main(targets: int, schedules: int, cycles: int) -> None:
    gc.enable()
    with tempfile.TemporaryDirectory() as name:
        rows = measure(targets, schedules, cycles, Path(os.path.realpath(name)))
    print("| Figure | Measured |")
    print("|-|-|")
    for figure, value in [*rows, *azure(targets, schedules, 60.0)]:
        print(f"| {figure} | {value} |")


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]]
    main(*(given + [1_000, 1_000, 60][len(given) :]))
