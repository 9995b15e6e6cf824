"""Processes of runs whose engine is gone.

An engine that is killed cannot end the steps that it started. Each step carries the workspace in
its environment, so that the next engine finds what is left of them, however deep, and ends it
before it fires anything.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from reconciler.workspace.execution.process_search import processes_with

_ROUNDS = 50


def end_orphans(workspace: Path) -> int:
    """End every process that a run of this workspace left behind; how many there were.

    Where there is no /proc, nothing is found. The caller holds the workspace's lease.
    """
    found: set[int] = set()
    for _ in range(_ROUNDS):  # one that was just starting another is found with it the next time
        left = set(processes_with("RECONCILER_WORKSPACE", str(workspace.resolve())))
        left.discard(os.getpid())
        if not left:
            break
        found |= left
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)
    return len(found)
