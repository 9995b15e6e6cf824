"""A job is read in the thread of its run: no tick of the engine waits for that."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from workspace.engine.engines import Bench

READS = ("reconciler/shell/", "reconciler/workspace/execution/steps.py")


class Watched:
    """What is called in this thread while it is on."""

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.parsed = 0
        """The most characters of JSON at once."""

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if any(part in file for part in READS):
            self.read.add(f"{file}: {name}")
        if name == "loads" and file == json.loads.__code__.co_filename:
            self.parsed = max(self.parsed, len(frame.f_locals["s"]))


def test_no_tick_waits_for_a_job_to_be_parsed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_runs=1)
    lines = "\n".join(f"echo {number} $((1 + {number}))" for number in range(2000))
    job = {"type": "command", "command": lines[:60_000].rpartition("\n")[0]}
    bench.put(job=job)
    watched = Watched()
    sys.setprofile(watched)
    try:
        bench.start()
        bench.until(lambda: bench.names() and bench.ended())
    finally:
        sys.setprofile(None)
        bench.close()
    assert [row.status for row in bench.runs.newest()] == ["Completed"]
    assert watched.read == set()
    assert watched.parsed < 1000
