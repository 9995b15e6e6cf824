"""Processes of runs whose engine is gone.

An engine that is killed cannot end the steps that it started. Each step carries the workspace in
its environment, so that the next engine finds what is left of them, however deep, and ends it
before it fires anything.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_ROUNDS = 50


def end_orphans(workspace: Path) -> int:
    """End every process that a run of this workspace left behind; how many there were.

    Where there is no /proc, nothing is found. The caller holds the workspace's lease.
    """
    found: set[int] = set()
    for _ in range(_ROUNDS):  # one that was just starting another is found with it the next time
        left = set(_of_workspace(str(workspace.resolve())))
        if not left:
            break
        found |= left
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)
    return len(found)


def _of_workspace(workspace: str) -> Iterator[int]:
    mark = f"\0RECONCILER_WORKSPACE={workspace}\0".encode("utf-8", "surrogateescape")
    try:
        entries = os.listdir("/proc")
    except OSError:
        return
    for entry in entries:
        if entry.isdigit() and int(entry) != os.getpid():
            with suppress(OSError):
                environment = Path("/proc", entry, "environ").read_bytes()
                if mark in b"\0" + environment:
                    yield int(entry)
