"""Processes of runs whose engine is gone.

An engine that is killed cannot end the steps that it started. Each step carries the workspace in
its environment, so that the next engine finds what is left of them, however deep, and ends it
before it fires anything. On Linux the supervisor of each step has done so already (supervisor.py),
also for what has no such mark.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from reconciler.workspace.execution import supervisor
from reconciler.workspace.execution.process_search import processes_with

_ROUNDS = 75
_ROUNDS_OF_SUPERVISORS = 50
"""How long a supervisor is left to end what is below it, which nobody else can find."""


def end_orphans(workspace: Path) -> int:
    """End every process that a run of this workspace left behind; how many there were.

    Where there is no /proc, nothing is found. The caller holds the workspace's lease.
    """
    found: set[int] = set()
    for number in range(
        _ROUNDS
    ):  # one that was just starting another is found with it the next time
        left = set(processes_with("RECONCILER_WORKSPACE", str(workspace.resolve())))
        left.discard(os.getpid())
        if not left:
            break
        found |= left
        if number < _ROUNDS_OF_SUPERVISORS:
            left -= {one for one in left if _is_supervisor(one)}
        else:
            left |= {below for one in left for below in _below(one)}
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.02)
    return len(found)


def _is_supervisor(process: int) -> bool:
    with suppress(OSError):
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return os.fsencode(supervisor.__file__) in command[:4]
    return False


def _below(process: int) -> list[int]:
    with suppress(OSError):
        return supervisor.descendants(process)
    return []  # pragma: no cover
